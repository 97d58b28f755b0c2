/** Does istiod run, and is its version one that the mesh can live with? */
import semver from "semver";
import { brokenRotation, minorSkew } from "../../mesh/istio-versions";
import { peersOf, primaries } from "../../mesh/topology";
import type { IstiodFacts } from "../facts/facts";
import { chartRepairs, failed, judge, type Check, type Issue, type View } from "./check";

export const istiod: Check = (view) => {
  const { member, facts } = view;
  if (member.role === "remote") return undefined;
  return judge(facts.istiods, (istiods) => {
    const version = lowestVersion(istiods);
    if (istiods.length === 0) {
      const message = "No istiod runs here: the member's proxies get neither configuration nor certificates.";
      return { issues: [failed(message, chartRepairs(facts.kubectl, "istiod"))] };
    }
    const issues = [
      ...notReady(view, istiods),
      ...(version === undefined ? [] : versionIssues(view, version)),
    ];
    return { issues, detail: version };
  });
};

function lowestVersion(istiods: IstiodFacts[]): string | undefined {
  return istiods.flatMap(({ version }) => version ?? []).sort(semver.compare)[0];
}

function notReady({ facts }: View, istiods: IstiodFacts[]): Issue[] {
  return istiods
    .filter(({ ready, replicas }) => ready < Math.max(1, replicas))
    .map(({ name, ready, replicas }) => {
      if (replicas === 0) {
        return failed(
          `${name} is scaled to 0: the member's proxies get neither configuration nor certificates.`,
          `\`${facts.kubectl} -n istio-system scale deployment ${name} --replicas 1\``,
        );
      }
      return failed(
        `${ready} of ${replicas} replicas of ${name} are ready.`,
        `\`${facts.kubectl} -n istio-system describe deployment ${name}\` and its pods' logs say why.`,
      );
    });
}

function versionIssues({ mesh, member, all }: View, version: string): Issue[] {
  const issues: Issue[] = [];
  const far = primaries(mesh).filter(({ name }) => {
    const facts = all.members.get(name)?.istiods;
    const other = facts?.known ? lowestVersion(facts.value) : undefined;
    return other !== undefined && minorSkew(version, other) > 1;
  });
  if (far.length > 0) {
    const names = far.map(({ name }) => name);
    issues.push(
      failed(
        `istiod ${version} is more than one minor version from ${names.join(", ")}, which Istio does not support.`,
        `Bring \`istio.version\` of the members within one minor version of each other, one minor at a time.`,
      ),
    );
  }
  const broken = brokenRotation(version);
  const reads = peersOf(mesh, member.name).length > 0;
  if (broken !== undefined && reads && !mesh.config.remoteAccess.allowBrokenRotation) {
    issues.push(
      failed(
        `When a peer's token or address changes, istiod ${version} ${broken.reason} (${broken.source}).`,
        `Set \`istio.version\` to ${broken.fixedIn} or later before anything of a peer changes.`,
      ),
    );
  }
  return issues;
}
