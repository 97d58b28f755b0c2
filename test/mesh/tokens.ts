/** Tokens as the TokenRequest API gives them, but for their signature. */
export interface TokenArgs {
  /** Seconds since 1970. */
  issued: number;
  /** In seconds. */
  life: number;
  /** UID of the Secret that it is bound to. @default it is bound to none */
  boundTo?: string;
}

export function tokenOf({ issued, life, boundTo }: TokenArgs): string {
  const claims = {
    iat: issued,
    exp: issued + life,
    "kubernetes.io": {
      namespace: "istio-system",
      ...(boundTo !== undefined && { secret: { name: "weft-reader-binding-1", uid: boundTo } }),
      serviceaccount: { name: "istio-reader-service-account", uid: "uid-of-account" },
    },
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.${Buffer.from("signature").toString("base64url")}`;
}
