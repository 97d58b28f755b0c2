/**
 * The last line of defence: nothing that Weft says is secret, but the comment also carries what providers and API servers
 * answer. Pure.
 */
const hidden = "[secret]";

const patterns: [RegExp, string][] = [
  [/-----BEGIN [A-Z0-9 ]+-----[^]*?(-----END [A-Z0-9 ]+-----|$)/g, hidden],
  // A signed token: https://datatracker.ietf.org/doc/html/rfc7515#section-3.1
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, hidden],
  // What a kubeconfig calls its secrets: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
  [
    /((?:client-key-data|client-certificate-data|certificate-authority-data|token|password|secret)["']?\s*[:=]\s*)("[^"\n]*"|'[^'\n]*'|\S+)/gi,
    `$1${hidden}`,
  ],
  [/(\w:\/\/)[^/\s@]+@/g, `$1${hidden}@`],
  // Base64 of a length that no name and no hash has.
  [/[A-Za-z0-9+/_-]{120,}={0,2}/g, hidden],
];

export function redact(text: string): string {
  return patterns.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), text);
}
