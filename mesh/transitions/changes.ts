/**
 * What a change of each key of stack config does to a mesh that runs: the one table from which the refusals are made, and docs/changes.md.
 */
import { checkRemovals } from "../removals";
import { namelessIstiod } from "./east-west";
import { unknownEvicted } from "./eviction";
import { movedIngress } from "./ingress";
import { changedRevision, droppedRevision, movedRelease, movedTag } from "./revisions";
import { skippedMinor } from "./running-istiod";
import {
  changedNetwork,
  changedTrustDomain,
  nothingToAdopt,
  ownership,
  primaryBecomesRemote,
} from "./members";
import { movedPeer, renewedToken } from "./peer-secrets";
import { changedRevocations, givenLists } from "./revocation";
import {
  changedAlgorithms,
  changedSources,
  movedCertManager,
  rebuiltClusters,
  replacedCertificates,
} from "./replaced-roots";
import type { Check } from "./step";
import { changedMode, changedRoots } from "./root-rotation";
import { unreachableMembers } from "./unreachable";

export interface Change {
  /** As in docs/configuration.md, below `mesh` or `clusters[]`; `.*` at the end: and everything below it. */
  keys: string[];
  /**
   * `safe`: one `pulumi up`, and no request between members fails by it. `steps`: only so as `what` says. `refused`: not while the mesh
   * runs.
   */
  verdict: "safe" | "steps" | "refused";
  /** What happens; the steps; or why not. Markdown. */
  what: string;
  /** What of it Weft refuses. */
  problems?: Check;
}

const rotate =
  "Rotate: add a root under a new name, `pulumi up`; let it sign, `pulumi up`; a day later, drop the old one ([trust.md](trust.md)).";
const again = "Take the member out, `pulumi up`, and add it again.";

