/** Helm values of Istio's base, cni and istiod charts, 1.28 to 1.31. Pure. Every value is read by a template of every version. */
import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import * as semver from "semver";
import { isMap, type HelmValues } from "../../mesh/istio-values";

/** Annotation of istiod's pods. A new value restarts istiod: the way to replace its root in a single step. */
export const trustBundleAnnotation = "weft.dev/trust-bundle";

/**
 * Annotation of the pods of an istiod that is given CRLs. istiod takes another one while it runs, but never that there is none any more
 * (SetAndNotifyCACRL in pilot/pkg/keycertbundle/watcher.go; istio#61073).
 */
const crlAnnotation = "weft.dev/crls";

export interface BaseArgs {
  role: "primary" | "remote";
  /** `istio.io/rev` of the control plane; default: the chart's, which is the one without a revision. */
  revision?: string;
  platform?: string;
}

/**
 * Values of the base chart.
 *
 * `base.validationFailurePolicy` is left alone on purpose. Helm never sets back what istiod has turned to `Fail`: from
 * 1.29 on the charts leave the field out of an upgrade, before that they do not know the value. Set to `Fail`, it would
 * refuse the first Istio objects until istiod has written its CA into the webhook; and on a remote all of them for ever,
 * because istiod writes only the injection webhook there (pilot/pkg/serviceregistry/kube/controller/multicluster.go).
 */
export function baseValues({ role, revision, platform }: BaseArgs): HelmValues {
  return compact({
    profile: role === "remote" ? "remote" : undefined,
    defaultRevision: revision,
    global: { platform },
  });
}

export type CniArgs = Pick<PrimaryArgs, "platform" | "hub" | "tag" | "imagePullSecrets">;

/** Values of the cni chart: https://istio.io/latest/docs/setup/additional-setup/cni/ */
export function cniValues({ platform, hub, tag, imagePullSecrets }: CniArgs): HelmValues {
  return compact({ global: { platform, hub, tag, imagePullSecrets } });
}

/** A gateway that Istio does not find by its Service: where other networks reach it. */
export interface NetworkGateway {
  network: string;
  /** Member that the gateway belongs to. */
  cluster: string;
  /** IP addresses or DNS names. */
  addresses: string[];
  port: number;
}

export interface PrimaryArgs {
  meshId: string;
  /** Name of the member: its cluster ID. */
  cluster: string;
  network: string;
  trustDomain: string;
  revision?: string;
  /** Without a revision, its webhooks would take what tag `default` is for. @default false */
  leavesWebhooksToTags?: boolean;
  platform?: string;
  /** Image registry and path; default: the chart's. */
  hub?: string;
  /** Image tag; default: the chart's. */
  tag?: string;
  imagePullSecrets?: string[];
  /** It serves remotes, so it takes charge of their namespaces and webhooks. */
  servesRemotes: boolean;
  /** DNS names by which remotes reach it; they go into istiod's certificate. */
  hosts?: string[];
  /** Gateways of the mesh whose addresses stack config gives. */
  gateways?: NetworkGateway[];
  /** Fingerprint of the trust bundle that istiod has to restart with. */
  bundleFingerprint?: pulumi.Input<string>;
  /** Whether its `cacerts` hold CRLs. @default false */
  hasCrls?: boolean;
  /** Whether Istio's CNI plugin is on the nodes of those whom it serves. @default false */
  hasCni?: boolean;
}

/**
 * Values of the istiod chart on a primary.
 * https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
 */
export function primaryValues(args: PrimaryArgs): HelmValues {
  return compact({
    revision: args.revision,
    global: {
      platform: args.platform,
      meshID: args.meshId,
      multiCluster: { clusterName: args.cluster },
      network: args.network,
      meshNetworks: meshNetworks(args.gateways ?? []),
      externalIstiod: args.servesRemotes || undefined,
      // What the chart leaves out then is its MutatingWebhookConfiguration, and nothing else.
      operatorManageWebhooks: args.leavesWebhooksToTags || undefined,
      hub: args.hub,
      tag: args.tag,
      imagePullSecrets: args.imagePullSecrets,
    },
    meshConfig: {
      trustDomain: args.trustDomain,
      // A proxy takes its metadata only when it starts: without this one it never learns a root added later.
      defaultConfig: { proxyMetadata: { PROXY_CONFIG_XDS_AGENT: "true" } },
    },
    pilot: {
      cni: { enabled: args.hasCni || undefined },
      env: {
        // Without it istiod refuses every change of its root (pilot/pkg/bootstrap/istio_ca.go).
        ISTIO_MULTIROOT_MESH: "true",
        // Comma-separated names for istiod's certificate (getDNSNames in pilot/pkg/bootstrap/server.go).
        ISTIOD_CUSTOM_HOST: args.hosts?.filter((host) => !isIP(host)).join(",") || undefined,
      },
      podAnnotations: {
        [trustBundleAnnotation]: args.bundleFingerprint,
        [crlAnnotation]: args.hasCrls ? "published" : undefined,
      },
    },
  });
}

