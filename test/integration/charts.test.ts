/**
 * Helm values against Istio's charts: every value is read. Always by those of the two versions that its Go module is served in; by others
 * with WEFT_CHARTS=folder[:folder…], each with base, cni, istiod and gateway, as `helm pull --untar` leaves them.
 */
import { schemaIn } from "../../clusters/chart-folder";
import { eastWestValues, ingressValues } from "../../components/gateway/gateway-chart-values";
import {
  baseValues,
  cniValues,
  injectorValues,
  primaryValues,
  remoteValues,
} from "../../components/mesh-member/istio-chart-values";
import { tagWebhooks } from "../../components/mesh-member/revision-tag";
import { ensureToolchain } from "../../lab/toolchain";
import { chartSchemaProblems } from "../../mesh/chart-schema";
import type { HelmValues } from "../../mesh/istio-values";
import { parseMesh } from "../../mesh/parse";
import { type Chart, chartSets, leaves, type Path, render, replaced } from "./charts";

const load = { annotations: { "example.org/lb": "internal" }, loadBalancerSourceRanges: ["10.0.0.0/8"] };
const nodePort = { type: "NodePort" as const, annotations: {}, loadBalancerSourceRanges: [] };
const valuesTo = (address: string) =>
  remoteValues({
    revision: "canary",
    remotePilotAddress: address,
    injector: injectorValues({
      cluster: "cluster2",
      network: "network2",
      version: "1.30.5",
      address,
      istiodHosts: ["mesh.example.org"],
    }),
  });
const primary = {
  meshId: "mesh1",
  cluster: "cluster1",
  network: "network1",
  trustDomain: "example.org",
  hub: "registry.example.org/istio",
  tag: "1.30.5-distroless",
  imagePullSecrets: ["pull"],
  servesRemotes: true,
  hosts: ["mesh.example.org"],
  gateways: [{ network: "network3", cluster: "cluster3", addresses: ["10.0.0.3"], port: 31443 }],
  bundleFingerprint: "abc",
  hasCni: true,
};

/** Between them they set everything that the functions can set. */
const cases: [string, Chart, HelmValues][] = [
  ["base of a primary", "base", baseValues({ role: "primary", revision: "canary" })],
  ["base of a remote", "base", baseValues({ role: "remote" })],
  [
    "the CNI plugin",
    "cni",
    cniValues({
      platform: "k3s",
      hub: "registry.example.org/istio",
      tag: "1.30.5-distroless",
      imagePullSecrets: ["pull"],
    }),
  ],
  ["istiod of a primary", "istiod", primaryValues(primary)],
  ["istiod of a primary with a revision", "istiod", primaryValues({ ...primary, revision: "canary" })],
  [
    "istiod of a primary whose webhooks are those of a tag",
    "istiod",
    primaryValues({ ...primary, leavesWebhooksToTags: true }),
  ],
  ["istiod of a remote, by IP address", "istiod", valuesTo("10.0.0.9")],
  ["istiod of a remote, by DNS name", "istiod", valuesTo("mesh.example.org")],
  [
    "east-west gateway behind a load balancer",
    "gateway",
    eastWestValues({
      network: "network1",
      exposesIstiod: true,
      revision: "canary",
      imagePullSecrets: ["pull"],
      service: { type: "LoadBalancer", ...load },
    }),
  ],
  [
    "east-west gateway on a fixed node port",
    "gateway",
    eastWestValues({ network: "network1", exposesIstiod: true, service: nodePort, nodePort: 31443 }),
  ],
  [
    "east-west gateway that does not lead to istiod",
    "gateway",
    eastWestValues({ network: "network2", exposesIstiod: false, service: { type: "LoadBalancer", ...load } }),
  ],
  [
    "ingress gateway behind a load balancer",
    "gateway",
    ingressValues({
      namespace: "istio-ingress",
      revision: "canary",
      imagePullSecrets: ["pull"],
      service: { type: "LoadBalancer", ...load },
    }),
  ],
  [
    "ingress gateway on fixed node ports",
    "gateway",
    ingressValues({
      namespace: "istio-system",
      service: nodePort,
      nodePorts: { http: 30080, https: 30443 },
    }),
  ],
];

let helm: string;
beforeAll(async () => {
  ({ helm } = await ensureToolchain(["helm"], { report: (line) => process.stderr.write(`${line}\n`) }));
}, 600_000);

