import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { lastOutputs } from "../clusters/last-outputs";
import { resolveKubeconfigs, type ResolvedKubeconfig } from "../clusters/kubeconfig";
import { preflight } from "../clusters/preflight";
import { requestToken } from "../clusters/reader-tokens";
import { storedSettings } from "../clusters/stored-settings";
import type { MeshSpec } from "../mesh/mesh-spec";
import { lastUp } from "../mesh/last-up";
import { ConfigError } from "../mesh/problems";
import program from "../index";
import { record, valueOf, type Recorder } from "./components/mocks";

jest.mock("../clusters/last-outputs");
jest.mock("../clusters/stored-settings");
jest.mock("../clusters/preflight");
jest.mock("../clusters/kubeconfig");
jest.mock("../clusters/reader-tokens");
jest.setTimeout(60_000);

const kubeconfig = (name: string): ResolvedKubeconfig => ({
  kubeconfig: `the kubeconfig of ${name}`,
  path: `weft:clusters of ${name}`,
  context: name,
  origin: "a test",
  server: `https://${name}.example:6443`,
  insecureSkipTlsVerify: false,
  cluster: {},
  user: {},
});

beforeEach(() => {
  jest.resetAllMocks();
  jest.mocked(lastOutputs).mockResolvedValue({});
  jest.mocked(storedSettings).mockResolvedValue({});
  jest.mocked(preflight).mockResolvedValue([]);
  jest
    .mocked(resolveKubeconfigs)
    .mockImplementation((mesh: MeshSpec) =>
      Promise.resolve(new Map(mesh.members.map(({ name }) => [name, kubeconfig(name)]))),
    );
});

type Outputs = Awaited<ReturnType<typeof program>>;

function configure(config: { mesh?: unknown; clusters?: unknown }): void {
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [`weft:${key}`, JSON.stringify(value)])),
  );
}

test("a preview says once what reading costs, and an update nothing of it", async () => {
  const info = jest.spyOn(pulumi.log, "info").mockResolvedValue(undefined);
  configure({ clusters: ["a", "b", "c"].map((name) => ({ name, context: name })) });
  await record(program);
  expect(info).not.toHaveBeenCalled();
  await record(program, { created: () => false });
  expect(info.mock.calls).toEqual([
    [expect.stringContaining("The istiods that read most (3) each read 2 other")],
  ]);
  configure({ clusters: [{ name: "a", context: "a" }] });
  await record(program, { created: () => false });
  expect(info).toHaveBeenCalledTimes(1);
});

async function run(config: {
  mesh?: unknown;
  clusters?: unknown;
}): Promise<{ recorder: Recorder; outputs: Outputs }> {
  configure(config);
  let outputs!: Outputs;
  const recorder = await record(async () => (outputs = await program()));
  return { recorder, outputs };
}

const clusters = [
  { name: "a", context: "a" },
  { name: "b", context: "b" },
];

test("every member gets a provider that keeps its kubeconfig secret and changes Secrets in place", async () => {
  const { recorder } = await run({ clusters });
  expect(recorder.ofType("pulumi:providers:kubernetes")).toEqual(["a", "b"]);
  expect(recorder.named("a")).toMatchObject({
    inputs: {
      kubeconfig: "the kubeconfig of a",
      clusterIdentifier: "a",
      enableSecretMutable: "true",
      enableConfigMapMutable: "true",
    },
    secrets: ["kubeconfig"],
  });
});

/** An intermediate that the next up may have to revoke. */
const issued = [
  {
    serial: expect.stringMatching(/^([0-9A-F]{2})+$/) as string,
    generation: 1,
    root: "default",
    ends: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/) as string,
  },
];

test("a token that ends is asked for of its member before the outputs are there", async () => {
  const ending = { mesh: { remoteAccess: { tokenLifetimeHours: 24 } }, clusters };
  jest.mocked(requestToken).mockResolvedValue("t0ken");
  const { outputs } = await run(ending);
  expect(await valueOf(pulumi.output(outputs.mesh))).toMatchObject({ secret: false, value: { id: "mesh1" } });
  const asked = jest
    .mocked(requestToken)
    .mock.calls.map(([kubeconfig, { cluster }]) => [kubeconfig.kubeconfig, cluster]);
  expect(asked.sort()).toEqual([
    ["the kubeconfig of a", "a"],
    ["the kubeconfig of b", "b"],
  ]);
});

