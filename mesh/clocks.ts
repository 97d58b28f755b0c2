/** Clocks between which a certificate that one makes is not valid yet to another. */
import type { Refusal } from "./problems";

/** How a member's clock goes, seen from here. */
export interface MemberClock {
  name: string;
  /** Of the member in stack config. */
  path: string;
  /** URL of its API server, from which it is known. */
  server: string;
  /** How far it is ahead of this machine's, in milliseconds; below 0: behind. */
  offsetMs: number;
}

/**
 * Furthest that one clock may be from another, in milliseconds. What Weft makes is valid from the moment on at which it is made. An istiod whose clock is
 * behind takes it for invalid and ends (`Verify` in security/pkg/pki/util/keycertbundle.go of Istio), until its clock is there; Helm waits
 * ten minutes for that. What an istiod signs is valid from two minutes before on (`ClockSkewGracePeriod` in generate_cert.go beside it), so
 * that proxies elsewhere refuse new ones of a member that is further ahead. A few minutes of either pass by themselves.
 */
const furthestMs = 5 * 60_000;

/** One problem for each clock that is off; a single one where it is this machine's. */
export function clockProblems(clocks: readonly MemberClock[]): Refusal[] {
  const offsets = clocks.map(({ offsetMs }) => offsetMs);
  const [slowest, fastest] = [Math.min(...offsets), Math.max(...offsets)];
  if (clocks.length > 1 && fastest < -furthestMs && fastest - slowest <= furthestMs) {
    return [
      {
        path: "weft:clusters",
        message: `The clock of this machine is ${minutes(fastest)} ahead of those of all members. ${refusedCa}`,
        remedy: `Set it right: ${compare(clocks[0]!.server)}.`,
      },
    ];
  }
  // Members that are all ahead of this machine alike do no harm to each other.
  const others = Math.max(slowest, 0);
  return clocks.flatMap(({ name, path, server, offsetMs }) => {
    const problem = {
      path,
      value: server,
      remedy: `Set the clocks of its nodes right, or this machine's if that is the one that is wrong: ${compare(server)}.`,
    };
    if (offsetMs < -furthestMs) {
      const message = `The clock of ${name} is ${minutes(offsetMs)} behind this machine's. ${refusedCa}`;
      return { ...problem, message };
    }
    if (offsetMs - others > furthestMs) {
      const message = `The clock of ${name} is ${minutes(offsetMs - others)} ahead of other members'. They would refuse its workloads, because what its istiod signs would not be valid there yet.`;
      return { ...problem, message };
    }
    return [];
  });
}

const refusedCa = "istiod would end there, because the CA that Weft makes would not be valid yet.";

const minutes = (ms: number) => `${Math.round(Math.abs(ms) / 60_000)} min`;

const compare = (server: string) =>
  `\`date -u\` says how late it is here, the header Date in \`curl -skI ${server}\` how late it is there`;
