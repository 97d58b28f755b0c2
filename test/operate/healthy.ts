/** The facts of a healthy mesh, for tests to break one of. */
import type { MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import type { StackInput } from "../../mesh/schema";
import {
  known,
  unknown,
  type CredentialFacts,
  type MemberFacts,
  type MeshFacts,
  type PeerView,
} from "../../operate/facts/facts";
import { peersOf } from "../../mesh/topology";
import { crlOf, type CrlArgs } from "../../components/root-ca/crl";
import { joinPem } from "../../mesh/pem";
import { authority, now, type Authority } from "../mesh/authorities";

export { now } from "../mesh/authorities";

/** Two primaries and a remote of the first, each on a network of its own. */
export const input: StackInput = {
  mesh: { istio: { version: "1.30.5" } },
  clusters: [
    { name: "one", context: "one", network: "n1" },
    { name: "three", context: "three", network: "n3", role: "remote", primary: "one" },
    { name: "two", context: "two", network: "n2" },
  ],
};

export interface Sample {
  mesh: MeshSpec;
  root: Authority;
  /** By member. */
  intermediates: Map<string, Authority>;
  facts: MeshFacts & { members: Map<string, MemberFacts>; credentials: Map<string, CredentialFacts> };
  of(name: string): MemberFacts;
}

/** The view of an istiod on a peer of which it lacks these of three Services, with two endpoints each. */
export function synced(...lacking: string[]): PeerView {
  const endpoints = { there: 6, held: 6 - 2 * lacking.length };
  return { state: "synced", services: known({ live: 3, lacking, endpoints }) };
}

export async function healthy(stack: StackInput = input): Promise<Sample> {
  const mesh = parseMesh(stack);
  const root = await authority("root");
  const members = new Map<string, MemberFacts>();
  const credentials = new Map<string, CredentialFacts>();
  const intermediates = new Map<string, Authority>();
  for (const [index, member] of mesh.members.entries()) {
    const { name, network, role, primary } = member;
    const intermediate = await authority(`${name}-ca`, { issuer: root, to: "2026-12-01" });
    intermediates.set(name, intermediate);
    const isPrimary = role === "primary";
    const peers = peersOf(mesh, name);
    const servesRemotes = mesh.members.some((other) => other.role === "remote" && other.primary === name);
    credentials.set(`hash-${name}`, {
      usable: true,
      server: `https://${name}:6443`,
      rights: known({ authenticated: true, lacking: [], excess: [] }),
    });
    const target = {
      service: "istiod",
      namespace: "istio-system",
      path: isPrimary ? "/inject" : `/inject/cluster/${name}/net/${network}`,
    };
    const hook = { configuration: "istio-sidecar-injector", name: "rev", hasCaBundle: true, target };
    const validator = { ...hook, configuration: "istio-validator", target: { ...target, path: "/validate" } };
    const primaryIndex = mesh.members.findIndex((other) => other.name === primary);
    members.set(name, {
      kubectl: `kubectl --context ${name}`,
      api: { reachable: true, version: "1.34.2" },
      networkLabel: known(network),
      networkValue: known(isPrimary ? network : undefined),
      istiods: known(isPrimary ? [{ name: "istiod", version: "1.30.5", replicas: 2, ready: 2 }] : []),
      cacerts: known({
        missing: [],
        certificate: intermediate.certificate,
        chain: `${intermediate.certificate}${root.certificate}`,
        bundle: root.certificate,
        crls: "",
        keyFits: true,
      }),
      revisions: known(undefined),
      servedCrls: known(undefined),
      peerKeys: known(
        peers.map((peer) => ({
          cluster: peer.name,
          secret: "weft-peers",
          credentials: `hash-${peer.name}`,
        })),
      ),
      gateway: known({
        type: "LoadBalancer",
        network,
        addresses: [`192.0.2.${index}`],
        ports: [15021, 15443, 15012, 15017],
      }),
      istioGateways: known(
        isPrimary
          ? {
              "cross-network-gateway": {
                selector: { istio: "eastwestgateway" },
                servers: [{ port: 15443, protocol: "TLS", mode: "AUTO_PASSTHROUGH", hosts: ["*.local"] }],
              },
              ...(servesRemotes
                ? {
                    "istiod-gateway": {
                      selector: { istio: "eastwestgateway" },
                      servers: [15012, 15017].map((port) => ({
                        port,
                        protocol: "TLS",
                        mode: "PASSTHROUGH",
                        hosts: ["*"],
                      })),
                    },
                  }
                : {}),
            }
          : {},
      ),
      istiodRoute: known(
        servesRemotes
          ? {
              gateways: ["istiod-gateway"],
              destinations: {
                15012: "istiod.istio-system.svc.cluster.local:15012",
                15017: "istiod.istio-system.svc.cluster.local:443",
              },
            }
          : undefined,
      ),
      webhooks: known([
        { ...hook, kind: "injection" as const },
        { ...validator, kind: "validation" as const },
      ]),
      endpoints: known({ istiod: [isPrimary ? "10.0.0.1" : `192.0.2.${primaryIndex}`] }),
      istiodViews: isPrimary
        ? known([
            {
              pod: "istiod-1",
              deployment: "istiod",
              peers: known(new Map(peers.map((peer) => [peer.name, synced()]))),
            },
          ])
        : unknown("no istiod was asked"),
      handshake: known({ outcome: "trusted" }),
    });
  }
  return { mesh, root, intermediates, facts: { members, credentials }, of: (name) => members.get(name)! };
}

/** PEM of the CRL of a CA, for a hundred days. */
export function crlOfNow({ certificate, key }: Authority, more: Partial<CrlArgs> = {}): Promise<string> {
  return crlOf({ certificate, key, serials: [], before: "", lifetimeDays: 100, now, ...more });
}

/** Gives every member the CRLs of the root and of all members, as Weft writes and istiod serves them. */
export async function publishCrls(sample: Sample, ofRoot: Partial<CrlArgs> = {}): Promise<void> {
  const members = [...sample.intermediates.values()].map((ca) => crlOfNow(ca));
  const text = joinPem([await crlOfNow(sample.root, ofRoot), ...(await Promise.all(members))]);
  for (const facts of sample.facts.members.values()) {
    if (facts.cacerts.known && facts.cacerts.value !== undefined) facts.cacerts.value.crls = text;
    facts.servedCrls = known(text);
  }
}
