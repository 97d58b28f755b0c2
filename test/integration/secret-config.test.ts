/** Secrets nested in the stack's lists and maps, set as a person sets them, through the real engine. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { authority, type Authority } from "../mesh/authorities";
import { decoded, TestMesh } from "./harness";
import { everybody, everyReaderHoldsItsPeers } from "./holdings";
import { contentsBelow, leaked } from "./leaks";
import type { TestStack } from "./operator";

jest.setTimeout(900_000);

let mesh: TestMesh;
let root: Authority;
let kubeconfig: string;

beforeAll(async () => {
  mesh = await TestMesh.start(["cluster1", "cluster2"]);
  root = await authority("a root of one's own", { to: "2036-01-01" });
  kubeconfig = await readFile(mesh.cluster("cluster1").kubeconfig, "utf8");
});

afterAll(() => mesh?.stop());

/** What `pulumi config set --secret --path` is given stands encrypted in a list and a map that otherwise are plain. */
async function configured(): Promise<TestStack> {
  const stack = await mesh.stack([{ name: "cluster1", kubeconfigPath: undefined }, { name: "cluster2" }], {
    trust: { root: { source: "provided", certificate: root.certificate } },
    mtls: "permissive",
  });
  await setSecret(stack, "weft:mesh.trust.root.key", root.key);
  await setSecret(stack, "weft:clusters[0].kubeconfig", kubeconfig);
  await setSecret(stack, "weft:mesh.mtlsReason", freeText.reason);
  await setSecret(stack, 'weft:mesh.istio.namespaceAnnotations["example.com/key"]', freeText.annotation);
  return stack;
}

const setSecret = (stack: TestStack, path: string, value: string) =>
  stack.setConfig(path, { value, secret: true }, true);

/** What goes into objects that whoever may list them reads, but into nothing of the engine's. */
const freeText = { reason: "because of s3cr3t-reason", annotation: "s3cr3t-annotation" };

/** The administrator's key: as the kubeconfig holds it, in base64, and as PEM. */
function secrets(): string[] {
  const { keyData } = mesh.config("cluster1").getCurrentUser()!;
  return [
    kubeconfig,
    keyData!,
    Buffer.from(keyData!, "base64").toString(),
    root.key,
    ...Object.values(freeText),
  ];
}

const stackFile = () => readFile(join(mesh.dir, "stack/Pulumi.test.yaml"), "utf8");

test("a kubeconfig and a root key are secrets in config that stays readable around them", async () => {
  await configured();

  const text = await stackFile();
  const { config } = parse(text) as { config: Record<string, unknown> };
  const secure = { secure: expect.stringMatching(/^v1:/) as string };
  expect(config["weft:clusters"]).toEqual([
    { name: "cluster1", kubeconfig: secure },
    { name: "cluster2", kubeconfigPath: mesh.cluster("cluster2").kubeconfig },
  ]);
  expect(config["weft:mesh"]).toMatchObject({
    mtlsReason: secure,
    istio: { namespaceAnnotations: { "example.com/key": secure } },
    trust: { root: { source: "provided", certificate: root.certificate, key: secure } },
  });
  expect(leaked(secrets(), text)).toBe(0);
});

test("the mesh is woven with them, under that root, and a second up changes nothing", async () => {
  const stack = await configured();

  await mesh.record((options) => stack.up(options));

  expect(decoded(await mesh.secret("cluster1", "cacerts"))["root-cert.pem"]!.trim()).toBe(
    root.certificate.trim(),
  );
  expect(Object.keys(decoded(await mesh.secret("cluster2", "weft-peers")))).toEqual(["cluster1"]);
  await everyReaderHoldsItsPeers(mesh, everybody(["cluster1", "cluster2"]));
  expect(await mesh.record((options) => stack.up(options))).toEqual([]);
});

test("the engine keeps them as secrets alone: in state, history, events, output and outputs", async () => {
  const stack = await configured();
  const { checkpoint } = JSON.parse(
    await readFile(join(mesh.dir, "state/.pulumi/stacks/weft/test.json"), "utf8"),
  ) as { checkpoint: { latest: { resources: { urn: string; inputs?: Record<string, unknown> }[] } } };
  const inputsOf = (name: string) =>
    checkpoint.latest.resources.find(({ urn }) => urn.endsWith(`::${name}`))!.inputs!;

  // https://github.com/pulumi/pulumi/blob/v3.248.0/sdk/go/common/resource/sig/sig.go
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: expect.any(String) as string,
  };
  for (const member of ["cluster1", "cluster2"]) {
    expect(inputsOf(member)["kubeconfig"]).toEqual(secret);
    expect(inputsOf(`mesh-trust-${member}-intermediate-certificate`)["caPrivateKeyPem"]).toEqual(secret);
  }
  const outputs = await stack.outputs();
  expect(Object.values(outputs).map((output) => output.secret)).toEqual([false, false]);

  const places = {
    state: await contentsBelow(join(mesh.dir, "state")),
    outputs: JSON.stringify(outputs),
    "output and events": mesh.transcript.join("\n"),
  };
  for (const [place, text] of Object.entries(places)) {
    expect({ place, leaked: leaked(secrets(), text) }).toEqual({ place, leaked: 0 });
    expect(text).not.toMatch(/PRIVATE KEY/);
  }
});

describe("what is wrong with a secret is said without it", () => {
  /** What a preview shows with this under `weft:clusters[0].kubeconfig`. */
  async function refusal(contents: string): Promise<string> {
    const stack = await configured();
    await setSecret(stack, "weft:clusters[0].kubeconfig", contents);
    const from = mesh.transcript.length;
    await expect(mesh.record((options) => stack.preview(options))).rejects.toThrow();
    const shown = mesh.transcript.slice(from).join("\n");
    expect(leaked([contents, ...secrets()], shown)).toBe(0);
    expect(shown).not.toMatch(/client-key|PRIVATE KEY/);
    return shown;
  }

  test("where it is no YAML", async () => {
    expect(await refusal(kubeconfig.replace('"client-key-data": "', '"client-key-data": ""'))).toMatch(
      /weft:clusters\[0\]\.kubeconfig[^]*Not a kubeconfig: the kubeconfig in stack config is not YAML/,
    );
  });

  test("where it is a key alone", async () => {
    expect(await refusal(root.key)).toMatch(/weft:clusters\[0\]\.kubeconfig[^]*Not a kubeconfig/);
  });

  test("where nobody answers at its address", async () => {
    const { apiServer } = mesh.cluster("cluster1");
    expect(await refusal(kubeconfig.replace(apiServer, "https://127.0.0.1:1"))).toMatch(
      /weft:clusters\[0\][^]*https:\/\/127\.0\.0\.1:1/,
    );
  });
});