export const changes: Change[] = [
  {
    keys: ["mesh.id", "clusters[].name"],
    verdict: "refused",
    what: "A mesh or a member cannot be renamed: its objects bear the name, and so does every identity and every endpoint that its peers know.",
    problems: ownership,
  },
  {
    keys: ["mesh.trustDomain"],
    verdict: "refused",
    what: "The identity of every workload begins with it: running proxies would refuse each other.",
    problems: changedTrustDomain,
  },
  {
    keys: ["mesh.istio.version", "mesh.istio.tag", "clusters[].istio.version"],
    verdict: "steps",
    what: "One minor version at a time, up or down, and all members at one before any goes to the next but one. istiod is replaced in place; restart the workloads afterwards. After a step back, restart those that started since: Istio supports no proxy that is newer than its istiod.",
    problems: skippedMinor,
  },
  {
    keys: ["mesh.istio.revision"],
    verdict: "refused",
    what: "The running istiod would be deleted, and the proxies that it serves would lose their control plane until they are injected again.",
    problems: (step) => [...changedRevision(step), ...movedRelease(step)],
  },
  {
    keys: ["mesh.istio.revisions"],
    verdict: "steps",
    what: "Safe to add one: it is one more istiod in each primary, and nobody uses it. One that something uses is not dropped: the refusal says what. In place of `version: X`: first `{default: X}` and the other, so that the running istiod stays ([runbook](runbooks/upgrade.md)).",
    problems: droppedRevision,
  },
  {
    keys: ["mesh.istio.tags", "clusters[].istio.tags"],
    verdict: "steps",
    what: "In place: what starts from then on gets its proxy from the other istiod, and the gateways restart one pod after the other; with a single replica, requests through it fail for a moment. Refused while that istiod is not ready in the member, or in one whose tag leads to it already. Restart the workloads afterwards.",
    problems: movedTag,
  },
  {
    keys: [
      "mesh.istio.hub",
      "mesh.istio.imagePullSecrets",
      "mesh.istio.values",
      "mesh.istio.base.values",
      "clusters[].istio.values",
      "clusters[].istio.base.values",
    ],
    verdict: "safe",
    what: "istiod restarts where its pod changes; gateways and workloads take their part when they start again. Values that define the mesh are refused, whether it runs or not.",
  },
  {
    keys: ["mesh.istio.cni", "clusters[].istio.cni"],
    verdict: "steps",
    what: "On: the plugin is on every node before istiod counts on it. Pods that run keep their init container; restart the workloads when it suits. Off: first `istio.values: {pilot: {cni: {enabled: false}}}`, `pulumi up`, restart the workloads; then without both, `pulumi up`. In one step istiod stops counting on it before it goes, but a pod that was injected with it does not start again where its node does, until it is deleted.",
  },
  {
    keys: ["mesh.istio.cni.values", "clusters[].istio.cni.values"],
    verdict: "safe",
    what: "The plugin restarts on one node after the other. Pods that run are not touched; one that starts meanwhile waits for it.",
  },
  {
    keys: ["mesh.istio.cni.namespace", "clusters[].istio.cni.namespace"],
    verdict: "steps",
    what: "Pods that run are not touched. The plugin is deleted and installed again, and what starts in between waits for it: move it while nothing is rolled out.",
  },
  {
    keys: ["mesh.istio.platform", "clusters[].istio.platform"],
    verdict: "safe",
    what: "Only to correct it: what Kubernetes runs on does not change. istiod and the gateways restart.",
  },
  {
    keys: ["mesh.eastWest.values", "clusters[].eastWest.values", "mesh.ingress.values"],
    verdict: "safe",
    what: "The gateways restart one pod after the other; with a single replica, requests through it fail for a moment. Values that the mesh needs are refused, whether it runs or not.",
  },
  {
    keys: ["mesh.istio.adoptNamespace", "clusters[].istio.adoptNamespace"],
    verdict: "steps",
    what: "Namespace `istio-system` stays as it is, either way. What changes is whose it is: Weft deletes its own when the member leaves. Refused where there is none to adopt.",
    problems: nothingToAdopt,
  },
  {
    keys: [
      "mesh.istio.namespaceLabels",
      "mesh.istio.namespaceAnnotations",
      "clusters[].istio.namespaceLabels",
      "clusters[].istio.namespaceAnnotations",
      "mesh.ingress.namespaceLabels",
      "mesh.ingress.namespaceAnnotations",
      "clusters[].ingress.namespaceLabels",
      "clusters[].ingress.namespaceAnnotations",
    ],
    verdict: "safe",
    what: "Pods that run stay. Pod Security refuses those that come later, where it does not fit them.",
  },
  {
    keys: ["mesh.istio.charts.*"],
    verdict: "safe",
    what: "The charts of the same version, from elsewhere.",
  },
  {
    keys: ["mesh.istio.crds"],
    verdict: "safe",
    what: "It says what happens when a member leaves, to those that had a `pulumi up` since.",
  },
  {
    keys: ["mesh.trust.mode"],
    verdict: "refused",
    what: "All roots would be replaced at once. A mesh gets another mode only by `pulumi destroy` and `pulumi up`.",
    problems: changedMode,
  },
  {
    keys: ["mesh.trust.algorithm", "mesh.trust.root.algorithm", "mesh.trust.roots[].algorithm"],
    verdict: "steps",
    what: `The algorithm of a root that runs stays, or it would be another root. ${rotate} In federated trust: refused.`,
    problems: changedAlgorithms,
  },
  {
    keys: ["mesh.trust.rootLifetimeDays", "mesh.trust.intermediateLifetimeDays"],
    verdict: "safe",
    what: "The certificates are reissued under their own keys. For a root, every istiod restarts.",
  },
  {
    keys: ["mesh.trust.root", "mesh.trust.root.source", "mesh.trust.roots[].source"],
    verdict: "steps",
    what: `Under its own name a root is what it is. ${rotate} To give a generated root as PEM is safe where it is the same certificate.`,
    problems: changedSources,
  },
  {
    keys: ["mesh.trust.root.certificate", "mesh.trust.roots[].certificate"],
    verdict: "steps",
    what: `One that is reissued, with the same subject and key, is safe. Another: ${rotate}`,
    problems: replacedCertificates,
  },
  {
    keys: ["mesh.trust.root.key", "mesh.trust.roots[].key"],
    verdict: "safe",
    what: "It is the key of the certificate, or refused. Without it every primary brings its own intermediate.",
  },
  {
    keys: [
      "mesh.trust.roots",
      "mesh.trust.roots[].name",
      "mesh.trust.roots[].signing",
      "clusters[].trust.trusts",
    ],
    verdict: "steps",
    what: `${rotate} In one step a bundle may grow or shrink, not both; a root signs only when all trust it.`,
    problems: changedRoots,
  },
  {
    keys: ["mesh.trust.removing"],
    verdict: "safe",
    what: "It does nothing by itself. It lets the roots that it names go in a step that would be refused, and that breaks requests for minutes.",
  },
  {
    keys: ["mesh.trust.intermediateGeneration", "clusters[].trust.intermediateGeneration"],
    verdict: "safe",
    what: "A new key and intermediate under the same root; istiod takes them while it runs. Where CRLs are published (`trust.revoked`), proxies that have not got the one of the new intermediate refuse whom it signs: for up to four minutes.",
  },
  {
    keys: ["mesh.trust.revoked", "mesh.trust.revoked[].member", "mesh.trust.revoked[].serial"],
    verdict: "steps",
    what: "Every istiod restarts when the first list comes, and the last goes. Workloads whose certificate is below a revoked intermediate are refused until they restart, or for a day ([runbooks/lost-key.md](runbooks/lost-key.md)). What is revoked stays so until it has ended.",
    problems: changedRevocations,
  },
  {
    keys: ["mesh.trust.root.crl", "mesh.trust.roots[].crl", "clusters[].trust.root.crl"],
    verdict: "steps",
    what: "A newer list, while the old one is valid. It has to name what `trust.revoked` does.",
    problems: givenLists,
  },
  {
    keys: ["mesh.trust.certManager.*"],
    verdict: "refused",
    what: "The keys of cert-manager's roots stand in its namespace. Elsewhere they would be other roots, and without `install` Weft would uninstall them. To move, rotate to a root of another source first.",
    problems: movedCertManager,
  },
  {
    keys: ["mesh.mtls"],
    verdict: "safe",
    what: "For members of the mesh. `strict` at once shuts out clients without a proxy.",
  },
  {
    keys: ["mesh.mtlsReason", "mesh.telemetry"],
    verdict: "safe",
    what: "Proxies take it while they run.",
  },
  {
    keys: [
      "mesh.remoteAccess.generation",
      "mesh.remoteAccess.renewEveryHours",
      "clusters[].remoteAccess.generation",
    ],
    verdict: "steps",
    what: "New tokens reach every reader before the old ones are revoked. Refused while a reading istiod is of a version that loses a peer by it: upgrade that one first.",
    problems: renewedToken,
  },
  {
    keys: ["mesh.remoteAccess.tokenLifetimeHours", "clusters[].remoteAccess.tokenLifetimeHours"],
    verdict: "steps",
    what: "New tokens reach every reader before the old ones are revoked; to shorten the life of tokens that end revokes none, they end by themselves. From then on `pulumi up` has to run on a schedule ([schedules.md](schedules.md)): first set that up. Refused as another `generation`.",
    problems: renewedToken,
  },
  {
    keys: ["mesh.remoteAccess.allowLoopback", "mesh.remoteAccess.allowBrokenRotation"],
    verdict: "safe",
    what: "It changes nothing by itself; it lets through what would be refused.",
  },
  {
    keys: ["clusters", "mesh.removing"],
    verdict: "steps",
    what: "Members join in any number. They leave one at a time; more than one at once, or the last primary, only when `mesh.removing` names them. In federated trust one `pulumi up` for those that join, one for those that leave.",
    problems: ({ last, mesh }) => checkRemovals(last, mesh),
  },
  {
    keys: ["mesh.evicting"],
    verdict: "steps",
    what: "For the others. Their istiods drop the member and its root, and its cluster stays as it is. Refused where something needs it still: a remote that it serves, cert-manager's roots, `membership`. See [dead-member.md](runbooks/dead-member.md).",
    problems: unknownEvicted,
  },
  {
    keys: ["mesh.tolerateUnreachable"],
    verdict: "steps",
    what: "It does nothing by itself. Where a member does not answer, the others get what is new, but no other root, and nothing that needs a change in that member. See [dead-member.md](runbooks/dead-member.md).",
    problems: unreachableMembers,
  },
  {
    keys: ["mesh.groups", "clusters[].reads"],
    verdict: "steps",
    what: "Who reads more gets the keys when the gateways are there that lead to what it reads. Who reads less loses the keys first; then go the gateways and, in federated trust, the roots that nobody needs any more. Its requests go to the members that it still reads, and fail where none of them has the Service: see to that before. In federated trust one `pulumi up` for what is added, one for what is taken away.",
    problems: changedRoots,
  },
  {
    keys: ["mesh.rebuilt"],
    verdict: "steps",
    what: "Only with `pulumi up --refresh`, as below.",
    problems: rebuiltClusters,
  },
  {
    keys: ["clusters[].context", "clusters[].kubeconfig", "clusters[].kubeconfigPath"],
    verdict: "safe",
    what: "Where it leads to the same cluster, which Weft knows by the UID of its namespace istio-system; refused where not.",
  },
  {
    keys: ["clusters[].network"],
    verdict: "refused",
    what: `Running proxies keep the network that they started with, and other networks would send requests to addresses that lead nowhere. ${again}`,
    problems: changedNetwork,
  },
  {
    keys: ["clusters[].role"],
    verdict: "refused",
    what: `A primary does not become a remote: its istiod would be deleted before the other serves its workloads. ${again} A remote may become a primary: its proxies go over to the new istiod when they connect again.`,
    problems: primaryBecomesRemote,
  },
  {
    keys: ["clusters[].primary"],
    verdict: "safe",
    what: "Proxies go over to the other istiod when they connect again.",
  },
  {
    keys: [
      "clusters[].apiServer",
      "clusters[].apiServer.url",
      "clusters[].apiServer.caData",
      "clusters[].apiServer.tlsServerName",
      "clusters[].apiServer.proxyUrl",
    ],
    verdict: "steps",
    what: "Let the old address and the new one lead there until every reader has the new. Refused while a reading istiod is of a version that loses a peer by it: upgrade that one first.",
    problems: movedPeer,
  },
  {
    keys: [
      "mesh.loadBalancer",
      "mesh.loadBalancer.network",
      "clusters[].addresses",
      "clusters[].eastWest.service.*",
      "clusters[].eastWest.addresses",
      "clusters[].eastWest.port",
    ],
    verdict: "steps",
    what: "The gateway may get another address or port: requests from other networks fail from when the old one is gone until every istiod has the new. Where both can lead to the gateway for one `pulumi up`, none fails. MetalLB's ranges: widen first, narrow later; before MetalLB goes, give the gateways another way in. Refused where a primary with remotes would be reached by the DNS name of its load balancer: that is seen before the first change only where the gateway is there already, else the `pulumi up` ends with it before the remote gets an istiod.",
    problems: namelessIstiod,
  },
  {
    keys: ["mesh.loadBalancer.version", "mesh.loadBalancer.charts.*"],
    verdict: "safe",
    what: "MetalLB is upgraded in place, and the addresses stay.",
  },
  {
    keys: ["clusters[].ingress.namespace"],
    verdict: "steps",
    what: "The gateway is deleted and created again, and its load balancer may get another address. One that stands in `istio-system` from before moves only when this says where to.",
    problems: movedIngress,
  },
  {
    keys: [
      "clusters[].ingress",
      "clusters[].ingress.values",
      "clusters[].ingress.service.*",
      "clusters[].ingress.routes.*",
    ],
    verdict: "safe",
    what: "For requests between members. What comes in from outside follows: another type of Service may mean another address.",
  },
  {
    keys: ["mesh.membership.*"],
    verdict: "safe",
    what: "What it finds no longer leaves the mesh, with the rules for members that leave.",
  },
  {
    keys: ["mesh.sample.*"],
    verdict: "safe",
    what: "Namespace `sample` comes, goes or changes, and nothing else.",
  },
  {
    keys: ["clusters[].trust.root", "clusters[].trust.root.certificate", "clusters[].trust.root.key"],
    verdict: "steps",
    what: `A member's root stays what it is, but for one that is reissued with the same subject and key. ${again}`,
    problems: (step) => [...changedSources(step), ...replacedCertificates(step)],
  },
  {
    keys: ["clusters[].trust.intermediate.*"],
    verdict: "steps",
    what: "Safe under the root that signs now; istiod takes it while it runs. Under another one: list that root first, `pulumi up`, then give the intermediate.",
    problems: changedRoots,
  },
];
