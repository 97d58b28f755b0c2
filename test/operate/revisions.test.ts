/** Who uses which istiod, as status tells it. */
import { revisionsInUse } from "../../clusters/revisions-in-use";
import type { ApiClient, ObjectMetadata } from "../../clusters/api-client";
import type { StackInput } from "../../mesh/schema";
import { judgeMesh } from "../../operate/report";
import { known, unknown } from "../../operate/facts/facts";
import { connectedIn } from "../../operate/facts/istiod-answers";
import { healthy, now } from "./healthy";

const stack: StackInput = {
  mesh: { istio: { revisions: { default: "1.30.5", new: "1.31.2" }, tags: { default: "new" } } },
  clusters: [{ name: "one", context: "one" }],
};

const both = [
  { name: "istiod", version: "1.30.5", replicas: 1, ready: 1 },
  { name: "istiod-new", version: "1.31.2", replicas: 1, ready: 1 },
];
const use = (more: object = {}) => ({ tags: [], namespaces: [], workloads: {}, ...more });

async function judged(revisions: Parameters<typeof known>[0], istiods = both, proxies?: number) {
  const sample = await healthy(stack);
  const facts = sample.of("one");
  sample.facts.members.set("one", {
    ...facts,
    istiods: known(istiods),
    revisions: known(revisions) as typeof facts.revisions,
    istiodViews: known([
      { pod: "istiod-1", deployment: "istiod", proxies, peers: unknown("no matter") },
      { pod: "istiod-new-1", deployment: "istiod-new", proxies: 4, peers: unknown("no matter") },
    ]),
  });
  const { checks } = judgeMesh(sample.mesh, sample.facts, now).members[0]!;
  return checks.find(({ check }) => check === "revisions");
}

test("each revision with what is connected to it, and what chooses it", async () => {
  const found = { new: use({ tags: ["default"], namespaces: ["shop"], workloads: { "shop/cart": 2 } }) };
  expect(await judged(found, both, 1)).toEqual({
    check: "revisions",
    verdict: "ok",
    issues: [],
    detail: "default: 1 proxy, 0 namespaces, 0 workloads; new: 4 proxies, 1 namespace, 1 workload",
  });
  expect((await judged(found))!.detail).toContain("default: 0 namespaces");
});

test("what is left to restart is told, and is no failure", async () => {
  const found = {
    default: use({
      namespaces: ["pinned"],
      workloads: { "shop/cart": 2, "pinned/old": 1, "istio-system/gw": 1 },
    }),
    new: use({ tags: ["default"], namespaces: ["shop"] }),
  };
  expect(await judged(found)).toMatchObject({
    verdict: "ok",
    issues: [
      {
        kind: "todo",
        message:
          "Revision default still serves shop/cart, istio-system/gw, whose namespaces use another one.",
        remedy:
          "Restart them: `kubectl --context one -n shop rollout restart deployment`, `kubectl --context one -n istio-system rollout restart deployment`.",
      },
    ],
  });
});

test("a revision that does not run, and a tag that somebody has moved, are failures", async () => {
  const found = await judged({ default: use({ tags: ["default"] }) }, [both[0]!]);
  expect(found!.verdict).toBe("failed");
  expect(found!.issues.map(({ message }) => message)).toEqual([
    "No istiod of revision new runs here.",
    "Tag default leads to revision default, and in stack config to new.",
  ]);
});

test("a stack without revisions is not asked", async () => {
  const sample = await healthy();
  const [member] = judgeMesh(sample.mesh, sample.facts, now).members;
  expect(member!.checks.map(({ check }) => check)).not.toContain("revisions");
});

test("istiod's own count is the sum over the versions of its proxies", () => {
  expect(
    connectedIn(
      '# TYPE pilot_xds gauge\npilot_xds{version="1.30"} 3\npilot_xds{version="1.31"} 4\npilot_xds_pushes 9\n',
    ),
  ).toBe(7);
  expect(connectedIn("go_goroutines 7\n")).toBe(0);
});

test("labels, tags and what istiod wrote on the pods say who uses which", async () => {
  const lists: Record<string, ObjectMetadata["metadata"][]> = {
    mutatingwebhookconfigurations: [
      { name: "t", labels: { "istio.io/tag": "default", "istio.io/rev": "new" } },
      { name: "u", labels: { "istio.io/tag": "prod", "istio.io/rev": "default" } },
    ],
    namespaces: [
      { name: "shop", labels: { "istio-injection": "enabled" } },
      { name: "both", labels: { "istio-injection": "enabled", "istio.io/rev": "prod" } },
      { name: "prod", labels: { "istio.io/rev": "prod" } },
      { name: "pinned", labels: { "istio.io/rev": "new" } },
      { name: "off", labels: { "istio-injection": "disabled" } },
      { name: "plain" },
    ],
    pods: [
      ...["1", "2"].map((name) => ({
        name,
        namespace: "shop",
        labels: { "pod-template-hash": "6b4" },
        annotations: { "sidecar.istio.io/status": JSON.stringify({ revision: "default" }) },
        ownerReferences: [{ name: "cart-6b4" }],
      })),
      { name: "alone", namespace: "prod", annotations: { "sidecar.istio.io/status": "{}" } },
      {
        name: "odd",
        namespace: "prod",
        annotations: { "sidecar.istio.io/status": "?", "istio.io/rev": "new" },
      },
      { name: "plain", namespace: "plain" },
    ],
  };
  const listMetadata = (path: string) =>
    Promise.resolve(lists[path.split("?")[0]!.split("/").at(-1)!]!.map((metadata) => ({ metadata })));
  expect(await revisionsInUse({ listMetadata } as unknown as ApiClient)).toEqual({
    new: { tags: ["default"], namespaces: ["shop", "both", "pinned"], workloads: { "prod/odd": 1 } },
    default: {
      tags: ["prod"],
      namespaces: ["prod"],
      workloads: { "shop/cart": 2, "prod/alone": 1 },
    },
  });
});
