import type { EndpointSlice } from "../../operate/facts/objects";
import { liveServices, selects } from "../../operate/facts/services";

const slice = (service: string | undefined, parts: object = {}, namespace = "shop"): EndpointSlice => ({
  metadata: {
    name: `${service}-1`,
    namespace,
    labels: service === undefined ? {} : { "kubernetes.io/service-name": service },
  },
  addressType: "IPv4",
  ports: [{ port: 80 }],
  endpoints: [{ addresses: ["10.0.0.1"] }],
  ...parts,
});
const service = (name: string, annotations = {}, namespace = "shop") => ({
  metadata: { name, namespace, annotations },
});
const namespaces = [{ metadata: { name: "shop", labels: { team: "a" } } }, { metadata: { name: "bare" } }];
const names = (...args: Parameters<typeof liveServices>) => liveServices(...args).map(({ name }) => name);

test("a Service with ready endpoints, of all its slices, and the labels of its namespace", () => {
  const slices = [
    slice("cart", { endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: false } }] }),
    slice("cart", { endpoints: [{ addresses: ["10.0.0.2"], conditions: { ready: true } }] }),
    slice("cart", { addressType: "IPv6", endpoints: [{ addresses: ["fd00::3"] }] }),
    slice("cart", {}, "bare"),
  ];
  expect(liveServices(slices, [service("cart"), service("cart", {}, "bare")], namespaces)).toEqual([
    { name: "cart.shop", addresses: ["10.0.0.2", "fd00::3"], namespaceLabels: { team: "a" } },
    { name: "cart.bare", addresses: ["10.0.0.1"], namespaceLabels: {} },
  ]);
});

test.each([
  ["without a ready endpoint", { endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: false } }] }],
  ["without endpoints", { endpoints: null }],
  ["without ports, as a headless Service may have", { ports: [] }],
  ["with slices that leave the ports open", { ports: null }],
  ["of host names", { addressType: "FQDN", endpoints: [{ addresses: ["a.example"] }] }],
])("istiod takes up none of a Service %s", (_, parts) => {
  expect(names([slice("cart", parts)], [service("cart")], namespaces)).toEqual([]);
});

test("nor slices of another cluster's Service, of none, or of one that is gone", () => {
  const imported = slice("cart");
  imported.metadata.labels!["multicluster.kubernetes.io/service-name"] = "cart";
  const slices = [imported, slice(undefined), slice("gone")];
  expect(names(slices, [service("cart")], namespaces)).toEqual([]);
});

test("nor a Service that is exported to nobody, or in a namespace that goes", () => {
  const exported = (to: string) => service("cart", { "networking.istio.io/exportTo": to });
  expect(names([slice("cart")], [exported("~")], namespaces)).toEqual([]);
  expect(names([slice("cart")], [exported("., ~")], namespaces)).toEqual([]);
  expect(names([slice("cart")], [exported(".")], namespaces)).toEqual(["cart.shop"]);
  expect(names([slice("cart")], [service("cart")], [])).toEqual([]);
});

describe("discoverySelectors", () => {
  const labels = { team: "a", env: "prod" };
  test.each([
    ["none given: all namespaces", [], true],
    ["one of several", [{ matchLabels: { team: "b" } }, { matchLabels: { team: "a" } }], true],
    ["all labels of one", [{ matchLabels: { team: "a", env: "test" } }], false],
    ["an empty one", [{}], true],
    ["In", [{ matchExpressions: [{ key: "env", operator: "In", values: ["prod"] }] }], true],
    [
      "In, without the label",
      [{ matchExpressions: [{ key: "gone", operator: "In", values: ["x"] }] }],
      false,
    ],
    ["NotIn", [{ matchExpressions: [{ key: "env", operator: "NotIn", values: ["prod"] }] }], false],
    [
      "NotIn, without the label",
      [{ matchExpressions: [{ key: "x", operator: "NotIn", values: ["y"] }] }],
      true,
    ],
    ["Exists", [{ matchExpressions: [{ key: "env", operator: "Exists" }] }], true],
    ["DoesNotExist", [{ matchExpressions: [{ key: "env", operator: "DoesNotExist" }] }], false],
    [
      "both kinds of one",
      [{ matchLabels: { team: "a" }, matchExpressions: [{ key: "x", operator: "Exists" }] }],
      false,
    ],
  ])("%s", (_, selectors, selected) => {
    expect(selects(selectors, labels)).toBe(selected);
  });
});
