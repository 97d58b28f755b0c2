import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { stringify } from "yaml";
import { readStackConfig, type StackConfig, withoutCredentials } from "../../../lab/rehearse/config";
import { StandIns } from "../../../lab/rehearse/stand-ins";
import { parseMesh } from "../../../mesh/parse";

const convert = (config: StackConfig, standIns = new StandIns()) => withoutCredentials(config, standIns);
const parsed = async (config: StackConfig, standIns?: StandIns) => {
  const { config: converted } = await convert(config, standIns);
  return parseMesh({ mesh: converted["weft:mesh"], clusters: converted["weft:clusters"] });
};

test("a member keeps what it is, and loses how it is reached", async () => {
  const eastWest = { service: { annotations: { "example.com/type": "nlb" } } };
  const { config } = await convert({
    mesh: { id: "prod" },
    clusters: [
      { name: "east", network: "n1", eastWest, context: "prod-east", apiServer: "https://10.0.0.1:6443" },
      { name: "west", kubeconfig: { secure: "v1:AAAA" }, role: "remote", primary: "east" },
    ],
  });

  expect(config).toEqual({
    "weft:mesh": { id: "prod" },
    "weft:clusters": [
      { name: "east", network: "n1", eastWest, context: "east" },
      { name: "west", role: "remote", primary: "east", context: "west" },
    ],
  });
});

test("no secret or credential survives, wherever it stands", async () => {
  const secret = fc.stringMatching(/^SECRET[a-zA-Z0-9+/=]{8,20}$/);
  await fc.assert(
    fc.asyncProperty(
      secret,
      fc.constantFrom("kubeconfig", "context", "kubeconfigPath"),
      async (text, key) => {
        const secure = { secure: text };
        const ca = { certificate: secure, key: secure, chain: secure };
        const { config } = await convert({
          mesh: {
            trust: { roots: [{ name: "a", source: "provided", signing: true, ...ca }] },
            membership: { management: { kubeconfig: text } },
            istio: { hub: secure, values: { pilot: { env: { A: secure }, list: [secure] } } },
          },
          clusters: [
            {
              name: "east",
              [key]: key === "kubeconfig" ? secure : text,
              trust: { root: ca, intermediate: ca },
            },
            { name: "west", [key]: text, ingress: { service: { annotations: { a: secure } } } },
          ],
        });
        expect(JSON.stringify(config)).not.toContain(text);
      },
    ),
  );
});

test("provided roots get stand-ins that pass for them, and the same one as long as the original stays", async () => {
  const standIns = new StandIns();
  const [old, next] = [{ secure: "v1:old" }, { secure: "v1:next" }];
  const rooted = (certificate: object, name = "default"): StackConfig => ({
    mesh: {
      trust: { roots: [{ name, source: "provided", signing: true, certificate, key: { secure: "v1:key" } }] },
    },
    clusters: [{ name: "east", context: "x" }],
  });
  const certificateOf = async (config: StackConfig) => {
    const [root] = (await parsed(config, standIns)).config.trust.roots!;
    return root!.source === "provided" ? new X509Certificate(root!.certificate).fingerprint256 : undefined;
  };

  const first = await certificateOf(rooted(old));
  expect(await certificateOf(rooted(old, "renamed"))).toBe(first);
  expect(await certificateOf(rooted(next))).not.toBe(first);
});

test("a provided intermediate is signed by the stand-in of its root, which needs no key then", async () => {
  const root = { source: "provided", certificate: { secure: "v1:root" } };
  const intermediate = { certificate: { secure: "v1:ca" }, key: { secure: "v1:key" } };
  const shared = await parsed({
    mesh: { trust: { root } },
    clusters: [{ name: "east", context: "x", trust: { intermediate } }],
  });
  expect(shared.config.trust.root).not.toHaveProperty("key");

  const own = { certificate: { secure: "v1:own" } };
  await expect(
    parsed({
      mesh: { trust: { mode: "federated" } },
      clusters: [{ name: "east", context: "x", trust: { root: own, intermediate } }],
    }),
  ).resolves.toBeDefined();
});

test("where CAs or CRLs are given nobody is revoked, for no CRL is one of a stand-in", async () => {
  const revoked = [{ serial: "0A" }];
  const crl = { secure: "v1:crl" };
  const provided = { source: "provided", certificate: { secure: "v1:root" }, key: { secure: "v1:key" }, crl };
  const certManager = { root: { source: "certManager", crl }, certManager: { cluster: "east" } };
  const clusters = [{ name: "east", context: "x" }];
  for (const trust of [
    { root: provided, revoked },
    { ...certManager, revoked },
  ]) {
    const { config } = await parsed({ mesh: { trust }, clusters });
    expect(config.trust.revoked).toBeUndefined();
    expect(config.trust.root).not.toHaveProperty("crl");
  }
  const { config } = await parsed({ mesh: { trust: { revoked } }, clusters });
  expect(config.trust.revoked).toEqual(revoked);
});

test("members that a container network would give addresses get ranges that stay theirs", async () => {
  const standIns = new StandIns();
  const mesh = { loadBalancer: { network: "kind" } };
  const ranges = async (names: string[]) =>
    Object.fromEntries(
      (await parsed({ mesh, clusters: names.map((name) => ({ name, context: "x" })) }, standIns)).members.map(
        ({ name, addresses }) => [name, addresses],
      ),
    );

  const before = await ranges(["a", "b"]);
  expect(await ranges(["b", "c"])).toMatchObject({ b: before.b });
});

test("config is read as Pulumi reads it: a map, or JSON in a text", () => {
  const clusters = [{ name: "east", context: "x" }];
  const text = stringify({ config: { "weft:mesh": '{"id": "prod"}', "weft:clusters": clusters } });

  expect(readStackConfig(text, "Pulumi.prod.yaml")).toEqual({ mesh: { id: "prod" }, clusters });
  expect(readStackConfig("encryptionsalt: v1:x\n", "Pulumi.prod.yaml")).toEqual({ mesh: {}, clusters: [] });
});

test.each([
  ["a: [", "Pulumi.prod.yaml\n  It is not YAML"],
  ["config: {'weft:clusters': {secure: abc}}", "all of weft:clusters is encrypted"],
  ["config: {'weft:clusters': [{context: a}]}", "is not a list of clusters, each with a name"],
  ["config: {'weft:mesh': '{'}", "weft:mesh is not a map"],
])("%s is refused", (text, message) => {
  expect(() => readStackConfig(text, "Pulumi.prod.yaml")).toThrow(message);
});
