/** A mesh as Istio's Helm guide for two primaries on two networks leaves it. */
import type { HelmValues } from "../../../mesh/istio-values";
import { parseMesh } from "../../../mesh/parse";
import { adoption, type Adoption, type Written } from "../../../operate/adopt/adoption";
import type { FoundMember } from "../../../operate/adopt/found";
import { authority, type Authority } from "../../mesh/authorities";

export interface ByHand {
  root: Authority;
  found: Map<string, FoundMember>;
  written: Written;
  of(name: string): FoundMember;
  /** Changes Helm values of a member's release. */
  give(name: string, release: string, change: (values: HelmValues) => HelmValues): void;
  adopted(): Adoption;
}

/** https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/, by Helm */
export async function byHand(names = ["east", "west"]): Promise<ByHand> {
  const root = await authority("Root CA", { to: "2036-01-01" });
  const found = new Map<string, FoundMember>();
  for (const name of names) {
    const network = `${name}-network`;
    const intermediate = await authority(`${name} CA`, { issuer: root, pathLength: 0 });
    found.set(name, {
      kubectl: `kubectl --context prod-${name}`,
      server: `https://${name}.example:6443`,
      namespace: {
        labels: { "kubernetes.io/metadata.name": "istio-system", "topology.istio.io/network": network },
        annotations: {},
      },
      releases: [
        { name: "istio-base", chart: "base", version: "1.30.5", status: "deployed", values: {} },
        {
          name: "istio-eastwestgateway",
          chart: "gateway",
          version: "1.30.5",
          status: "deployed",
          values: { name: "istio-eastwestgateway", networkGateway: network },
        },
        {
          name: "istiod",
          chart: "istiod",
          version: "1.30.5",
          status: "deployed",
          values: { global: { meshID: "mesh1", multiCluster: { clusterName: name }, network } },
        },
      ],
      istiods: { istiod: 2 },
      cacerts: {
        certificate: intermediate.certificate,
        key: intermediate.key,
        chain: `${intermediate.certificate}\n${root.certificate}`,
        bundle: root.certificate,
        others: [],
      },
      remoteSecrets: names
        .filter((peer) => peer !== name)
        .map((peer) => ({
          name: `istio-remote-secret-${peer}`,
          clusters: { [peer]: { server: `https://${peer}.example:6443` } },
        })),
      objects: [
        "Secret cacerts",
        "Secret istio-reader-service-account-istio-remote-secret-token",
        "Service istio-eastwestgateway",
        "Gateway cross-network-gateway",
      ],
    });
  }
  const written: Written = { mesh: {}, clusters: names.map((name) => ({ name, context: `prod-${name}` })) };
  const of = (name: string) => found.get(name)!;
  const mesh: ByHand = {
    root,
    found,
    written,
    of,
    give: (name, release, change) => {
      const it = of(name).releases.find((candidate) => candidate.name === release)!;
      it.values = change(it.values);
    },
    adopted: () => adoption(parseMesh(mesh.written), found, mesh.written),
  };
  return mesh;
}

/** The certificate as it stands in stack config: the block alone. */
export const block = (pem: string) => pem.trim();
