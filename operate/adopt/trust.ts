/** From the CAs that istiods sign by to the roots and intermediates of stack config, as provided ones. Pure. */
import { fingerprints, leadsTo } from "../../mesh/certificates";
import { pemBlocks } from "../../mesh/pem";
import type { Refusal } from "../../mesh/problems";
import type { Cacerts } from "./found";

/** An intermediate without its key. */
export interface PublicCa {
  certificate: string;
  chain?: string;
}

export interface FoundTrust {
  /** For `weft:mesh.trust`. */
  trust: { root: object } | { roots: object[] };
  /** By member. */
  intermediates: Record<string, PublicCa>;
  problems: Refusal[];
}

/** @param members with the path of each in stack config. */
export function foundTrust(members: { name: string; path: string; cacerts: Cacerts }[]): FoundTrust {
  const [first] = members;
  const roots = distinct(certificatesIn(first?.cacerts.bundle ?? ""));
  const intermediates = Object.fromEntries(
    members.map(({ name, cacerts }) => [name, intermediateOf(cacerts, roots)]),
  );
  const wanted = roots.map(fingerprintOf).sort().join();
  const problems = members
    .filter(
      ({ cacerts }) => distinct(certificatesIn(cacerts.bundle)).map(fingerprintOf).sort().join() !== wanted,
    )
    .map(({ name, path }) => ({
      path,
      value: name,
      message: `Its \`cacerts\` trusts other roots than that of ${first!.name}, and a mesh of Weft's with shared trust has one bundle.`,
      remedy:
        "Give `root-cert.pem` of every cluster the roots of all of them, wait until the istiods have taken them, and run this again.",
    }));
  return { trust: trustOf(roots, Object.values(intermediates)[0]), intermediates, problems };
}

function trustOf(roots: string[], intermediate: PublicCa | undefined): FoundTrust["trust"] {
  const provided = { source: "provided" };
  const [only = "", ...others] = roots;
  if (others.length === 0) return { root: { ...provided, certificate: only } };
  const signing = roots.findIndex((root) => intermediate !== undefined && leadsTo(intermediate, root));
  return {
    roots: roots.map((certificate, index) => ({
      name: `root${index + 1}`,
      ...provided,
      certificate,
      ...(index === Math.max(signing, 0) && { signing: true }),
    })),
  };
}

/** What stands between it and the root; many keep the root at the end of the chain. */
function intermediateOf({ certificate, chain }: Cacerts, roots: string[]): PublicCa {
  const [own = certificate, ...below] = certificatesIn(certificate);
  const known = [own, ...roots].map(fingerprintOf);
  const above = distinct([...below, ...certificatesIn(chain)]).filter(
    (link) => !known.includes(fingerprintOf(link)),
  );
  return { certificate: own, ...(above.length > 0 && { chain: above.join("\n") }) };
}

const certificatesIn = (pem: string) => pemBlocks(pem, "CERTIFICATE");
/** A text that is no certificate stands for itself: the rules of stack config say what is wrong with it. */
const fingerprintOf = (pem: string) => fingerprints(pem)[0] ?? pem;

function distinct(certificates: string[]): string[] {
  return [...new Map(certificates.map((pem) => [fingerprintOf(pem), pem])).values()];
}