/** Istio's mesh networks: https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshNetworks */
function meshNetworks(gateways: NetworkGateway[]): HelmValues {
  const networks: Record<string, { endpoints: object[]; gateways: object[] }> = {};
  for (const { network, cluster, addresses, port } of gateways) {
    const entry = (networks[network] ??= { endpoints: [], gateways: [] });
    entry.endpoints.push({ fromRegistry: cluster });
    entry.gateways.push(...addresses.map((address) => ({ address, port })));
  }
  return networks;
}

export interface RemoteArgs {
  revision?: string;
  platform?: string;
  /** Address of the primary's east-west gateway: an IP address or a DNS name. */
  remotePilotAddress: pulumi.Input<string>;
  /** `injectorValues` of that address. */
  injector: pulumi.Input<InjectorValues>;
}

/**
 * Values of the istiod chart on a remote.
 * https://istio.io/latest/docs/setup/install/multicluster/primary-remote_multi-network/
 */
export function remoteValues({ revision, platform, remotePilotAddress, injector }: RemoteArgs): HelmValues {
  return compact({
    profile: "remote",
    revision,
    istiodRemote: injector,
    global: { platform, configCluster: true, remotePilotAddress },
  });
}

export interface InjectorArgs {
  /** Name of the member: its cluster ID. */
  cluster: string;
  network: string;
  /** Version of the charts. */
  version: string;
  /** Address of the primary's east-west gateway: an IP address or a DNS name. */
  address: string;
  /** `hosts` of the primary: the DNS names in its istiod's certificate. */
  istiodHosts?: string[];
}

export type InjectorValues = { injectionPath: string } | { injectionURL: string };

/**
 * How a remote's API server reaches the istiod that injects: `istiodRemote` of the istiod chart.
 *
 * To an IP address the chart renders a Service with an EndpointSlice, which maps the webhook's 443 to 15017. To a DNS
 * name it renders an ExternalName Service, which maps no port and which API servers with aggregator routing (EKS) do not
 * follow (istio#45014). So injection then goes straight to `istiodRemote.injectionURL`, as Istio advises in the guide
 * above; the API server checks the name in the URL against istiod's certificate. Proxies still come through the Service,
 * whose 15012 is the gateway's own.
 *
 * @throws Error on an address by which the remote could not reach istiod.
 */
export function injectorValues(args: InjectorArgs): InjectorValues {
  const { cluster, network, address, istiodHosts = [] } = args;
  const family = isIP(address);
  if (family === 6 && semver.lt(args.version, "1.30.0-0")) {
    throw new Error(
      `${cluster}: the primary's east-west gateway has the IPv6 address ${address}, which Istio's charts know ` +
        `from 1.30 on, and this member has ${args.version}: give it istio.version 1.30.5 or an IPv4 address.`,
    );
  }
  if (family === 0 && !istiodHosts.includes(address)) {
    throw new Error(
      `${cluster}: the primary's east-west gateway has the DNS name ${address}, which is not in its istiod's ` +
        `certificate, so this member's API server would refuse to let istiod inject proxies. Give the primary ` +
        `eastWest.addresses: [a DNS name of yours], and point that name at ${address}.`,
    );
  }
  const injectionPath = `/inject/cluster/${cluster}/net/${network}`;
  return family ? { injectionPath } : { injectionURL: `https://${address}:15017${injectionPath}` };
}

/** Without what is not set: undefined, and maps and lists that hold nothing. */
function compact(values: HelmValues): HelmValues {
  return Object.fromEntries(
    Object.entries(values)
      .map(
        ([key, value]) =>
          [key, isMap(value) && !pulumi.Output.isInstance(value) ? compact(value) : value] as const,
      )
      .filter(([, value]) => value !== undefined && !(typeof value === "object" && isEmpty(value))),
  );
}

function isEmpty(value: object | null): boolean {
  return value !== null && Object.keys(value).length === 0;
}
