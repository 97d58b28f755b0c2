/**
 * Where the stand-in charts differ from Istio's 1.28 to 1.31, and why that is right. Each pattern matches a line
 * `Kind/name path: value in the stand-in | value in the real chart`; a value that is not there is empty.
 */
export const differences: { at: RegExp; reason: string }[] = [
  {
    at: /^\S+ \S*\.labels\.(helm\.sh\/chart|app\.kubernetes\.io\/version): /,
    reason: "versions of the charts",
  },
  {
    at: /^\w+WebhookConfiguration\/\S+ webhooks\.\S+\.matchConditions\.nobody-answers\.\w+: \S+ \| $/,
    reason: "no istiod answers webhooks in a lab, so the API server must never call them",
  },
  {
    at: /^CustomResourceDefinition\/(?!gateways|virtualservices|peerauthentications)\S+ spec\.versions\.\w+\.schema\./,
    reason: "of the kinds that neither Weft nor its tests write, the stand-in takes any spec",
  },
  {
    at: /^CustomResourceDefinition\/\S+ spec\.versions\.\w+\.(schema\.openAPIV3Schema\.properties\.status|additionalPrinterColumns)\./,
    reason: "istiod writes the status, and kubectl the columns",
  },
  {
    at: /^CustomResourceDefinition\/\S+ spec\.versions\.\w+\.schema\.\S+\.x-kubernetes-preserve-unknown-fields: true \| $/,
    reason: "what the stand-in does not type it takes as it comes",
  },
  {
    at: /^CustomResourceDefinition\/virtualservices\.\S+ spec\.versions\.\w+\.schema\.\S+\.http\.items\.(?!properties\.(route|match)\.items\.required)\S+:  \| /,
    reason:
      "of an HTTP route, the stand-in types the match's port and gateways, the destination and its weight",
  },
  {
    at: /^CustomResourceDefinition\/\S+ spec\.versions\.\w+\.schema\.\S+\.(description|format|x-kubernetes-validations\S*): /,
    reason: "explanations, and rules in other words or on fields that Weft does not write",
  },
  {
    at: /^CustomResourceDefinition\/gateways\.\S+ \S+\.tls\.properties\.(caCrl|credentialNames|insecureSkipVerify|tlsCertificates|verifyCertificate\w+)\.\S+:  \| /,
    reason: "TLS of a server that Weft does not write; an object with them is pruned",
  },
  {
    at: /^ConfigMap\/istio-sidecar-injector\S* data\./,
    reason: "nothing is injected in a lab",
  },
  {
    at: /^ConfigMap\/values\S* (data|metadata\.annotations)\./,
    reason: "for people who debug the chart",
  },
  {
    at: /^Deployment\/istiod\S* spec\.template\.spec\.(tolerations|volumes\.istio-csr|containers\.discovery\.(args|env|volumeMounts\.istio-csr))\S*:  \| /,
    reason: "settings of istiod's process that no value of Weft's reaches",
  },
  {
    at: /^ClusterRole\/istiod-clusterrole-\S+ rules\.\S+:  \| "/,
    reason: "nobody acts as istiod in a lab",
  },
  {
    at: /^CustomResourceDefinition\/trafficextensions\.extensions\.istio\.io /,
    reason: "new in 1.30",
  },
  {
    at: /^ClusterRole\/istio-reader-\S+ rules\.\/configmaps\.(get|list|watch): \S+ \| $/,
    reason: "the reader may read ConfigMaps since 1.29",
  },
  {
    at: /^Deployment\/istio-\w+gateway \S+\.securityContext\.runAs(User|Group):  \| 1337$/,
    reason: "dropped in 1.30",
  },
  {
    at: /^Service\/istio-eastwestgateway spec\.ports\.[\w-]+\.protocol: "TCP" \| $/,
    reason: "Kubernetes' default, written out since 1.30",
  },
];
