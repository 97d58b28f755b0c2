import { createHash } from "node:crypto";
import { factsOf, type KubernetesObject } from "../../../lab/rehearse/facts";
import { type Authority, authority } from "../../mesh/authorities";
import { tokenOf } from "../../mesh/tokens";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const secret = (
  name: string,
  data: Record<string, string>,
  more: Partial<KubernetesObject> = {},
): KubernetesObject => ({
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  ...more,
  metadata: { name, uid: "u", ...more.metadata },
});
const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);

async function cacerts(root: Authority, bundle: Authority[], annotations: Record<string, string>) {
  const intermediate = await authority("intermediate", { issuer: root });
  const object = secret("cacerts", {
    "ca-cert.pem": intermediate.certificate,
    "ca-key.pem": intermediate.key,
    "cert-chain.pem": `${intermediate.certificate}\n${root.certificate}`,
    "root-cert.pem": bundle.map(({ certificate }) => certificate).join("\n"),
  });
  const facts = factsOf("Secret", { ...object, metadata: { ...object.metadata, annotations } });
  if (facts?.kind !== "Cacerts") throw new Error("not taken for cacerts");
  return facts;
}

test("cacerts say which roots are trusted and which one signs, by the names that Weft gave them", async () => {
  const [old, next] = [await authority("old"), await authority("next")];
  const facts = await cacerts(next, [next, old], { "weft.dev/roots": "2027,default" });

  expect(facts.roots.map(({ name }) => name)).toEqual(["2027", "default"]);
  expect(facts.signer).toEqual(facts.roots[0]);
  expect(facts.roots[0]!.id).not.toBe(facts.roots[1]!.id);
});

test("a signer that the bundle does not hold is told apart from those that it does", async () => {
  const [old, next] = [await authority("old"), await authority("next")];
  const facts = await cacerts(next, [old], { "weft.dev/roots": "default", "weft.dev/signing-root": "2027" });

  expect(facts.roots.map(({ id }) => id)).not.toContain(facts.signer?.id);
  expect(facts.signer?.name).toBe("2027");
});

test("what istiod serves is known for the roots of cacerts", async () => {
  const [old, next] = [await authority("old"), await authority("next")];
  const bundle = `${old.certificate}\n${next.certificate}`;
  const facts = factsOf("ConfigMap", {
    metadata: { name: "istio-ca-root-cert" },
    data: { "root-cert.pem": bundle },
  });

  const { roots } = await cacerts(next, [old, next], {});
  expect(facts).toEqual({ kind: "Served", roots });
  expect(factsOf("ConfigMap", { metadata: { name: "istio-ca-root-cert" } })).toEqual({
    kind: "Served",
    roots: [],
  });
});

test("remote kubeconfigs and tokens become digests that can be compared", () => {
  const kubeconfig = "users:\n- name: east\n  user:\n    token: ey.T0ken\n";
  const peers = factsOf(
    "Secret",
    secret(
      "weft-peers",
      { east: kubeconfig },
      { metadata: { name: "weft-peers", labels: { "istio/multiCluster": "true" } } },
    ),
  );
  const issued = factsOf(
    "Secret",
    secret("weft-reader-token-1", { token: "ey.T0ken" }, { type: "kubernetes.io/service-account-token" }),
  );

  expect(peers).toEqual({ kind: "PeerSecret", tokens: { east: digest("ey.T0ken") } });
  expect(issued).toEqual({ kind: "Token", token: digest("ey.T0ken") });
});

test("a token that ends is good as long as the Secret is there that it is bound to", () => {
  const token = tokenOf({ issued: 0, life: 3600, boundTo: "uid-1" });
  const peers = factsOf(
    "Secret",
    secret(
      "weft-peers",
      { east: `users:\n- name: east\n  user:\n    token: ${token}\n` },
      { metadata: { name: "weft-peers", labels: { "istio/multiCluster": "true" } } },
    ),
  );
  const binding = factsOf("Secret", {
    metadata: { name: "weft-reader-binding-1", uid: "uid-1" },
    type: "Opaque",
  });

  expect(peers).toEqual({ kind: "PeerSecret", tokens: { east: digest("uid-1") } });
  expect(binding).toEqual({ kind: "Token", token: digest("uid-1") });
});

test("of the gateway's Service counts how it is reached: node ports only where they are", () => {
  const service = (type: string) =>
    factsOf("Service", {
      metadata: { name: "istio-eastwestgateway", uid: "u" },
      spec: { type, ports: [{ port: 15443, nodePort: 31443 }] },
      status: { loadBalancer: { ingress: [{ hostname: "lb.example.com" }] } },
    });

  expect(service("LoadBalancer")).toEqual({
    kind: "EastWestService",
    uid: "u",
    type: "LoadBalancer",
    addresses: ["lb.example.com"],
    ports: ["15443"],
  });
  expect(service("NodePort")).toMatchObject({ ports: ["15443:31443"] });
});

test("an istiod is rolled out when all its pods are new and ready", () => {
  const deployment = (status: object) =>
    factsOf("Deployment", {
      metadata: { name: "istiod", labels: { app: "istiod" }, generation: 2 },
      spec: { replicas: 2 },
      status,
    });

  const counts = { replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
  const done = { kind: "Deployment", runs: "istiod", ready: 2, rolledOut: true };
  expect(deployment({ observedGeneration: 2, ...counts })).toEqual(done);
  expect(deployment({ observedGeneration: 1, ...counts })).toEqual({ ...done, rolledOut: false });
  expect(deployment({ observedGeneration: 2, ...counts, replicas: 3 })).toEqual({
    ...done,
    rolledOut: false,
  });
  expect(deployment({})).toEqual({ ...done, ready: 0, rolledOut: false });
});

test.each([
  ["Secret", { metadata: { name: "sh.helm.release.v1.istiod.v1" } }],
  ["Service", { metadata: { name: "istiod" } }],
  ["Deployment", { metadata: { name: "istio-ingressgateway" } }],
])("another %s says nothing", (kind, object) => {
  expect(factsOf(kind, object)).toBeUndefined();
});
