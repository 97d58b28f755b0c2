/** What the credentials of a reader may do, as their API server says it. Pure. */

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-rules-review-v1/ */
export interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
}

const reading = ["get", "list", "watch"];

/** To read these is to run something, or to be somebody else. */
const commanding = /^\*(\/|$)|\/(\*|exec|attach|portforward|proxy)$/;

/**
 * What Istio's own role for readers may do beyond reading, and what every user may. The second half is a remote's, whose primary
 * writes the CA of the mesh and of the webhooks there (templates/reader-clusterrole.yaml of chart istiod).
 */
const granted = new Set([
  "create tokenreviews.authentication.k8s.io",
  "create selfsubjectreviews.authentication.k8s.io",
  "create subjectaccessreviews.authorization.k8s.io",
  "create selfsubjectaccessreviews.authorization.k8s.io",
  "create selfsubjectrulesreviews.authorization.k8s.io",
  "create serviceexports.multicluster.x-k8s.io",
  "delete serviceexports.multicluster.x-k8s.io",
  "create configmaps",
  "update configmaps",
  "update mutatingwebhookconfigurations.admissionregistration.k8s.io",
  "patch mutatingwebhookconfigurations.admissionregistration.k8s.io",
  "update validatingwebhookconfigurations.admissionregistration.k8s.io",
]);

/** Groups of Kubernetes and of Istio. What a distribution lets everybody do in groups of its own says nothing about the key. */
const isKnown = (group: string) => !group.includes(".") || /\.(k8s|istio)\.io$/.test(group);

/** What these rules allow that istiod never does, as `delete secrets` and `create deployments.apps`. */
export function excessOf(rules: Rule[]): string[] {
  const excess = rules.flatMap(({ verbs, apiGroups = [], resources = [] }) => {
    const readsCluster = apiGroups.some((group) => group === "" || group === "*");
    if (!resources.includes("*") && !apiGroups.every(isKnown)) return [];
    return apiGroups.flatMap((group) =>
      resources.flatMap((resource) => {
        const name = group === "" ? resource : `${resource}.${group}`;
        return verbs
          .filter((verb) => !reading.includes(verb) || (readsCluster && commanding.test(resource)))
          .map((verb) => `${verb} ${name}`);
      }),
    );
  });
  return [...new Set(excess)].filter((right) => !granted.has(right)).sort();
}
