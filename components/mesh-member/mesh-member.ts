import { isAbsolute, join, relative } from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { mergeValues, type HelmValues } from "../../mesh/istio-values";
import type { HeldAccess } from "../../mesh/live-member";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import type { PeerAddress } from "../../mesh/peer-address";
import { reachedFrom } from "../../mesh/requests";
import {
  defaultRevision,
  highestVersion,
  releaseOf,
  taggedRevision,
  type Revision,
} from "../../mesh/revisions";
import { exposesIstiod } from "../../mesh/topology";
import { chartArgs } from "../chart";
import {
  istioNamespace,
  managedByWeft,
  releaseTimeoutSeconds,
  secretData,
  typeOfImported,
} from "../kubernetes";
import type { Cacerts } from "../root-ca/cacerts";
import { istioSystem } from "./istio-system";
import { RemoteAccess, type RequestToken } from "./remote-access";
import { createRevisionTag } from "./revision-tag";
import {
  baseValues,
  cniValues,
  injectorValues,
  primaryValues,
  remoteValues,
  type NetworkGateway,
} from "./istio-chart-values";

export interface MeshMemberArgs {
  mesh: MeshSpec;
  member: Member;
  /** Whether a peer reads its API. */
  isRead: boolean;
  /** Where its tokens end: what its readers have. @default nothing is known of it */
  held?: HeldAccess;
  /** Where its tokens end: gives another. */
  requestToken: RequestToken;
  /** Contents of Secret `cacerts`. */
  cacerts: Cacerts;
  /** Where and how the peers reach this member's API server. */
  address: PeerAddress;
  /**
   * The PeerSecrets of the mesh, where the root of a leaving member goes with this `up`: its key has to leave them first.
   * @default none leaves, and the bundle is changed before anything else.
   */
  exchange?: Promise<pulumi.Resource[]>;
  /** Remotes only: the primary that serves it, and the address of its istiod. */
  servedBy?: { primary: Member; address: pulumi.Output<string> };
  /** Primaries only: the CNI plugins of the remotes that it serves. @default none */
  pluginsOfRemotes?: Promise<pulumi.Resource[]>;
}

/** One cluster as a member of the mesh: its CA, its istiod or the way to that of its primary, and how its peers read it. */
export class MeshMember extends pulumi.ComponentResource {
  /** The release of Istio's CNI plugin, where it is installed. */
  readonly cni: kubernetes.helm.v3.Release | undefined;
  /** The release of the istiod that injects by default, or of what leads to the primary's. */
  readonly istiod: kubernetes.helm.v3.Release;
  /** Those of all its istiods. */
  readonly istiods: kubernetes.helm.v3.Release[];
  /** What a pod waits for that is to be injected. */
  readonly injectors: pulumi.Resource[];
  /** UID of namespace istio-system. */
  readonly uid: pulumi.Output<string>;
  /** How the peers read this member; undefined where nobody does. */
  readonly remoteAccess: RemoteAccess | undefined;

  constructor(
    private readonly name: string,
    private readonly args: MeshMemberArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("weft:mesh-member:MeshMember", name, {}, opts);
    const namespace = istioSystem(`${name}-namespace`, args, this);
    const base = this.createBase(namespace);
    const cacerts = this.createCacerts(namespace);
    this.cni = this.createCni(namespace);
    const { istiods, tags } = this.createIstiods([base, cacerts, ...(this.cni ? [this.cni] : [])]);
    this.istiods = [...istiods.values()];
    this.istiod = istiods.get(taggedRevision(args.member.istio).name)!;
    this.injectors = [...this.istiods, ...tags.values()];
    if (args.member.role === "primary") this.createMeshWideConfig();
    // The base chart creates the service account, istiod's chart what it may read. Also, a joining member so
    // learns of a peer only when the peer's istiod has taken the joining member's root.
    this.remoteAccess = this.createRemoteAccess(args.exchange === undefined ? this.istiods : [base]);

    // An annotation of stack config may be a secret, and with it to the SDK all metadata.
    this.uid = pulumi.unsecret(namespace.metadata.uid);
    this.registerOutputs();
  }

