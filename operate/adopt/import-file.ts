/** What `pulumi import --file` takes: https://www.pulumi.com/docs/iac/adopting-pulumi/import/#bulk-import-operations. Pure. */
import { eastWestName } from "../../components/gateway/gateway-chart-values";
import { istioNamespace } from "../../components/kubernetes";
import { providerSettings } from "../../components/providers";
import type { Member } from "../../mesh/mesh-spec";
import type { AdoptedMember } from "./adoption";

interface ImportedResource {
  type: string;
  name: string;
  id?: string;
  parent?: string;
  provider?: string;
  /** Of the provider. */
  version?: string;
  component?: true;
}

export interface ImportFile {
  /** Providers by the name that the resources have for them. */
  nameTable: Record<string, string>;
  resources: ImportedResource[];
  /** What the providers are made with: they are not in the state yet. Known to Pulumi since 3.231.0. */
  providerInputs: Record<string, Record<string, unknown>>;
}

export interface ImportFileArgs {
  members: AdoptedMember[];
  /** Name of the stack: `t` of `org/weft/t`. */
  stack: string;
  /** Name of the project. */
  project: string;
  /** Version of the kubernetes provider, as the program has it. */
  version: string;
}

/**
 * Every object and release that the program makes in a mesh, as far as it is there: by the names and at the places that
 * components/ gives them.
 */
export function importFile({ members, stack, project, version }: ImportFileArgs): ImportFile {
  const entries = members.map(({ member }) => [providerOf(member), member] as const);
  return {
    nameTable: Object.fromEntries(
      entries.map(([provider, { name }]) => [
        provider,
        `urn:pulumi:${stack}::${project}::pulumi:providers:kubernetes::${name}`,
      ]),
    ),
    resources: [
      { type: "weft:mesh:Mesh", name: mesh, component: true },
      ...members.flatMap((member) => resourcesOf(member, version)),
    ],
    providerInputs: Object.fromEntries(
      entries.map(([provider, member]) => [provider, { ...providerInputs(member), version }]),
    ),
  };
}

const mesh = "mesh";
const providerOf = ({ name }: Member) => `kubernetes-${name}`;

function resourcesOf({ member, found, releases }: AdoptedMember, version: string): ImportedResource[] {
  const name = `${mesh}-${member.name}`;
  const component = (type: string, own: string, parent: string): ImportedResource => ({
    type,
    name: own,
    parent,
    component: true,
  });
  const custom = (type: string, own: string, parent: string, object: string, namespace?: string) => ({
    type: `kubernetes:${type}`,
    name: own,
    id: namespace === undefined ? object : `${namespace}/${object}`,
    parent,
    provider: providerOf(member),
    version,
  });
  const inIstioSystem = (type: string, own: string, parent: string, object: string) =>
    custom(type, own, parent, object, istioNamespace);
  /** A component, where anything of it is there. */
  const below = (type: string, own: string, children: ImportedResource[]) =>
    children.length > 0 ? [component(type, own, name), ...children] : [];
  const where = (object: string, ...resources: ImportedResource[]) =>
    found.objects.includes(object) ? resources : [];

  const release = "helm.sh/v3:Release";
  const [eastWest, peers, access] = [`${name}-eastwest`, `${name}-peers`, `${name}-remote-access`];
  return [
    component("weft:mesh-member:MeshMember", name, mesh),
    custom("core/v1:Namespace", `${name}-namespace`, name, istioNamespace),
    inIstioSystem("core/v1:Secret", `${name}-cacerts`, name, "cacerts"),
    inIstioSystem(release, `${name}-base`, name, releases.base.name),
    inIstioSystem(release, `${name}-istiod`, name, releases.istiod.name),
    ...where(
      "PeerAuthentication default",
      inIstioSystem("security.istio.io/v1:PeerAuthentication", `${name}-mtls`, name, "default"),
    ),
    ...where(
      "Telemetry mesh-default",
      inIstioSystem("telemetry.istio.io/v1:Telemetry", `${name}-telemetry`, name, "mesh-default"),
    ),
    ...below("weft:gateway:EastWestGateway", eastWest, [
      ...(releases.eastWest === undefined
        ? []
        : [inIstioSystem(release, `${eastWest}-release`, eastWest, eastWestName)]),
      ...where(
        "Gateway cross-network-gateway",
        inIstioSystem(
          "networking.istio.io/v1:Gateway",
          `${eastWest}-cross-network`,
          eastWest,
          "cross-network-gateway",
        ),
      ),
    ]),
    // Of a mesh that was scripted after Weft's own, or that Weft made and whose state is lost.
    ...below(
      "weft:mesh-member:PeerSecret",
      peers,
      where("Secret weft-peers", inIstioSystem("core/v1:Secret", `${peers}-0`, peers, "weft-peers")),
    ),
    ...below(
      "weft:mesh-member:RemoteAccess",
      access,
      where(
        `Secret weft-reader-token-${member.remoteAccess.generation}`,
        inIstioSystem(
          "core/v1:Secret",
          `${access}-token-${member.remoteAccess.generation}`,
          access,
          `weft-reader-token-${member.remoteAccess.generation}`,
        ),
      ),
    ),
  ];
}

/**
 * As the program makes the provider, but for the kubeconfig: a path of it, where there is one, so that no credentials stand in this file.
 * The same `clusterIdentifier` keeps the provider, and all below it, when the first `up` gives it the contents.
 */
function providerInputs({ name, context, kubeconfig, kubeconfigPath }: Member): Record<string, unknown> {
  // The SDK hands what is no text to a provider as JSON.
  const settings = Object.entries(providerSettings(name)).map(([key, value]) => [key, String(value)]);
  return {
    ...(context !== undefined && { context }),
    ...(kubeconfigPath !== undefined && { kubeconfig: kubeconfigPath }),
    ...(kubeconfig !== undefined && { kubeconfig: secret(kubeconfig) }),
    ...(Object.fromEntries(settings) as Record<string, string>),
  };
}

/** As the engine writes secrets: `PropertyValue` in sdk/go/common/apitype. */
function secret(value: string) {
  return {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
  };
}
