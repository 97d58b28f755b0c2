/**
 * Who waits for whom: the members of a mesh as far as one needs another. What nothing here holds back is made side by side, and what no
 * member has any more is deleted after all else.
 */
import type { LiveMember } from "./live-member";
import type { Member, MeshSpec } from "./mesh-spec";
import type { IngressConfig } from "./schema";
import { answering } from "./requests";
import { dropsRoot } from "./roots";
import { needsEastWestGateway, peersOf, primaries, readersOf, remotesOf } from "./topology";

export interface Plan {
  /** Each with the remotes that it serves: together every member once. */
  primaries: PrimaryPlan[];
  /**
   * What changes first, where both do.
   * - `trust`: a PeerSecret waits for its own istiod, and a token for the istiod of the member that is read. A renewed token never meets
   *   an istiod that is about to be upgraded, and a joining member learns of a peer only when the peer's istiod has taken its root.
   * - `exchange`: the bundles, and so the istiods, of all members wait for all PeerSecrets. A root leaves the bundles of federated trust,
   *   and its member's key has to leave the PeerSecrets before.
   */
  first: "trust" | "exchange";
}

export interface MemberPlan {
  member: Member;
  /** Whether a primary reads its API, with a token of its own. */
  isRead: boolean;
  /** Its gateways, in steps: those of one step wait for the steps before, and all of them for what injects their pods. */
  gateways: Gateway[][];
}

export type Gateway = { kind: "eastWest" } | { kind: "ingress"; ingress: IngressConfig };

export interface PrimaryPlan extends MemberPlan {
  /** Names of the peers whose tokens its PeerSecret waits for. Without one, it has no PeerSecret. */
  reads: string[];
  /** Names of primaries of which its PeerSecret waits for more. */
  readsAfter: {
    /**
     * For the east-west gateway, where that has no address yet: it leads to what is read on another network. Without it istiod takes the
     * endpoints there for reachable (EndpointsByNetworkFilter in pilot/pkg/xds/endpoints/ep_filters.go). A gateway that stands is not
     * waited for: a change of it that fails holds nobody back.
     */
    gateways: string[];
    /** For the istiod: it is not read, but answers through the gateway of another, and has to take the reader's root before. */
    istiods: string[];
  };
  /**
   * Remotes whose istiod waits for the address of its east-west gateway, and whose gateways for its PeerSecret: it injects their pods
   * only when it knows their clusters.
   */
  serves: MemberPlan[];
}

/** @param live what is there before the `up`. It decides about order alone, never about what is made. */
export function planOf(mesh: MeshSpec, live: LiveMember[]): Plan {
  const memberPlan = (member: Member): MemberPlan => ({
    member,
    isRead: readersOf(mesh, member.name).length > 0,
    gateways: gatewaysOf(mesh, member),
  });
  const first = dropsRoot(live, mesh) ? "exchange" : "trust";
  return {
    primaries: primaries(mesh).map((primary) => ({
      ...memberPlan(primary),
      reads: peersOf(mesh, primary.name).map(({ name }) => name),
      readsAfter: first === "trust" ? readsAfter(mesh, live, primary) : { gateways: [], istiods: [] },
      serves: remotesOf(mesh, primary.name).map(memberPlan),
    })),
    first,
  };
}

function readsAfter(
  mesh: MeshSpec,
  live: LiveMember[],
  { name, network }: Member,
): PrimaryPlan["readsAfter"] {
  const peers = peersOf(mesh, name);
  const asking = [name, ...remotesOf(mesh, name).map((remote) => remote.name)];
  const answers = asking.flatMap((from) => answering(mesh, from).map(({ primary }) => primary));
  return {
    gateways: peers
      .filter((peer) => peer.role === "primary" && peer.network !== network && !hasGateway(live, peer))
      .map((peer) => peer.name),
    istiods:
      mesh.config.trust.mode === "shared"
        ? []
        : [...new Set(answers)].filter(
            (issuer) => issuer !== name && !peers.some((peer) => peer.name === issuer),
          ),
  };
}

/** Whether its east-west gateway can be reached before this `up`. */
function hasGateway(live: LiveMember[], { name, eastWest: { addresses } }: Member): boolean {
  const eastWest = live.find((now) => now.name === name)?.eastWest;
  return eastWest !== undefined && (eastWest.address !== undefined || addresses.length > 0);
}

/**
 * A gateway with fixed node ports comes first: among those that Kubernetes chooses for the other could be one of them, and a Service
 * does not get a node port that another has.
 */
function gatewaysOf(mesh: MeshSpec, { name, ingress: config, eastWest }: Member): Gateway[][] {
  const between: Gateway[] = needsEastWestGateway(mesh, name) ? [{ kind: "eastWest" }] : [];
  const inwards: Gateway[] = config === undefined ? [] : [{ kind: "ingress", ingress: config }];
  const steps =
    config?.service.nodePorts !== undefined
      ? [inwards, between]
      : eastWest.service.type === "NodePort"
        ? [between, inwards]
        : [[...between, ...inwards]];
  return steps.filter((step) => step.length > 0);
}