describe.each(chartSets)("the charts %s", (_name, folder) => {
  let charts: string;
  beforeAll(async () => {
    charts = await folder();
  }, 600_000);

  it.each(cases)(
    "read every value for %s",
    async (_name, chart, values) => {
      const whole = await read(charts, chart, values);
      const unread: string[] = [];
      for (const [at, value] of leaves(values)) {
        if (at.length === 0) continue; // no values at all
        const changed = await read(charts, chart, replaced(values, at, other(value)) as HelmValues);
        if (changed.manifest === whole.manifest && !whole.injector.includes(`.Values.${dotted(at)}`)) {
          unread.push(dotted(at));
        }
      }
      expect(unread).toEqual([]);
    },
    120_000,
  );

  it.each([
    ["default", "1-31-2"],
    ["prod", "default"],
  ])(
    "make of tag %s what Weft makes of it",
    async (tag, revision) => {
      const values = { sidecarInjectorWebhook: { enableNamespacesByDefault: true } };
      const chosen = { revision: revision === "default" ? "" : revision, revisionTags: [tag] };
      const objects = await render(helm, charts, "istiod", { ...values, ...chosen });
      const ofChart = objects.get(`MutatingWebhookConfiguration/istio-revision-tag-${tag}`)!;
      const { webhooks, metadata } = ofChart as unknown as {
        webhooks: unknown;
        metadata: { labels: Record<string, string> };
      };
      expect(metadata.labels).toMatchObject({ "istio.io/tag": tag, "istio.io/rev": revision });
      expect(tagWebhooks({ tag, revision, values })).toEqual(webhooks);
    },
    60_000,
  );

  it("leave out nothing but the injection webhook where tags have it", async () => {
    const left = (leavesWebhooksToTags: boolean) =>
      render(helm, charts, "istiod", primaryValues({ ...primary, leavesWebhooksToTags }));
    const [before, after] = [await left(false), await left(true)];
    expect([...before.keys()].filter((name) => !after.has(name))).toEqual([
      "MutatingWebhookConfiguration/istio-sidecar-injector",
    ]);
    expect(after.get("Deployment/istiod")).toEqual(before.get("Deployment/istiod"));
  }, 60_000);

  it("refuse a value that the gateway chart does not know", async () => {
    await expect(render(helm, charts, "gateway", { networkGatway: "network1" })).rejects.toThrow(
      /networkGatway/,
    );
  }, 30_000);

  it("have a schema for the gateway, by which values are judged before Helm does", () => {
    const mesh = parseMesh({
      clusters: [{ name: "a", context: "a", eastWest: { values: { annotations: { key: true } } } }],
    });
    expect(
      chartSchemaProblems(mesh, "gateway", schemaIn(charts, "gateway")!).map(({ path }) => path),
    ).toEqual(["weft:clusters[0].eastWest.values.annotations.key"]);
  });

  it.each(["base", "cni", "istiod", "gateway"] as const)(
    "refuse a profile that the %s chart does not know",
    async (chart) => {
      await expect(render(helm, charts, chart, { profile: "remoet" })).rejects.toThrow(/unknown profile/);
    },
    30_000,
  );
});

/** A manifest without the two places that repeat all values: what remains shows only what a template read. */
async function read(charts: string, chart: Chart, values: HelmValues) {
  let objects;
  try {
    objects = await render(helm, charts, chart, values);
  } catch (error) {
    // A template that refuses a value has read it.
    return { manifest: String(error), injector: "" };
  }
  let injector = "";
  for (const [key, { data }] of objects) {
    if (/^ConfigMap\/values\b/.test(key)) objects.delete(key);
    // istiod's own templates read these values, later, by name.
    if (!/^ConfigMap\/istio-sidecar-injector\b/.test(key)) continue;
    injector = (data as { config: string }).config;
    delete (data as { values?: string }).values;
  }
  return { manifest: JSON.stringify([...objects]), injector };
}

/** Another value of the same type. */
function other(value: unknown): unknown {
  if (typeof value === "boolean") return !value;
  return typeof value === "number" ? value + 1 : `${String(value)}x`;
}

/** As a template writes it: `global.imagePullSecrets`, whichever item. */
function dotted(at: Path): string {
  return at.filter((key) => typeof key === "string").join(".");
}
