/** Changes of who is revoked: nobody is by accident, and none that is comes back. */
import { parse } from "../certificates";
import { crlsIn, isListOf, type Crl } from "../crl";
import type { MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";
import { isRevoked, revocationOf, revokedBefore } from "../revocation";
import { rootPath, rootSources } from "../roots";
import { didYouMean } from "../schema-problems";
import type { Check, Step } from "./step";

export const changedRevocations: Check = (step) => {
  const { mesh, last, live, now } = step;
  const revocation = revocationOf(mesh, last, [...live.values()], now);
  const { revoked, issued } = revocation;
  return [
    ...strangers(mesh, Object.keys(issued)),
    ...comingBack(step, new Set(revoked.map(({ serial }) => serial))),
  ];
};

function strangers(mesh: MeshSpec, known: string[]): Problem[] {
  const names = [...new Set([...mesh.members.map(({ name }) => name), ...known])];
  return (mesh.config.trust.revoked ?? []).flatMap((entry, index): Problem[] => {
    if (!("member" in entry) || names.includes(entry.member)) return [];
    return [
      {
        path: `weft:mesh.trust.revoked[${index}].member`,
        value: entry.member,
        message: "No member has this name, and no intermediate of it that is still valid is known.",
        remedy:
          "Take it out, if it has ended. One that Weft does not know is revoked by its number: {serial: …}.",
        ...didYouMean(entry.member, names),
      },
    ];
  });
}

/** Whoever has the key of an intermediate has it until that ends. */
function comingBack({ mesh, last, now }: Step, wanted: ReadonlySet<string>): Problem[] {
  const before = revokedBefore(last);
  const roots = Object.keys(rootSources(mesh));
  return Object.entries(last.mesh.issued).flatMap(([member, issued]) => {
    const missed = issued.filter(
      ({ serial, root, ends }) =>
        before.has(serial) && !wanted.has(serial) && roots.includes(root) && new Date(ends) > now,
    );
    if (missed.length === 0) return [];
    const end = missed
      .map(({ ends }) => ends.slice(0, 10))
      .toSorted()
      .at(-1)!;
    return {
      path: isRevoked(mesh.config.trust, member)
        ? `${mesh.members.find(({ name }) => name === member)!.path}.trust.intermediateGeneration`
        : "weft:mesh.trust.revoked",
      message: `An intermediate of ${member} is revoked that is valid until ${end}: whoever has its key would be trusted again.`,
      remedy: isRevoked(mesh.config.trust, member)
        ? "Set the generation back: it does not fall while the member is revoked."
        : `Keep {member: ${member}} until then.`,
    };
  });
}

/** The lists that are given have to say what `trust.revoked` does: Weft cannot add to them. */
export const givenLists: Check = ({ mesh, last, live, now }) => {
  if (mesh.config.trust.revoked === undefined) return [];
  const { revoked } = revocationOf(mesh, last, [...live.values()], now);
  const roots = Object.entries(rootSources(mesh)).map(([name, source]) => ({
    name,
    path: `${rootPath(mesh, name)}.crl`,
    crls: source.source === "generated" ? [] : crlsIn(source.crl ?? ""),
    source,
  }));
  const given = roots.filter(({ crls }) => crls.length > 0);
  return given.flatMap(({ name, path, crls, source }): Problem[] => {
    const certificates =
      source.source === "provided"
        ? parse(source.certificate)
        : [...live.values()]
            .filter(({ roots: trusted }) => trusted?.includes(name))
            .flatMap(({ rootBundle }) => parse(rootBundle ?? ""));
    if (certificates.length === 0) return [];
    const own = crls.filter((crl) => certificates.some((root) => isListOf(crl, root)));
    if (source.source === "certManager" && own.length === 0) {
      return [
        {
          path,
          value: crls.map(({ issuer }) => issuer).join("; "),
          message: `Not signed by root ${name}, as cert-manager holds it.`,
          remedy: `Sign it by the key in Secret weft-root-${name}.`,
        },
      ];
    }
    const lacking = revoked
      .filter(({ root }) => root === name || (root === undefined && roots.length === 1))
      .filter(({ serial }) => own.length > 0 && !isIn(own, serial))
      .map(({ serial }) => serial);
    if (lacking.length === 0) return [];
    return [
      {
        path,
        message: `Does not revoke ${lacking.join(", ")}, which \`trust.revoked\` does.`,
        remedy: "Have the CA revoke it, and give the list that it issues then.",
      },
    ];
  });
};

function isIn(crls: Crl[], serial: string): boolean {
  return crls.some(({ revoked }) => revoked.has(serial));
}
