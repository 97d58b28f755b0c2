import { isAbsolute, join, relative } from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { mergeValues, type HelmValues } from "../../mesh/istio-values";
import type { HeldAccess } from "../../mesh/live-member";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import type { PeerAddress } from "../../mesh/peer-address";
import { reachedFrom } from "../../mesh/requests";
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
import {
  baseValues,
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
}

/** One cluster as a member of the mesh: its CA, its istiod or the way to that of its primary, and how its peers read it. */
export class MeshMember extends pulumi.ComponentResource {
  /** The release of istiod, or of what leads to the primary's. */
  readonly istiod: kubernetes.helm.v3.Release;
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
    this.istiod = this.createIstiod([base, cacerts]);
    if (args.member.role === "primary") this.createMeshWideConfig();
    // The base chart creates the service account, istiod's chart what it may read. Also, a joining member so
    // learns of a peer only when the peer's istiod has taken the joining member's root.
    this.remoteAccess = this.createRemoteAccess(args.exchange === undefined ? this.istiod : base);

    // An annotation of stack config may be a secret, and with it to the SDK all metadata.
    this.uid = pulumi.unsecret(namespace.metadata.uid);
    this.registerOutputs();
  }

  private createBase(after: pulumi.Resource): pulumi.Resource {
    const { mesh, member } = this.args;
    const { charts, revision, crds } = mesh.config.istio;
    const { version, platform, base } = member.istio;
    return new kubernetes.helm.v3.Release(
      `${this.name}-base`,
      {
        name: "istio-base",
        namespace: istioNamespace,
        ...chartArgs(charts, "base", version),
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

  private createIstiod(after: pulumi.Resource[]): kubernetes.helm.v3.Release {
    const { mesh, member } = this.args;
    return new kubernetes.helm.v3.Release(
      `${this.name}-istiod`,
      {
        name: "istiod",
        namespace: istioNamespace,
        ...chartArgs(mesh.config.istio.charts, "istiod", member.istio.version),
        values: istiodValues(this.args),
        timeout: releaseTimeoutSeconds,
        // A remote's istiod is the primary's: there is no pod of its own to wait for.
        skipAwait: member.role === "remote",
      },
      { parent: this, dependsOn: after },
    );
  }

  /** What holds in every namespace that the istiod of this primary serves. */
  private createMeshWideConfig() {
    const { mtls, mtlsReason, telemetry } = this.args.mesh.config;
    const opts = { parent: this, dependsOn: this.istiod };
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

  private createRemoteAccess(after: pulumi.Resource): RemoteAccess | undefined {
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

function istiodValues({ mesh, member, cacerts, servedBy }: MeshMemberArgs): HelmValues {
  const { revision, hub, tag, imagePullSecrets } = mesh.config.istio;
  const ours =
    servedBy === undefined
      ? primaryValues({
          meshId: mesh.config.id,
          cluster: member.name,
          network: member.network,
          trustDomain: mesh.config.trustDomain,
          revision,
          platform: member.istio.platform,
          hub,
          tag,
          imagePullSecrets,
          servesRemotes: exposesIstiod(mesh, member.name),
          hosts: member.eastWest.addresses,
          gateways: fixedGateways(mesh, member),
          bundleFingerprint: cacerts.fingerprint,
          hasCrls: cacerts.hasCrls,
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