test("the outputs are the mesh, its root and its members, and none of them is secret", async () => {
  const { outputs } = await run({ mesh: { id: "mesh7" }, clusters });
  expect(Object.keys(outputs.members)).toEqual(["a", "b"]);
  expect(await valueOf(pulumi.output(outputs))).toEqual({
    secret: false,
    value: {
      mesh: {
        id: "mesh7",
        trustDomain: "cluster.local",
        roots: { default: "generated" },
        issued: { a: issued, b: issued },
        root: {
          fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string,
          expiry: "2036-01-01T00:00:00.000Z",
        },
      },
      members: {
        a: {
          network: "a",
          role: "primary",
          uid: "uid-of-mesh-a-namespace",
          eastWestAddress: expect.any(String) as string,
          istiodVersion: "1.30.5",
        },
        b: expect.objectContaining({ network: "b" }) as object,
      },
    },
  });
});

test("a member that is evicted gets a provider without a way into its cluster, and the outputs remember it", async () => {
  jest
    .mocked(lastOutputs)
    .mockResolvedValue({ members: { c: { role: "primary", ingressNamespace: "edge" } } });
  const { recorder, outputs } = await run({ mesh: { evicting: ["c"] }, clusters });
  expect(recorder.ofType("pulumi:providers:kubernetes")).toEqual(["a", "b", "c", "c-evicted"]);
  expect(recorder.has("mesh-c-ingress-release")).toBe(true);
  expect(Object.keys(outputs.members)).toEqual(["a", "b"]);
  expect((await valueOf(pulumi.output(outputs.mesh))).value.evicted).toEqual(["c"]);
});

test("a member that does not answer gets a provider that leaves it alone, and the run fails", async () => {
  const failing = jest.spyOn(pulumi.log, "error").mockResolvedValue(undefined);
  const once = jest.spyOn(process, "once");
  jest
    .mocked(preflight)
    .mockResolvedValue([
      { name: "b", unreachable: true, tokenGenerations: [], eastWest: { address: "192.0.2.9" } },
    ]);
  try {
    const { recorder } = await run({ mesh: { tolerateUnreachable: true }, clusters });
    expect(recorder.named("b").inputs).toMatchObject({
      kubeconfig: "the kubeconfig of b",
      clusterIdentifier: "b",
      skipUpdateUnreachable: "true",
    });
    expect(recorder.named("a").inputs).not.toHaveProperty("skipUpdateUnreachable");
    expect(failing).toHaveBeenCalledWith(expect.stringContaining("nobody answers there: b."));
    const [, atExit] = once.mock.calls.find(([event]) => event === "exit")!;
    process.off("exit", atExit as () => void);
  } finally {
    jest.restoreAllMocks();
  }
});

test("the next up knows the mesh again by them", async () => {
  const certManager = { cluster: "a" };
  const trust = { root: { source: "certManager" }, certManager };
  const { outputs } = await run({ mesh: { trust }, clusters });
  const { value } = await valueOf(pulumi.output(outputs));
  expect(lastUp(value)).toEqual({
    mesh: {
      trustDomain: "cluster.local",
      roots: { default: "certManager" },
      evicted: [],
      issued: { a: issued, b: issued },
      certManager: { cluster: "a", namespace: "cert-manager", install: true },
    },
    members: {
      a: {
        role: "primary",
        network: "a",
        uid: "uid-of-mesh-a-namespace",
        eastWestAddress: expect.any(String) as string,
        revisions: {},
      },
      b: {
        role: "primary",
        network: "b",
        uid: "uid-of-mesh-b-namespace",
        eastWestAddress: expect.any(String) as string,
        revisions: {},
      },
    },
  });
});

