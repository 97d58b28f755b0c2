/** The roots of the mesh: `weft:mesh.trust`. */
import { fingerprints } from "../certificates";
import { rootProblemsOf } from "../provided-ca";
import type { Problem } from "../problems";
import type { Draft } from "../draft";
import { didYouMean } from "../schema-problems";
import type { MeshConfig, RootSource } from "../schema";
import { istiodNames, primaries } from "../topology";

type Trust = MeshConfig["trust"];
type PlacedRoot = RootSource & { path: string; signing: boolean; name?: string };

const trustPath = "weft:mesh.trust";

export function meshTrustProblems(draft: Draft): Problem[] {
  const { trust } = draft.mesh.config;
  const roots = placedRoots(trust);
  return [
    ...lifetimes(trust),
    ...(trust.mode === "federated" ? notInFederated(trust) : []),
    ...whichRoots(trust),
    ...certManager(trust, roots, draft),
    ...(trust.mode === "shared" ? provided(roots, draft) : []),
  ];
}

/** The roots as they are written, each with its path. */
function placedRoots({ root, roots }: Trust): PlacedRoot[] {
  const only = root === undefined ? [] : [{ ...root, signing: true, path: `${trustPath}.root` }];
  return [
    ...only,
    ...(roots ?? []).map((named, index) => ({ ...named, path: `${trustPath}.roots[${index}]` })),
  ];
}

function lifetimes({ rootLifetimeDays, intermediateLifetimeDays }: Trust): Problem[] {
  if (intermediateLifetimeDays < rootLifetimeDays) return [];
  return [
    {
      path: `${trustPath}.intermediateLifetimeDays`,
      value: String(intermediateLifetimeDays),
      message: `An intermediate must not outlive its root, which is valid for ${rootLifetimeDays} days.`,
      remedy: "Make it shorter than `rootLifetimeDays`.",
    },
  ];
}

function notInFederated(trust: Trust): Problem[] {
  return (["root", "roots", "certManager"] as const)
    .filter((key) => trust[key] !== undefined)
    .map((key) => ({
      path: `${trustPath}.${key}`,
      message: "With `mode: federated` the mesh has no root of its own: every member has one.",
      remedy: "Remove it, and give `trust.root` to the members that bring their own; or set `mode: shared`.",
    }));
}

function whichRoots({ root, roots }: Trust): Problem[] {
  if (roots === undefined) return [];
  const problems: Problem[] = [];
  if (root !== undefined) {
    problems.push({
      path: `${trustPath}.root`,
      message: "`roots` is given as well.",
      remedy: "Move this root into `roots`; its name there is `default`.",
    });
  }
  const signing = roots.filter((named) => named.signing).map(({ name }) => name);
  if (signing.length !== 1) {
    problems.push({
      path: `${trustPath}.roots`,
      value: signing.length === 0 ? undefined : signing.join(", "),
      message: `Exactly one root signs, but ${signing.length === 0 ? "none has" : `${signing.length} have`} \`signing: true\`.`,
      remedy: "See docs/trust.md for the steps of a rotation.",
    });
  }
  roots.forEach(({ name }, index) => {
    const first = roots.findIndex((other) => other.name === name);
    if (first === index) return;
    problems.push({
      path: `${trustPath}.roots[${index}].name`,
      value: name,
      message: `roots[${first}] has the same name.`,
      remedy: "Give each root a name of its own, and never a name that another root had before.",
    });
  });
  return problems;
}

function certManager({ certManager: settings }: Trust, roots: PlacedRoot[], { names }: Draft): Problem[] {
  const user = roots.find(({ source }) => source === "certManager");
  if (settings === undefined) {
    if (user === undefined) return [];
    return [
      {
        path: `${trustPath}.certManager`,
        message: `Required: ${user.path} comes from cert-manager.`,
        remedy: "Set `cluster` there to the member on which cert-manager issues.",
      },
    ];
  }
  if (names.some(({ name }) => name === settings.cluster)) return [];
  return [
    {
      path: `${trustPath}.certManager.cluster`,
      value: settings.cluster,
      message: "No member has this name.",
      ...didYouMean(
        settings.cluster,
        names.map(({ name }) => name),
      ),
    },
  ];
}

function provided(roots: PlacedRoot[], { mesh, now }: Draft): Problem[] {
  const given = roots.filter((root) => root.source === "provided");
  const names = {
    dns: [...new Set(primaries(mesh).flatMap(istiodNames))],
    trustDomain: mesh.config.trustDomain,
  };
  return given.flatMap((root, index) => {
    const problems = rootProblemsOf(root, root.signing && root.key !== undefined, {
      path: root.path,
      now,
      names,
    });
    const [fingerprint] = fingerprints(root.certificate);
    const twin = given.slice(0, index).find((other) => fingerprints(other.certificate)[0] === fingerprint);
    if (fingerprint !== undefined && twin !== undefined) {
      problems.push({
        path: `${root.path}.certificate`,
        message: `The same certificate as ${twin.path}.`,
        remedy: "Keep one of the two.",
      });
    }
    const lacking = primaries(mesh).filter(({ trust }) => trust.intermediate === undefined);
    if (root.signing && root.key === undefined && lacking.length > 0) {
      problems.push({
        path: `${root.path}.key`,
        message: `Required: these members have no intermediate of their own: ${lacking.map(({ name }) => name).join(", ")}.`,
        remedy: "Give the root's key, or `trust.intermediate` to each of them.",
      });
    }
    return problems;
  });
}
