/** The lists of CAs whose key Weft does not have: `crl` of the roots. */
import type { X509Certificate } from "node:crypto";
import { parse, subject } from "../certificates";
import { crlsIn, isListOf, maySignCrls, type Crl } from "../crl";
import type { MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";
import { rootPath, rootSources, signingRoot } from "../roots";
import type { Draft } from "../draft";

export function crlProblems({ mesh, now }: Draft): Problem[] {
  const roots = rootsOf(mesh);
  const given = roots.flatMap((root) => ofLists(root, now));
  return mesh.config.trust.revoked === undefined
    ? [...given, ...unusedLists(roots)]
    : [...given, ...roots.flatMap(missingLists), ...roots.flatMap(mayNotSign)];
}

/** A root, and the CAs below it that a person has given. */
interface Root {
  name: string;
  path: string;
  /** PEM of the lists that stand beside it. */
  lists: string | undefined;
  /** The lists in it; none where they cannot be read. */
  crls: Crl[];
  /** The root itself; undefined where it is made, and not known yet. */
  certificate: X509Certificate | undefined;
  hasKey: boolean;
  /** Those between it and the intermediates: nobody here has their keys. */
  between: X509Certificate[];
  /** Whose key is given. */
  intermediates: { path: string; certificate: X509Certificate }[];
}

function rootsOf(mesh: MeshSpec): Root[] {
  return Object.entries(rootSources(mesh)).map(([name, source]) => {
    const given = source.source === "provided" ? source : undefined;
    const lists = source.source === "generated" ? undefined : source.crl;
    const [certificate] = parse(given?.certificate ?? "");
    const below = mesh.members.filter(
      (member) => member.trust.intermediate !== undefined && signingRoot(mesh, member) === name,
    );
    const between = below.flatMap(({ trust }) => parse(trust.intermediate!.chain ?? ""));
    return {
      name,
      path: rootPath(mesh, name),
      lists,
      crls: read(lists ?? "") ?? [],
      certificate,
      hasKey: source.source === "generated" || given?.key !== undefined,
      between: distinct(between).filter(
        ({ fingerprint256 }) => fingerprint256 !== certificate?.fingerprint256,
      ),
      intermediates: below.flatMap(({ path, trust }) =>
        parse(trust.intermediate!.certificate).map((own) => ({ path, certificate: own })),
      ),
    };
  });
}

function distinct(certificates: X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint256, one])).values()];
}

function read(pem: string): Crl[] | undefined {
  try {
    return crlsIn(pem);
  } catch {
    return undefined;
  }
}

/** Whether a proxy would take the lists that are given: one that has ended, or is not of this root, makes it refuse everybody. */
function ofLists({ path: root, lists, certificate, between }: Root, now: Date): Problem[] {
  const path = `${root}.crl`;
  if (lists === undefined) return [];
  const crls = read(lists);
  if (crls === undefined) {
    return [
      {
        path,
        message: "Not a CRL: the PEM cannot be read.",
        remedy: "`openssl crl -in <file>` prints what is expected.",
      },
    ];
  }
  return crls.flatMap((crl): Problem[] => {
    const at = { path, value: crl.issuer };
    const { thisUpdate, nextUpdate } = crl;
    if (nextUpdate === undefined || nextUpdate <= now) {
      const message =
        nextUpdate === undefined ? "It does not say when it ends." : `It ended on ${day(nextUpdate)}.`;
      return [
        {
          ...at,
          message: `${message} Proxies refuse everybody by it.`,
          remedy: "Have the CA issue it again, and in time before it ends.",
        },
      ];
    }
    if (thisUpdate > now) {
      return [
        {
          ...at,
          message: `It is not valid before ${day(thisUpdate)}.`,
          remedy: "Use it from then on, or set this machine's clock.",
        },
      ];
    }
    // That of cert-manager's root is known when it is there.
    const cas = certificate === undefined ? [] : [certificate, ...between];
    if (cas.length === 0 || cas.some((ca) => isListOf(crl, ca))) return [];
    return [
      {
        ...at,
        message: `Not signed by ${cas.map(subject).join(", nor by ")}.`,
        remedy: "Give the lists of this root, and of the CAs between it and the members' intermediates.",
      },
    ];
  });
}

function unusedLists(roots: Root[]): Problem[] {
  return roots
    .filter(({ lists }) => lists !== undefined)
    .map(({ path }) => ({
      path: `${path}.crl`,
      message: "Nothing is revoked, so the istiods are given no CRL.",
      remedy: `Set weft:mesh.trust.revoked as well: to \`[]\`, if nobody is to be named there.`,
    }));
}

/** A proxy that has a CRL wants one of each CA in a chain, and refuses whom it has none for; so does istiod. */
function missingLists({ path, certificate, hasKey, between, crls, lists, name }: Root): Problem[] {
  if (lists !== undefined && crls.length === 0) return [];
  const lacking = between.filter((ca) => !crls.some((crl) => isListOf(crl, ca))).map(subject);
  const hasOwn =
    certificate === undefined ? lists !== undefined : crls.some((crl) => isListOf(crl, certificate));
  if (!hasKey && !hasOwn) lacking.unshift(certificate === undefined ? `root ${name}` : subject(certificate));
  if (lacking.length === 0) return [];
  return [
    {
      path: `${path}.crl`,
      message: `Required with \`trust.revoked\`: the list of ${lacking.join(", and of ")}, whose key Weft does not have. Without it proxies would refuse everybody.`,
      remedy: "Have the CA issue it, and give it here as PEM.",
    },
  ];
}

function mayNotSign({ path, certificate, intermediates, between }: Root): Problem[] {
  const cas = [
    ...(certificate === undefined ? [] : [{ path: `${path}.certificate`, certificate }]),
    ...intermediates.map((own) => ({ ...own, path: `${own.path}.trust.intermediate.certificate` })),
    ...between.map((ca) => ({ path: `${path}.crl`, certificate: ca })),
  ];
  return cas
    .filter((ca) => !maySignCrls(ca.certificate))
    .map((ca) => ({
      path: ca.path,
      value: subject(ca.certificate),
      message: "Its key usage leaves out CRL signing, so istiod and proxies accept no CRL of it.",
      remedy: "Have it issued again under the same key, with `cRLSign` beside `keyCertSign`.",
    }));
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
