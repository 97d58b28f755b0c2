{{- define "strings" -}}
{ type: array, items: { type: string }, x-kubernetes-list-type: atomic }
{{- end }}

{{- define "open" -}}
{ type: object, x-kubernetes-preserve-unknown-fields: true }
{{- end }}

{{- define "usages" -}}
type: array
x-kubernetes-list-type: atomic
items:
  type: string
  enum:
    - signing
    - digital signature
    - content commitment
    - key encipherment
    - key agreement
    - data encipherment
    - cert sign
    - crl sign
    - encipher only
    - decipher only
    - any
    - server auth
    - client auth
    - code signing
    - email protection
    - s/mime
    - ipsec end system
    - ipsec tunnel
    - ipsec user
    - timestamping
    - ocsp signing
    - microsoft sgc
    - netscape sgc
{{- end }}

{{- define "issuerRef" -}}
type: object
required: [name]
properties:
  name: { type: string }
  kind: { type: string }
  group: { type: string }
{{- end }}

{{- define "conditions" -}}
type: array
x-kubernetes-list-type: map
x-kubernetes-list-map-keys: [type]
items:
  type: object
  required: [type, status]
  properties:
    type: { type: string }
    status: { type: string, enum: ["True", "False", Unknown] }
    lastTransitionTime: { type: string, format: date-time }
    reason: { type: string }
    message: { type: string }
    observedGeneration: { type: integer, format: int64 }
{{- end }}

{{- define "Certificate" -}}
type: object
properties:
  apiVersion: { type: string }
  kind: { type: string }
  metadata: { type: object }
  spec:
    type: object
    required: [issuerRef, secretName]
    properties:
      secretName: { type: string }
      secretTemplate:
        type: object
        properties:
          annotations: { type: object, additionalProperties: { type: string } }
          labels: { type: object, additionalProperties: { type: string } }
      issuerRef: {{- include "issuerRef" . | nindent 8 }}
      commonName: { type: string }
      literalSubject: { type: string }
      subject:
        type: object
        properties:
          {{- range list "organizations" "countries" "organizationalUnits" "localities" "provinces" "streetAddresses" "postalCodes" }}
          {{ . }}: {{ include "strings" $ }}
          {{- end }}
          serialNumber: { type: string }
      {{- range list "dnsNames" "ipAddresses" "uris" "emailAddresses" }}
      {{ . }}: {{ include "strings" $ }}
      {{- end }}
      otherNames:
        type: array
        x-kubernetes-list-type: atomic
        items: { type: object, properties: { oid: { type: string }, utf8Value: { type: string } } }
      isCA: { type: boolean }
      usages: {{- include "usages" . | nindent 8 }}
      encodeUsagesInRequest: { type: boolean }
      duration: { type: string }
      renewBefore: { type: string }
      renewBeforePercentage: { type: integer, format: int32 }
      renewal: {{ include "open" . }}
      revisionHistoryLimit: { type: integer, format: int32, minimum: 1 }
      privateKey:
        type: object
        properties:
          rotationPolicy: { type: string, enum: [Never, Always] }
          encoding: { type: string, enum: [PKCS1, PKCS8] }
          algorithm: { type: string, enum: [RSA, ECDSA, Ed25519] }
          size: { type: integer }
      signatureAlgorithm:
        type: string
        enum: [SHA256WithRSA, SHA384WithRSA, SHA512WithRSA, ECDSAWithSHA256, ECDSAWithSHA384, ECDSAWithSHA512, PureEd25519]
      additionalOutputFormats:
        type: array
        x-kubernetes-list-type: atomic
        items: { type: object, required: [type], properties: { type: { type: string, enum: [DER, CombinedPEM] } } }
      nameConstraints: {{ include "open" . }}
      keystores: {{ include "open" . }}
  status:
    type: object
    properties:
      conditions: {{- include "conditions" . | nindent 8 }}
      {{- range list "lastFailureTime" "notBefore" "notAfter" "renewalTime" }}
      {{ . }}: { type: string, format: date-time }
      {{- end }}
      revision: { type: integer }
      nextPrivateKeySecretName: { type: string }
      failedIssuanceAttempts: { type: integer }
      acme: {{ include "open" . }}
{{- end }}

{{- define "CertificateRequest" -}}
type: object
properties:
  apiVersion: { type: string }
  kind: { type: string }
  metadata: { type: object }
  spec:
    type: object
    required: [issuerRef, request]
    properties:
      issuerRef: {{- include "issuerRef" . | nindent 8 }}
      request: { type: string, format: byte }
      duration: { type: string }
      isCA: { type: boolean }
      usages: {{- include "usages" . | nindent 8 }}
      username: { type: string }
      uid: { type: string }
      groups: {{ include "strings" . }}
      extra: { type: object, additionalProperties: { type: array, items: { type: string } } }
  status:
    type: object
    properties:
      conditions: {{- include "conditions" . | nindent 8 }}
      certificate: { type: string, format: byte }
      ca: { type: string, format: byte }
      failureTime: { type: string, format: date-time }
{{- end }}

{{- define "Issuer" -}}
type: object
required: [spec]
properties:
  apiVersion: { type: string }
  kind: { type: string }
  metadata: { type: object }
  spec:
    type: object
    properties:
      selfSigned:
        type: object
        properties:
          crlDistributionPoints: {{ include "strings" . }}
      ca:
        type: object
        required: [secretName]
        properties:
          secretName: { type: string }
          crlDistributionPoints: {{ include "strings" . }}
          issuingCertificateURLs: {{ include "strings" . }}
          ocspServers: {{ include "strings" . }}
      acme: {{ include "open" . }}
      vault: {{ include "open" . }}
      venafi: {{ include "open" . }}
  status:
    type: object
    properties:
      conditions: {{- include "conditions" . | nindent 8 }}
      acme: {{ include "open" . }}
{{- end }}
