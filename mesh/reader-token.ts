/** Tokens that end, by which readers read a member: which of them are kept, and when another is due. Pure. */
import type { Member, MeshSpec } from "./mesh-spec";

/** A token of the TokenRequest API, bound to a Secret. */
export interface ReaderToken {
  /** Secret. The token itself. */
  token: string;
  issued: Date;
  ends: Date;
  /** UID of the Secret that it is bound to: the token ends with it. */
  boundTo: string;
}

export interface TokenRequest {
  /** Name of the member. */
  cluster: string;
  lifetimeHours: number;
  /** The Secret in istio-system that the token is bound to. */
  boundTo: { name: string; uid: string };
}

export interface WantedToken {
  /** UID of the Secret that tokens are to be bound to; undefined where there is none yet. */
  boundTo: string | undefined;
  lifetimeHours: number;
  now: Date;
}

export const hourMs = 60 * 60 * 1000;

/** A token is renewed at this part of its life: who runs `pulumi up` as often as that has two more chances when one fails. */
const renewedAt = 1 / 3;

/**
 * What a bound token says of itself, its signature unchecked; undefined where it is none, as one that stands in a Secret.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
export function readerToken(token: string): ReaderToken | undefined {
  const { iat, exp, "kubernetes.io": kubernetes } = claimsOf(token);
  const uid = kubernetes?.secret?.uid;
  if (typeof iat !== "number" || typeof exp !== "number" || typeof uid !== "string") return undefined;
  return { token, issued: new Date(iat * 1000), ends: new Date(exp * 1000), boundTo: uid };
}

/** The `exp` of a JWT, which is in seconds (https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4); undefined where it has none. */
export function endOf(token: string): Date | undefined {
  const { exp } = claimsOf(token);
  return typeof exp === "number" ? new Date(exp * 1000) : undefined;
}

interface Claims {
  iat?: unknown;
  exp?: unknown;
  "kubernetes.io"?: { secret?: { uid?: unknown } };
}

function claimsOf(token: string): Claims {
  const [, claims = ""] = token.split(".");
  try {
    return (JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Claims | null) ?? {};
  } catch {
    return {};
  }
}

/**
 * Of the tokens that readers hold, those with which all of them may go on, the newest first. One that lives for longer than is wanted is
 * none of them; one that lives for less is, for the API server may allow no more.
 */
export function tokensToKeep(held: readonly string[], { boundTo, lifetimeHours, now }: WantedToken) {
  return newest(held).filter(
    (token) =>
      token.boundTo === boundTo &&
      lifeOf(token) <= lifetimeHours * hourMs &&
      now.getTime() < token.issued.getTime() + lifeOf(token) * renewedAt,
  );
}

/** Those that are bound at all. */
export function newest(held: readonly string[]): ReaderToken[] {
  return [...new Set(held)]
    .flatMap((token) => readerToken(token) ?? [])
    .sort((a, b) => b.issued.getTime() - a.issued.getTime() || (a.token < b.token ? -1 : 1));
}

/** In milliseconds. */
export function lifeOf({ issued, ends }: Pick<ReaderToken, "issued" | "ends">): number {
  return ends.getTime() - issued.getTime();
}

/** How often `pulumi up` has to run for tokens of such a life, in milliseconds. */
export function scheduleOf(lifetimeHours: number): number {
  return lifetimeHours * hourMs * renewedAt;
}

/** Where stack config says that the tokens of a member end. */
export function lifetimeSetting({ config }: MeshSpec, { path, remoteAccess }: Member) {
  const { tokenLifetimeHours } = remoteAccess;
  const isOwn = tokenLifetimeHours !== config.remoteAccess.tokenLifetimeHours;
  return {
    path: `${isOwn ? path : "weft:mesh"}.remoteAccess.tokenLifetimeHours`,
    value: String(tokenLifetimeHours),
  };
}
