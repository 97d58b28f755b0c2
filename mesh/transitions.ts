/** What must not be done from the live state in one step. */
import type { Problem } from "./problems";
import type { Mesh } from "./mesh";

/** What is there before an `up`, as far as a step from it can do harm. */
export interface LiveMember {
  name: string;
  /** Version of the running istiod; undefined where none runs. */
  istiodVersion?: string;
  /** Generations of the token Secrets `weft-reader-token-<generation>`. */
  tokenGenerations: number[];
  /** Names in annotation `weft.dev/roots` of Secret `cacerts`; undefined where there is no such Secret or annotation. */
  roots?: string[];
}

/** Problems of going from the live state to this mesh in one `up`. */
export function checkTransition(_live: LiveMember[], _mesh: Mesh): Problem[] {
  return [];
}
