import type { PeerAddress } from "./peer-address";
import type { ReaderToken } from "./reader-token";

/** What is there before an `up`, as far as a step from it can do harm. */
export interface LiveMember {
  name: string;
  /** Nobody answers there (`weft:mesh.tolerateUnreachable`): what else is said here is what the last `up` left. */
  unreachable?: true;
  /** Namespace istio-system, where there is one. */
  namespace?: LiveNamespace;
  /** The ingress gateway in istio-system, where there is one, and the address that its load balancer gave it. */
  ingress?: { address?: string };
  /** The east-west gateway, where there is one, and the address that its load balancer gave it. */
  eastWest?: { address?: string };
  /** Version of the running istiod, such as `1.30.5`; undefined where none runs. */
  istiodVersion?: string;
  /** The running istiods by revision, `default` for the one without; undefined where none runs. */
  istiods?: Record<string, LiveIstiod>;
  /** Revision that each revision tag leads to; undefined where that may not be read. */
  tags?: Record<string, string>;
  /** What uses a running istiod, by revision, in words: `namespace shop`. Only of those that stack config does not name. */
  users?: Record<string, string[]>;
  /** Generations of the token Secrets `weft-reader-token-<generation>`. */
  tokenGenerations: number[];
  /** UIDs of the Secrets `weft-reader-binding-<generation>`, by generation: what tokens that end are bound to. */
  bindings?: Record<number, string>;
  /** Where its tokens are to end: what its readers hold of it. */
  held?: HeldAccess;
  /** Names in annotation `weft.dev/roots` of Secret `cacerts`; undefined where there is no such Secret or annotation. */
  roots?: string[];
  /** Name in annotation `weft.dev/signing-root` of Secret `cacerts`; undefined where there is none. */
  signingRoot?: string;
  /** PEM of `ca-cert.pem` of Secret `cacerts`. */
  intermediate?: string;
  /** Number in annotation `weft.dev/intermediate-generation` of Secret `cacerts`; undefined where there is none: the first. */
  intermediateGeneration?: number;
  /** PEM of `root-cert.pem` of Secret `cacerts`. */
  rootBundle?: string;
  /** By peer: what its PeerSecrets say of it. Read only where its istiod would not survive a change of them; else undefined. */
  peers?: Record<string, KnownAddress>;
}

export interface LiveIstiod {
  /** As `istiodVersion`; undefined where neither image nor label says it. */
  version?: string;
  /** All of its replicas are ready, and there is one. */
  isReady: boolean;
  /** Name of its Helm release; undefined where its label does not say it. */
  release?: string;
}

export interface HeldAccess {
  /** Secret. The token with which all readers go on; undefined where another is due. */
  token?: ReaderToken;
  /** PEM of the CA by which the readers know its API server, in base64; undefined where it is not known. */
  caData?: string;
}

export interface LiveNamespace {
  /** It tells the cluster from any other; undefined where it is not known. */
  uid?: string;
  /** The mesh and the member that its labels say it belongs to. */
  mesh?: string;
  member?: string;
  /** Network that its label says its pods are on. */
  network?: string;
  /** Primary that its annotation says it is served by; undefined on a primary. */
  servedBy?: string;
}

/** What a reader knows of a peer's API server. */
export interface KnownAddress extends Omit<PeerAddress, "caData"> {
  /** SHA-256 fingerprints of the CA's certificates; undefined where they are not checked or not known. */
  ca?: string[];
}

/** Names of those that do not answer. */
export function unreachableIn(live: Iterable<LiveMember>): string[] {
  return [...live].filter(({ unreachable }) => unreachable).map(({ name }) => name);
}
