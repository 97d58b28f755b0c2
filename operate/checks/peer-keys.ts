/** Does a primary hold a key for each member that it should read, and none for others? */
import { peersOf } from "../../mesh/topology";
import type { PeerKey } from "../facts/facts";
import { failed, judge, type Check, type Issue } from "./check";

export const peerKeys: Check = ({ mesh, member, facts }) => {
  if (member.role === "remote") return undefined;
  return judge(facts.peerKeys, (found) => {
    const wanted = peersOf(mesh, member.name).map(({ name }) => name);
    const members = mesh.members.map(({ name }) => name);
    const issues = [
      ...missing(wanted, found),
      ...orphans({ wanted, members, kubectl: facts.kubectl }, found),
      ...twins(found),
    ];
    const held = wanted.filter((name) => found.some(({ cluster }) => cluster === name));
    return { issues, detail: `${held.length}/${wanted.length}` };
  });
};

function missing(wanted: string[], found: PeerKey[]): Issue[] {
  const held = new Set(found.map(({ cluster }) => cluster));
  const names = wanted.filter((name) => !held.has(name));
  if (names.length === 0) return [];
  return [
    failed(
      `No key for ${names.join(", ")}: istiod sees none of ${names.length === 1 ? "its" : "their"} services.`,
      "`pulumi up --refresh` writes the keys.",
      names,
    ),
  ];
}

function orphans(
  { wanted, members, kubectl }: { wanted: string[]; members: string[]; kubectl: string },
  found: PeerKey[],
): Issue[] {
  return found
    .filter(({ cluster }) => !wanted.includes(cluster))
    .map(({ cluster, secret }) =>
      failed(
        members.includes(cluster)
          ? `Key ${cluster} in Secret ${secret} leads to a member that this one is not to read, and istiod reads it all the same.`
          : `An orphan: key ${cluster} in Secret ${secret} leads to no member of this mesh, and istiod keeps trying it (istio#36365).`,
        secret.startsWith("weft-peers")
          ? // To the provider a key that it did not write is no change.
            `\`pulumi up\` takes it out, if stack config has changed; if not, \`${kubectl} -n istio-system patch secret ${secret} --type merge -p '{"data":{"${cluster}":null}}'\`.`
          : `If nobody needs it: \`${kubectl} -n istio-system delete secret ${secret}\`.`,
      ),
    );
}

/** istiod ignores a cluster that it knows from another Secret (pkg/kube/multicluster/secretcontroller.go). */
function twins(found: PeerKey[]): Issue[] {
  const secrets = new Map<string, string[]>();
  for (const { cluster, secret } of found) secrets.set(cluster, [...(secrets.get(cluster) ?? []), secret]);
  return [...secrets]
    .filter(([, names]) => names.length > 1)
    .map(([cluster, names]) =>
      failed(
        `Key ${cluster} is in more than one Secret (${names.join(", ")}): istiod reads only one of them, and not always the same.`,
        "Delete the one that is not Weft's.",
      ),
    );
}