  private createBase(after: pulumi.Resource): pulumi.Resource {
    const { mesh, member } = this.args;
    const { charts, crds } = mesh.config.istio;
    const { revisions, platform, base } = member.istio;
    const revision = unlessDefault(taggedRevision(member.istio).name);
    return new kubernetes.helm.v3.Release(
      `${this.name}-base`,
      {
        name: "istio-base",
        namespace: istioNamespace,
        ...chartArgs(charts, "base", highestVersion(revisions)),
        values: mergeValues(baseValues({ role: member.role, revision, platform }), base.values),
        timeout: releaseTimeoutSeconds,
        ...(crds === "remove" ? { postrender: crdsLeaveWithRelease() } : {}),
      },
      { parent: this, dependsOn: after },
    );
  }

  private createCacerts(namespace: pulumi.Resource): pulumi.Resource {
    const { cacerts, exchange } = this.args;
    const annotations = {
      "weft.dev/roots": cacerts.roots.join(","),
      "weft.dev/signing-root": cacerts.signingRoot,
      ...(cacerts.generation > 1 && { "weft.dev/intermediate-generation": String(cacerts.generation) }),
    };
    return new kubernetes.core.v1.Secret(
      `${this.name}-cacerts`,
      { metadata: { name: "cacerts", namespace: istioNamespace, labels: managedByWeft, annotations } },
      {
        parent: this,
        transformations: [secretData(cacerts.files)],
        ignoreChanges: typeOfImported,
        // A promise only where there is one: Pulumi walks through all that its value leads to, which is the whole mesh.
        dependsOn: exchange?.then<pulumi.Resource[]>((secrets) => [namespace, ...secrets]) ?? namespace,
      },
    );
  }

  private createCni(namespace: pulumi.Resource): kubernetes.helm.v3.Release | undefined {
    const { mesh, member } = this.args;
    const { charts, hub, tag, imagePullSecrets } = mesh.config.istio;
    const { revisions, platform, cni } = member.istio;
    if (cni === undefined) return undefined;
    return new kubernetes.helm.v3.Release(
      `${this.name}-cni`,
      {
        name: "istio-cni",
        namespace: cni.namespace,
        ...chartArgs(charts, "cni", highestVersion(revisions)),
        values: mergeValues(cniValues({ platform, hub, tag, imagePullSecrets }), cni.values),
        timeout: releaseTimeoutSeconds,
      },
      // In another namespace Helm would find its cluster roles taken.
      { parent: this, dependsOn: namespace, deleteBeforeReplace: true },
    );
  }

  /**
   * Its istiods and its tags, each by name. A tag comes after the istiod that it leads to; but the one without a revision gives up its own
   * webhooks, which do what tag `default` does, and the tag takes over before.
   */
  private createIstiods(after: pulumi.Resource[]) {
    const { revisions, tags, values } = this.args.member.istio;
    const istiods = new Map<string, kubernetes.helm.v3.Release>();
    const made = new Map<string, pulumi.Resource>();
    for (const revision of revisions.filter(({ name }) => name !== defaultRevision)) {
      istiods.set(revision.name, this.createIstiod(revision, after));
    }
    for (const [tag, revision] of Object.entries(tags)) {
      const opts = { parent: this, dependsOn: istiods.get(revision) ?? after };
      made.set(tag, createRevisionTag(`${this.name}-tag-${tag}`, { tag, revision, values }, opts));
    }
    for (const revision of revisions.filter(({ name }) => name === defaultRevision)) {
      const tag = made.get(defaultRevision);
      istiods.set(revision.name, this.createIstiod(revision, tag === undefined ? after : [...after, tag]));
    }
    return { istiods, tags: made };
  }

  /** It counts on the plugins as soon as it runs. Where these go, the engine deletes them when it has stopped to. */
  private createIstiod({ name, version }: Revision, after: pulumi.Resource[]): kubernetes.helm.v3.Release {
    const { mesh, member, pluginsOfRemotes } = this.args;
    const release = releaseOf(mesh.config.istio, name);
    return new kubernetes.helm.v3.Release(
      `${this.name}-${release}`,
      {
        name: release,
        namespace: istioNamespace,
        ...chartArgs(mesh.config.istio.charts, "istiod", version),
        values: istiodValues(this.args, name),
        timeout: releaseTimeoutSeconds,
        // A remote's istiod is the primary's: there is no pod of its own to wait for.
        skipAwait: member.role === "remote",
      },
      {
        parent: this,
        dependsOn: pluginsOfRemotes?.then<pulumi.Resource[]>((plugins) => [...after, ...plugins]) ?? after,
      },
    );
  }

