/** An event in words. Pure. */
import type { Facts } from "./facts";
import type { Event } from "./interruptions";

/** Such as `Secret weft-peers: + south`. */
export function describeEvent({ kind, name, facts, was }: Event): string {
  const object = `${kind} ${name}`;
  if (facts === undefined) return `${object}: deleted`;
  if (was === undefined) return `${object}: created${inWords(content(facts))}`;
  return `${object}: ${difference(content(was), content(facts)) || "changed"}`;
}

/** What is worth telling of an object, as labels and values. */
function content(facts: Facts): Record<string, string> {
  switch (facts.kind) {
    case "Namespace":
      return { network: facts.network ?? "none" };
    case "Cacerts":
      return {
        trusts: facts.roots.map(({ name }) => name).join(", "),
        "signed by": facts.signer?.name ?? "unknown",
      };
    case "Served":
      return { serves: facts.roots.map(({ name }) => name).join(", ") };
    case "Istiod":
      return Object.fromEntries(
        Object.entries(facts.peers).map(([peer, { state, lacking }]) => [
          peer,
          lacking.length === 0 ? state : `${state}, lacks ${lacking.join(", ")}`,
        ]),
      );
    case "PeerSecret":
      return facts.tokens;
    case "Token":
      return { token: facts.token };
    case "EastWestService":
      return {
        type: facts.type,
        address: facts.addresses.join(", ") || "none",
        ports: facts.ports.join(", "),
      };
    case "Deployment":
      return { ready: String(facts.ready), rollout: facts.rolledOut ? "done" : "under way" };
    case "IstioObject":
      return { spec: facts.spec };
  }
}

/** Values that say nothing to a person: only that they are others. */
const isDigest = (value: string) => /^([0-9a-f]{16}|)$/.test(value);

function inWords(values: Record<string, string>): string {
  const parts = Object.entries(values).map(([label, value]) =>
    isDigest(value) ? label : `${label} ${value}`,
  );
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

function difference(before: Record<string, string>, after: Record<string, string>): string {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .flatMap((label) => {
      const [old, now] = [before[label], after[label]];
      if (old === now) return [];
      if (old === undefined) return [`+ ${label}`];
      if (now === undefined) return [`- ${label}`];
      return isDigest(now) || isDigest(old) ? [`new ${label}`] : [`${label} ${old} → ${now}`];
    })
    .join("; ");
}
