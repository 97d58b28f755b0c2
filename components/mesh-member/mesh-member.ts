import { isAbsolute, join, relative } from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { mergeValues, type HelmValues } from "../../mesh/istio-values";
import type { Member, Mesh } from "../../mesh/mesh-spec";
import type { PeerAddress } from "../../mesh/peer-address";
import { exposesIstiod, readersOf } from "../../mesh/topology";
import { chartArgs } from "../chart";
import { istioNamespace, managedByWeft, releaseTimeoutSeconds, secretKeys } from "../kubernetes";
import type { Cacerts } from "../root-ca/cacerts";
import { istioSystem } from "./istio-system";
import { RemoteAccess } from "./remote-access";
import { baseValues, injectorValues, primaryValues, remoteValues, type NetworkGateway } from "./istio-chart-values";

export interface MeshMemberArgs {
  mesh: Mesh;
  member: Member;
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

  constructor(name: string, args: MeshMemberArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:mesh-member:MeshMember", name, {}, opts);
    const { mesh, member, cacerts, address, exchange } = args;
    const { charts } = mesh.config.istio;
    const isPrimary = member.role === "primary";

    const namespace = istioSystem(`${name}-namespace`, args, this);
    this.uid = namespace.metadata.uid;

    const ca = new kubernetes.core.v1.Secret(
      `${name}-cacerts`,
      {
        metadata: {
          name: "cacerts",
          namespace: istioNamespace,
          labels: managedByWeft,
          annotations: {
            "weft.dev/roots": cacerts.roots.join(","),
            "weft.dev/signing-root": cacerts.signingRoot,
          },
        },
      },
      {
        parent: this,
        transformations: [secretKeys(cacerts.files)],
        dependsOn: Promise.resolve(exchange ?? []).then<pulumi.Resource[]>((secrets) => [
          namespace,
          ...secrets,
        ]),
      },
    );

    const base = new kubernetes.helm.v3.Release(
      `${name}-base`,
      {
        name: "istio-base",
        namespace: istioNamespace,
        ...chartArgs(charts, "base", member.istio.version),
        values: mergeValues(
          baseValues({
            role: member.role,
            revision: mesh.config.istio.revision,
            platform: member.istio.platform,
          }),
          member.istio.base.values,
        ),
        timeout: releaseTimeoutSeconds,
        ...(mesh.config.istio.crds === "remove" ? { postrender: crdsLeaveWithRelease() } : {}),
      },
      { parent: this, dependsOn: namespace },
    );

    this.istiod = new kubernetes.helm.v3.Release(
      `${name}-istiod`,
      {
        name: "istiod",
        namespace: istioNamespace,
        ...chartArgs(charts, "istiod", member.istio.version),
        values: istiodValues(args),
        timeout: releaseTimeoutSeconds,
        // A remote's istiod is the primary's: there is no pod of its own to wait for.
        skipAwait: !isPrimary,
      },
      { parent: this, dependsOn: [base, ca] },
    );

    if (isPrimary) {
      new kubernetes.apiextensions.CustomResource(
        `${name}-mtls`,
        {
          apiVersion: "security.istio.io/v1",
          kind: "PeerAuthentication",
          metadata: {
            name: "default",
            namespace: istioNamespace,
            labels: managedByWeft,
            ...(mesh.config.mtlsReason && {
              annotations: { "weft.dev/permissive-reason": mesh.config.mtlsReason },
            }),
          },
          spec: { mtls: { mode: mesh.config.mtls.toUpperCase() } },
        },
        { parent: this, dependsOn: this.istiod },
      );
    }

    if (isPrimary && mesh.config.telemetry !== undefined) {
      new kubernetes.apiextensions.CustomResource(
        `${name}-telemetry`,
        {
          apiVersion: "telemetry.istio.io/v1",
          kind: "Telemetry",
          metadata: { name: "mesh-default", namespace: istioNamespace, labels: managedByWeft },
          spec: mesh.config.telemetry,
        },
        { parent: this, dependsOn: this.istiod },
      );
    }

    if (readersOf(mesh, member.name).length > 0) {
      this.remoteAccess = new RemoteAccess(
        `${name}-remote-access`,
        {
          cluster: member.name,
          address,
          generation: member.remoteAccess.generation,
          // The base chart creates the service account, istiod's chart what it may read. Also, a joining member so
          // learns of a peer only when the peer's istiod has taken the joining member's root.
          after: exchange === undefined ? this.istiod : base,
        },
        { parent: this },
      );
    }
    this.registerOutputs();
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
          gateways: fixedGateways(mesh),
          bundleFingerprint: cacerts.fingerprint,
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

/** The gateways whose address is written in stack config, not given by a load balancer. */
function fixedGateways(mesh: Mesh): NetworkGateway[] {
  return mesh.members
    .filter(({ eastWest }) => eastWest.addresses.length > 0)
    .map(({ name, network, eastWest: { addresses, port } }) => ({ network, cluster: name, addresses, port }));
}
