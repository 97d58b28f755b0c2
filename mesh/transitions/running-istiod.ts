/** Changes of the istiods that run. */
import { minorSkew, versionIn } from "../istio-versions";
import type { LiveMember } from "../live-member";
import type { Member, MeshSpec } from "../mesh-spec";
import { defaultVersion } from "../revisions";
import { ofMembers } from "./step";

/**
 * https://istio.io/latest/docs/setup/upgrade/in-place/: no more than one minor version at once, up or down. Of several istiods each has
 * to keep to it with each that runs: they share the CRDs, which are those of the highest.
 */
export const skippedMinor = ofMembers((member, live, { mesh }) => {
  const { tag } = mesh.config.istio;
  // As the running one is known by its image's tag.
  const tagged = versionIn(tag ?? "");
  if (member.role === "remote") return [];
  return member.istio.revisions.flatMap(({ name, version }) => {
    const wanted = tagged ?? version;
    const far = runningVersions(live).find((running) => minorSkew(running, wanted) > 1);
    if (far === undefined) return [];
    return {
      path: tagged === undefined ? versionPath(mesh, member, name) : "weft:mesh.istio.tag",
      value: tagged === undefined ? wanted : tag,
      message: `istiod of ${member.name} is ${far}, and Istio supports steps of one minor version, up or down.`,
      remedy:
        "Go to each minor version between them, with a `pulumi up` and a restart of the workloads each.",
    };
  });
});

function runningVersions({ istiodVersion, istiods = {} }: LiveMember): string[] {
  return [istiodVersion, ...Object.values(istiods).map(({ version }) => version)].filter(
    (version) => version !== undefined,
  );
}

function versionPath({ config }: MeshSpec, { path, istio }: Member, revision: string): string {
  if (config.istio.revisions !== undefined) return `weft:mesh.istio.revisions.${revision}`;
  return istio.version === (config.istio.version ?? defaultVersion)
    ? "weft:mesh.istio.version"
    : `${path}.istio.version`;
}
