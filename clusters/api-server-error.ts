/** Why a request came to nothing. Holds codes only: a library's own error may carry headers, and with them a token. */
export class ApiServerError extends Error {
  constructor(
    readonly kind: "unreachable" | "timeout" | "proxy" | "tls" | "material" | "status" | "answer",
    /** A code of Node or OpenSSL, an HTTP status, or the variable that names a proxy. */
    readonly code: string,
  ) {
    super(`${kind}: ${code}`);
    this.name = "ApiServerError";
  }
}