  /** What holds in every namespace that the istiod of this primary serves. */
  private createMeshWideConfig() {
    const { mtls, mtlsReason, telemetry } = this.args.mesh.config;
    const opts = { parent: this, dependsOn: this.istiods };
    const metadata = { namespace: istioNamespace, labels: managedByWeft };
    new kubernetes.apiextensions.CustomResource(
      `${this.name}-mtls`,
      {
        apiVersion: "security.istio.io/v1",
        kind: "PeerAuthentication",
        metadata: {
          ...metadata,
          name: "default",
          ...(mtlsReason && { annotations: { "weft.dev/permissive-reason": mtlsReason } }),
        },
        spec: { mtls: { mode: mtls.toUpperCase() } },
      },
      opts,
    );
    if (telemetry === undefined) return;
    new kubernetes.apiextensions.CustomResource(
      `${this.name}-telemetry`,
      {
        apiVersion: "telemetry.istio.io/v1",
        kind: "Telemetry",
        metadata: { ...metadata, name: "mesh-default" },
        spec: telemetry,
      },
      opts,
    );
  }

  private createRemoteAccess(after: pulumi.Resource[]): RemoteAccess | undefined {
    const { isRead, member, address, held, requestToken } = this.args;
    if (!isRead) return undefined;
    const { name: cluster, remoteAccess } = member;
    const { generation, tokenLifetimeHours: lifetimeHours } = remoteAccess;
    const ending = lifetimeHours === undefined ? undefined : { lifetimeHours, held, request: requestToken };
    return new RemoteAccess(
      `${this.name}-remote-access`,
      { cluster, address, generation, ending, after },
      { parent: this },
    );
  }
}

/**
 * Path of the post-renderer: relative to the project, where the provider runs, so that the state is the same on every
 * machine. An inline program has no project folder.
 */
function crdsLeaveWithRelease(): string {
  const script = join(__dirname, "crds-leave-with-release.sh");
  const project = pulumi.getRootDirectory();
  return isAbsolute(project) ? relative(project, script) : script;
}

const unlessDefault = (revision: string) => (revision === defaultRevision ? undefined : revision);

function istiodValues({ mesh, member, cacerts, servedBy }: MeshMemberArgs, name: string): HelmValues {
  const { hub, tag, imagePullSecrets } = mesh.config.istio;
  const revision = unlessDefault(name);
  const ours =
    servedBy === undefined
      ? primaryValues({
          meshId: mesh.config.id,
          cluster: member.name,
          network: member.network,
          trustDomain: mesh.config.trustDomain,
          revision,
          leavesWebhooksToTags: revision === undefined && member.istio.tags[defaultRevision] !== undefined,
          platform: member.istio.platform,
          hub,
          tag,
          imagePullSecrets,
          servesRemotes: exposesIstiod(mesh, member.name),
          hosts: member.eastWest.addresses,
          gateways: fixedGateways(mesh, member),
          bundleFingerprint: cacerts.fingerprint,
          hasCrls: cacerts.hasCrls,
          hasCni: member.istio.cni !== undefined,
        })
      : remoteValues({
          revision,
          platform: member.istio.platform,
          remotePilotAddress: servedBy.address,
          injector: servedBy.address.apply((address) =>
            injectorValues({
              cluster: member.name,
              network: member.network,
              version: member.istio.version,
              address,
              istiodHosts: servedBy.primary.eastWest.addresses,
            }),
          ),
        });
  return mergeValues(ours, member.istio.values);
}

/** The gateways, of those that the primary's istiod knows, whose address is written in stack config, not given by a load balancer. */
function fixedGateways(mesh: MeshSpec, primary: Member): NetworkGateway[] {
  return reachedFrom(mesh, primary.name)
    .filter(({ eastWest }) => eastWest.addresses.length > 0)
    .map(({ name, network, eastWest: { addresses, port } }) => ({ network, cluster: name, addresses, port }));
}
