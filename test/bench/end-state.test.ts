import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { differences, endStateOf, type KubernetesObject } from "../../bench/end-state";

const base64 = (text: string) => Buffer.from(text).toString("base64");

const secret = (name: string, data: Record<string, string>, type = "Opaque"): KubernetesObject => ({
  kind: "Secret",
  apiVersion: "v1",
  type,
  metadata: { name, namespace: "istio-system" },
  data,
});

function release(values: object, status = "deployed"): KubernetesObject {
  const json = JSON.stringify({
    chart: { metadata: { name: "istiod", version: "1.30.5" } },
    info: { status },
    config: values,
  });
  const encoded = base64(gzipSync(json).toString("base64"));
  return secret("sh.helm.release.v1.istiod.v1", { release: encoded }, "helm.sh/release.v1");
}

const gateway = (selector: object): KubernetesObject => ({
  kind: "Gateway",
  apiVersion: "networking.istio.io/v1",
  metadata: { name: "cross-network-gateway", namespace: "istio-system" },
  spec: selector,
});

const namespace = (labels: Record<string, string>): KubernetesObject => ({
  kind: "Namespace",
  apiVersion: "v1",
  metadata: { name: "istio-system", labels },
});

const difference = (expected: KubernetesObject[], actual: KubernetesObject[]) =>
  differences(endStateOf(expected), endStateOf(actual));

test("the same objects in another order are the same state", () => {
  const objects = [namespace({}), secret("a", { x: "", y: "" }), gateway({ a: 1, b: 2 }), release({})];
  expect(difference(objects, [...objects].reverse())).toEqual([]);
});

test("an object that is missing, and one that is too much, are named", () => {
  expect(difference([secret("a", {})], [secret("b", {})])).toEqual([
    "Secret istio-system/a is missing",
    "Secret istio-system/b is too much",
  ]);
});

test("what another object owns, events, and names drawn by lot do not count", () => {
  const owned: KubernetesObject = {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name: "istiod-abc", namespace: "istio-system", ownerReferences: [{}] },
  };
  const event: KubernetesObject = { kind: "Event", apiVersion: "v1", metadata: { name: "istiod.17" } };
  const address: KubernetesObject = {
    kind: "IPAddress",
    apiVersion: "networking.k8s.io/v1",
    metadata: { name: "10.0.0.7" },
  };
  expect(endStateOf([owned, event, address])).toEqual({});
});

test("another network of the namespace is a difference; a further label is none", () => {
  const network1 = namespace({ "topology.istio.io/network": "network1" });
  expect(difference([network1], [namespace({ "topology.istio.io/network": "network1", a: "b" })])).toEqual(
    [],
  );
  expect(difference([network1], [namespace({})])).toEqual(['Namespace istio-system: null, not "network1"']);
});

test("another spec of an Istio object is a difference; another order of its keys is none", () => {
  expect(difference([gateway({ a: 1, b: 2 })], [gateway({ b: 2, a: 1 })])).toEqual([]);
  expect(difference([gateway({ a: 1 })], [gateway({ a: 2 })])).toEqual([
    'Gateway istio-system/cross-network-gateway: {"a":2}, not {"a":1}',
  ]);
});

test("another key of a Secret is a difference; its value is its own", () => {
  expect(difference([secret("a", { x: "1" })], [secret("a", { x: "2" })])).toEqual([]);
  expect(difference([secret("a", { x: "1" })], [secret("a", { y: "1" })])).toHaveLength(1);
});

test("other values of a release, or another status, are differences; the root's fingerprint is its own", () => {
  const values = (fingerprint: string, id = "mesh1") => ({
    global: { meshID: id },
    pilot: { podAnnotations: { "weft.dev/trust-bundle": fingerprint } },
  });
  expect(difference([release(values("a"))], [release(values("b"))])).toEqual([]);
  expect(difference([release(values("a"))], [release(values("a", "mesh2"))])).toHaveLength(1);
  expect(difference([release(values("a"))], [release({ global: { meshID: "mesh1" } })])).toHaveLength(1);
  expect(difference([release({})], [release({}, "failed")])).toHaveLength(1);
});

test("a PeerSecret is compared by its peers and whom they are read as, never by its tokens", () => {
  const token = (subject: string) =>
    `x.${Buffer.from(JSON.stringify({ sub: subject, jti: randomUUID() })).toString("base64url")}.y`;
  const peers = (...entries: [peer: string, subject: string][]): KubernetesObject => ({
    ...secret(
      "weft-peers",
      Object.fromEntries(
        entries.map(([peer, subject]) => [
          peer,
          base64(
            JSON.stringify({ clusters: [{ cluster: {} }], users: [{ user: { token: token(subject) } }] }),
          ),
        ]),
      ),
    ),
    metadata: { name: "weft-peers", namespace: "istio-system", labels: { "istio/multiCluster": "true" } },
  });
  expect(difference([peers(["c2", "reader"])], [peers(["c2", "reader"])])).toEqual([]);
  expect(difference([peers(["c2", "reader"])], [peers(["c3", "reader"])])).toHaveLength(1);
  expect(difference([peers(["c2", "reader"])], [peers(["c2", "admin"])])).toHaveLength(1);
});
