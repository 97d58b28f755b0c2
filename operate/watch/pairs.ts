/** What the replicas of a reader's istiod have of a peer, taken together. Pure. */
import type { MeshSpec } from "../../mesh/mesh-spec";
import { peersOf } from "../../mesh/topology";
import type { EndpointCounts, MeshFacts } from "../facts/facts";

export interface Pair {
  labels: { reader: string; peer: string };
  synced: boolean;
  /** Undefined where it is not known what the peer has. */
  services?: EndpointCounts;
  endpoints?: EndpointCounts;
}

/** Of the readers whose istiods answer. */
export function pairsOf({ mesh, facts }: { mesh: MeshSpec; facts: MeshFacts }): Pair[] {
  return mesh.members.flatMap(({ name: reader }) => {
    const { istiodViews } = facts.members.get(reader)!;
    const answers = (istiodViews.known ? istiodViews.value : []).flatMap(({ peers }) =>
      peers.known ? [peers.value] : [],
    );
    if (answers.length === 0) return [];
    return peersOf(mesh, reader).map(({ name: peer }): Pair => {
      const views = answers.map((answer) => answer.get(peer));
      const known = views.flatMap((view) => (view?.services.known ? [view.services.value] : []));
      return {
        labels: { reader, peer },
        synced: views.every((view) => view?.state === "synced"),
        services: least(known.map(({ live, lacking }) => ({ there: live, held: live - lacking.length }))),
        endpoints: least(known.map(({ endpoints }) => endpoints)),
      };
    });
  });
}

/** That of the replica that lacks most. */
function least(counts: EndpointCounts[]): EndpointCounts | undefined {
  const lacks = ({ there, held }: EndpointCounts) => there - held;
  return counts.toSorted((a, b) => lacks(b) - lacks(a))[0];
}
