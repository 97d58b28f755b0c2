/** What an API server accepts and refuses with the CRDs of Istio's charts. */
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { CoreV1Api, KubernetesObjectApi, type KubernetesObject } from "@kubernetes/client-node";
import { startLab, stopLab } from "../../lab/control-plane";
import { ensureToolchain } from "../../lab/toolchain";
import { chartSets } from "./charts";
import { eventually } from "./eventually";
import { kubeConfig, namespace, statusOf } from "./harness";

jest.setTimeout(600_000);

const port = { number: 15443, name: "tls", protocol: "TLS" };
const route = [{ destination: { host: "istiod.istio-system.svc.cluster.local", port: { number: 443 } } }];

const object = (apiVersion: string, kind: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name: "try", namespace, labels: { "istio.io/rev": "default" } },
  spec,
});
const gateway = (server: object) =>
  object("networking.istio.io/v1", "Gateway", { selector: { istio: "eastwestgateway" }, servers: [server] });
const virtualService = (spec: object) =>
  object("networking.istio.io/v1", "VirtualService", { hosts: ["*"], gateways: ["try"], ...spec });
const peerAuthentication = (spec: object) => object("security.istio.io/v1", "PeerAuthentication", spec);

const right: [string, KubernetesObject][] = [
  ["cross-network Gateway", gateway({ port, tls: { mode: "AUTO_PASSTHROUGH" }, hosts: ["*.local"] })],
  [
    "VirtualService to istiod",
    virtualService({ tls: [{ match: [{ port: 15017, sniHosts: ["*"] }], route }] }),
  ],
  [
    "VirtualService of an ingress",
    virtualService({ http: [{ match: [{ uri: { prefix: "/hello" } }], route }] }),
  ],
  ["PeerAuthentication", peerAuthentication({ mtls: { mode: "STRICT" } })],
  ...["v1beta1", "v1alpha3"].map((version): [string, KubernetesObject] => [
    `Gateway of ${version}`,
    object(`networking.istio.io/${version}`, "Gateway", { servers: [{ port, hosts: ["*"] }] }),
  ]),
  ["Telemetry", object("telemetry.istio.io/v1", "Telemetry", { accessLogging: [{ disabled: true }] })],
];

const wrong: [string, KubernetesObject][] = [
  ["Gateway without hosts", gateway({ port })],
  ["Gateway whose port has no name", gateway({ port: { number: 1, protocol: "TLS" }, hosts: ["*"] })],
  ["Gateway whose port is a word", gateway({ port: { ...port, number: "tls" }, hosts: ["*"] })],
  ["Gateway of an unknown TLS mode", gateway({ port, tls: { mode: "PASSTHRU" }, hosts: ["*"] })],
  ["VirtualService without SNI hosts", virtualService({ tls: [{ match: [{ port: 15017 }], route }] })],
  ["VirtualService to no host", virtualService({ http: [{ route: [{ destination: { subset: "v1" } }] }] })],
  [
    "VirtualService whose port is negative",
    virtualService({ tcp: [{ route: [{ destination: { host: "a", port: { number: -1 } } }] }] }),
  ],
  ["PeerAuthentication in lower case", peerAuthentication({ mtls: { mode: "strict" } })],
  [
    "PeerAuthentication with ports of everything",
    peerAuthentication({ portLevelMtls: { "80": { mode: "DISABLE" } } }),
  ],
];

const dir = fs.mkdtemp(path.join(os.tmpdir(), "weft-charts-"));
let objects: KubernetesObjectApi;
let install: (chart: string, values: object) => Promise<void>;

beforeAll(async () => {
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  const { helm } = await ensureToolchain(["helm"], { report });
  const [cluster] = await startLab({ dir: await dir, clusters: ["charts"], report });
  const config = kubeConfig(cluster!.kubeconfig);
  objects = KubernetesObjectApi.makeApiClient(config);
  await config.makeApiClient(CoreV1Api).createNamespace({ body: { metadata: { name: namespace } } });
  install = async (chart, values) => {
    const args = ["upgrade", "--install", "istio-base", chart, "-n", namespace, "--wait", "--values", "-"];
    const run = promisify(execFile)(helm, [...args, "--kubeconfig", cluster!.kubeconfig]);
    run.child.stdin?.end(JSON.stringify(values));
    await run;
  };
});

afterAll(async () => {
  await stopLab(await dir);
  await fs.rm(await dir, { recursive: true, force: true });
});

/** Asked of the API server without keeping the object. */
const attempt = (wanted: KubernetesObject) => statusOf(objects.create(wanted, undefined, "All"));

describe.each(chartSets)("with the CRDs of the charts %s, the API server", (_name, charts) => {
  // Without a default revision the chart renders no webhook, which nobody would answer here.
  beforeAll(async () => {
    await install(path.join(await charts(), "base"), { defaultRevision: "" });
    // A kind whose CRD is established is served a moment later; until then the client does not know it, or is told 404.
    const isServed = (wanted: KubernetesObject) =>
      attempt(wanted).then(
        (status) => status !== 404,
        () => false,
      );
    for (const [, wanted] of right) await eventually(() => isServed(wanted));
  });

  it.each(right)("accepts a %s", async (_name, wanted) => {
    expect(await attempt(wanted)).toBe(200);
  });

  it.each(wrong)("refuses a %s", async (_name, wanted) => {
    expect(await attempt(wanted)).toBe(422);
  });
});