describe("what is secret in stack config", () => {
  const mesh = { istio: { values: { pilot: { env: { TOKEN: "t0ken", LEVEL: "debug" } } } } };
  const secure = { secure: "v1:x" };

  /** The secret inputs of istiod's release. */
  async function marked(secretKeys: string[], stored: Record<string, unknown>): Promise<string[]> {
    jest.mocked(storedSettings).mockResolvedValue(stored);
    const config = { "weft:mesh": JSON.stringify(mesh), "weft:clusters": JSON.stringify(clusters) };
    pulumi.runtime.setAllConfig(config, secretKeys);
    const recorder = await record(program);
    return recorder.named("mesh-a-istiod").secrets.sort();
  }

  test("stays secret where it enters a resource, and nothing beside it becomes it", async () => {
    const stored = {
      "weft:mesh": { istio: { values: { pilot: { env: { TOKEN: secure, LEVEL: "debug" } } } } },
    };
    expect(await marked(["weft:mesh"], stored)).toEqual(["values.pilot.env.TOKEN"]);
  });

  test("is all that may be, where only the engine knows", async () => {
    expect(await marked(["weft:mesh"], {})).toEqual(["values.pilot.env.LEVEL", "values.pilot.env.TOKEN"]);
  });

  test("is secret in the outputs too; where it is the name of a member, all members are", async () => {
    const named = [
      { name: "a", context: "a", network: "s3cret-net" },
      { name: "b", context: "b" },
    ];
    const outputsOf = async (stored: Record<string, unknown>) => {
      jest.mocked(storedSettings).mockResolvedValue(stored);
      pulumi.runtime.setAllConfig({ "weft:clusters": JSON.stringify(named) }, ["weft:clusters"]);
      let outputs!: Outputs;
      await record(async () => (outputs = await program()));
      return outputs;
    };

    const { mesh, members } = await outputsOf({
      "weft:clusters": [{ name: "a", context: "a", network: secure }, named[1]],
    });
    const { a, b } = members as Record<string, { network: pulumi.Input<string> }>;
    expect(await valueOf(pulumi.output(a!.network))).toEqual({ value: "s3cret-net", secret: true });
    expect(await pulumi.isSecret(pulumi.output(b))).toBe(false);
    expect(await pulumi.isSecret(pulumi.output(mesh))).toBe(false);

    const hidden = await outputsOf({ "weft:clusters": [named[0], { name: secure, context: "b" }] });
    const all = await valueOf(pulumi.output(hidden.members));
    expect(all).toMatchObject({ secret: true, value: { b: { network: "b" } } });
  });

  test("is nothing where no setting holds a secret, or only the other one", async () => {
    expect(await marked([], {})).toEqual([]);
    expect(await marked(["weft:clusters"], {})).toEqual([]);
  });
});

describe("a mistake of the user", () => {
  /** The error, and what was created before it. */
  async function refused(config: { mesh?: unknown; clusters?: unknown }) {
    let error: unknown;
    const failing = async () => {
      try {
        await program();
      } catch (thrown) {
        error = thrown;
      }
    };
    configure(config);
    const { resources } = await record(failing);
    return { error: error as Error, resources };
  }

  test("in stack config is shown with all others, without a stack trace, before anything is created", async () => {
    const { error, resources } = await refused({ clusters: [{ name: "A" }, { name: "b", nettwork: "n" }] });
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect(error.message).toContain("weft:clusters[0].name");
    expect(error.message).toContain("nettwork");
    expect(resources).toEqual([]);
  });

  test("in a list that is stored as text, and broken, shows none of the text", async () => {
    const text = `[{"name":"a","kubeconfig":"${"s3cr3t".repeat(20)}"`;
    pulumi.runtime.setAllConfig({ "weft:clusters": text });
    const refused = program();
    await expect(refused).rejects.toThrow(`weft:clusters = (a text of ${text.length} characters)`);
    await expect(refused).rejects.not.toThrow("s3cr3t");
  });

  test("that only the clusters show, too", async () => {
    jest
      .mocked(preflight)
      .mockRejectedValue(new ConfigError([{ path: "weft:clusters[1]", message: "No answer." }]));
    const { error, resources } = await refused({ clusters });
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect(error.message).toContain("No answer.");
    expect(resources).toEqual([]);
  });

  test("is not what a defect of the program looks like", async () => {
    jest.mocked(preflight).mockRejectedValue(new TypeError("x is not a function"));
    const { error } = await refused({ clusters });
    expect(error).toBeInstanceOf(TypeError);
  });

  test("that the last up alone shows stops the program before a cluster is asked, too", async () => {
    jest.mocked(lastOutputs).mockResolvedValue({ mesh: { trustDomain: "old.example" } });
    const { error } = await refused({ clusters });
    expect(error.message).toContain("weft:mesh.trustDomain = cluster.local");
    expect(preflight).not.toHaveBeenCalled();
  });

  test("is a CLI without resource hooks, too", async () => {
    jest
      .spyOn(pulumi.runtime, "requirePulumiVersion")
      .mockRejectedValueOnce(new Error("does not support the `RequirePulumiVersion` RPC"));
    const { error, resources } = await refused({ clusters });
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    const { requiredPulumiVersion } = parse(readFileSync(join(__dirname, "../Pulumi.yaml"), "utf8")) as {
      requiredPulumiVersion: string;
    };
    expect(error.message).toContain(`Weft needs ${requiredPulumiVersion.replace(">=", "")} or later`);
    expect(resources).toEqual([]);
  });

  test("that would let members leave by accident stops the program before a cluster is asked", async () => {
    const member = { role: "primary" };
    jest.mocked(lastOutputs).mockResolvedValue({ members: { a: member, b: member, c: member, d: member } });
    const { error, resources } = await refused({ clusters });
    expect(error.message).toMatch(/c, d would leave the mesh/);
    expect(preflight).not.toHaveBeenCalled();
    expect(resources).toEqual([]);
  });
});
