import { parseAllDocuments } from "yaml";
import { type Delays, kwokConfig } from "../../../lab/control-plane/stages";

interface Stage {
  kind: string;
  metadata: { name: string };
  spec: {
    resourceRef: { kind: string };
    selector: { matchExpressions: { key: string; operator: string; values?: string[] }[] };
    delay?: { durationMilliseconds: number };
    next: { delete?: boolean; patches?: { template: string }[] };
  };
}

const none: Delays = { istiod: 0, gateway: 0, address: 0, mount: 0 };

function stagesOf(delays: Delays): Stage[] {
  return parseAllDocuments(kwokConfig({ pods: "10.82", balancers: "10.42" }, delays)).map(
    (document) => document.toJS() as Stage,
  );
}

/** Which stages a pod with these labels enters when it is pending. */
function entered(labels: Record<string, string>): string[] {
  const valueOf = (key: string) =>
    key === ".status.phase" ? "Pending" : labels[key.replace(".metadata.labels.", "")];
  return stagesOf(none)
    .filter(({ spec }) => spec.resourceRef.kind === "Pod")
    .filter(({ spec }) =>
      spec.selector.matchExpressions.every(({ key, operator, values }) => {
        const value = valueOf(key);
        if (operator === "Exists") return value !== undefined;
        if (operator === "DoesNotExist") return value === undefined;
        return (value !== undefined && (values ?? []).includes(value)) === (operator === "In");
      }),
    )
    .map(({ metadata }) => metadata.name);
}

test("nothing waits by default", () => {
  expect(new Set(stagesOf(none).map(({ spec }) => spec.delay?.durationMilliseconds ?? 0))).toEqual(
    new Set([0]),
  );
});

test("each delay holds back what it is named after, in seconds", () => {
  const waiting = stagesOf({ istiod: 15, gateway: 10, address: 20, mount: 60 })
    .map(({ metadata, spec }) => [metadata.name, spec.delay?.durationMilliseconds ?? 0])
    .filter(([, milliseconds]) => milliseconds !== 0);

  expect(waiting).toEqual([
    ["istiod-placed", 15_000],
    ["gateway-ready", 10_000],
    ["address", 20_000],
  ]);
});

test.each([
  ["istiod", { app: "istiod", istio: "pilot" }, "istiod-placed"],
  ["istiod of a revision", { app: "istiod", istio: "pilot", "istio.io/rev": "canary" }, "istiod-placed"],
  ["an east-west gateway", { app: "istio-eastwestgateway", istio: "eastwestgateway" }, "gateway-ready"],
  ["a workload", { app: "helloworld", version: "v1" }, "pod-ready"],
  ["a pod without labels", {}, "pod-ready"],
])("%s gets ready in exactly one way", (_, labels, stage) => {
  expect(entered(labels)).toEqual([stage]);
});

test.each([
  ["address", "10.42"],
  ["istiod-placed", "10.82"],
  ["gateway-ready", "10.82"],
  ["pod-ready", "10.82"],
])("the addresses that %s gives come from the range of the cluster", (name, range) => {
  const template = stagesOf(none).find(({ metadata }) => metadata.name === name)?.spec.next.patches?.[0]
    ?.template;

  expect(template).toContain(`printf "${range}.%d.%d"`);
});
