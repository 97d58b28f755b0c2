/** The cluster to ask for members: one of the mesh, or one beside it. */
import { withDefaults } from "../mesh/defaults";
import type { Member } from "../mesh/mesh-spec";
import { clusterSchema, meshSchema, type MeshConfig } from "../mesh/schema";

type Management = NonNullable<MeshConfig["membership"]>["management"];

/**
 * The management cluster, in the form of a member.
 * @param listed entries of `weft:clusters` as they were written.
 * @returns undefined where it names an entry that is not there or does not parse.
 */
export function managementCluster(management: Management, listed: unknown[]): Member | undefined {
  const entries =
    typeof management === "string"
      ? listed.map((entry, index) => ({ path: `weft:clusters[${index}]`, entry }))
      : [{ path: "weft:mesh.membership.management", entry: { name: "management", ...management } }];
  const name = typeof management === "string" ? management : "management";
  const parsed = entries.flatMap(({ path, entry }) => {
    const cluster = clusterSchema.safeParse(entry).data;
    return cluster === undefined ? [] : [{ path, cluster }];
  });
  return withDefaults(meshSchema.parse({}), parsed).members.find((member) => member.name === name);
}
