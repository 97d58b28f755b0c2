/** Who is revoked: `weft:mesh.trust.revoked`. */
import * as semver from "semver";
import { parse } from "../certificates";
import { serialNumber } from "../crl";
import { conflicts } from "../istio-values";
import type { MeshSpec } from "../mesh-spec";
import { settingPath, type Problem } from "../problems";
import { givenIntermediate } from "../roots";
import { primaries } from "../topology";
import { below } from "./reserved";
import type { Draft } from "../draft";

const revokedPath = "weft:mesh.trust.revoked";

export function revocationProblems(stack: Draft): Problem[] {
  const { mesh } = stack;
  return mesh.config.trust.revoked === undefined
    ? givenGenerations(stack)
    : [...givenGenerations(stack), ...stillSigning(mesh), ...oldIstiods(mesh), ...blindIstiods(stack)];
}

/** Weft makes no other in place of an intermediate that it was given. */
function stillSigning(mesh: MeshSpec): Problem[] {
  return mesh.config.trust.revoked!.flatMap((entry, index): Problem[] => {
    const at = `${revokedPath}[${index}]`;
    if ("member" in entry) {
      const member = mesh.members.find(({ name }) => name === entry.member);
      if (member === undefined || givenIntermediate(mesh, member) === undefined) return [];
      const owner = member.trust.intermediate === undefined ? member.primary : member.name;
      return [
        {
          path: `${at}.member`,
          value: entry.member,
          message: `Its intermediate is given, and Weft cannot make another in its place.`,
          remedy: `Give ${owner} another in trust.intermediate, and name the old one here by its number: {serial: …}, as \`openssl x509 -noout -serial\` prints it.`,
        },
      ];
    }
    return mesh.members
      .filter(({ trust }) =>
        parse(trust.intermediate?.certificate ?? "").some(
          (own) => serialNumber(own.serialNumber) === entry.serial,
        ),
      )
      .map(({ name, path }) => ({
        path: `${at}.serial`,
        value: entry.serial,
        message: `${name} signs its workloads by this intermediate: nobody would accept them.`,
        remedy: `Give ${name} another in ${path}.trust.intermediate.`,
      }));
  });
}

function givenGenerations({ clusters }: Draft): Problem[] {
  return clusters
    .filter(
      ({ cluster: { trust } }) =>
        trust.intermediate !== undefined && trust.intermediateGeneration !== undefined,
    )
    .map(({ path, cluster }) => ({
      path: `${path}.trust.intermediateGeneration`,
      value: String(cluster.trust.intermediateGeneration),
      message: "The member's intermediate is given, so Weft makes none of any generation.",
      remedy: "Leave it out, and give another intermediate.",
    }));
}

/** PR istio#56308. */
const firstWithCrls = "1.27.0";

function oldIstiods(mesh: MeshSpec): Problem[] {
  return primaries(mesh)
    .flatMap(({ name, istio }) => istio.revisions.map(({ version }) => ({ name, version })))
    .filter(({ version }) => semver.lt(version, `${firstWithCrls}-0`))
    .map(({ name, version }) => ({
      path: revokedPath,
      message: `istiod ${version} of ${name} knows no CRLs.`,
      remedy: `Set istio.version of ${name} to ${firstWithCrls} or later.`,
    }));
}

const crlSwitch = ["env.PILOT_ENABLE_CA_CRL", "pilot.env.PILOT_ENABLE_CA_CRL"].map((path) => path.split("."));

function blindIstiods({ mesh, clusters }: Draft): Problem[] {
  const written = [
    { path: "weft:mesh", values: mesh.config.istio.values },
    ...clusters.map(({ path, cluster }) => ({ path, values: cluster.istio.values })),
  ];
  return written.flatMap(({ path: at, values }) =>
    conflicts(
      values,
      crlSwitch.map((path) => [path, ""]),
    )
      .filter(({ path }) => path.at(-1) === "PILOT_ENABLE_CA_CRL")
      .map(({ path }) => ({
        path: below(`${at}.istio.values`, settingPath(["", ...path])),
        message: "With `trust.revoked` istiod has to read CRLs, as it does unless it is told not to.",
        remedy: "Leave it out.",
      })),
  );
}
