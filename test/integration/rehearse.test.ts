/** Steps of a mesh, rehearsed through the real engine on control planes that each rehearsal starts and stops itself. */
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../lab/engine/stack";
import type { StackConfig } from "../../lab/rehearse/config";
import { type Rehearsal, rehearse } from "../../lab/rehearse/rehearsal";
import { describeEvent } from "../../lab/rehearse/changes";
import { eventually } from "./eventually";

jest.setTimeout(600_000);

const [east, west, south] = [named("east"), named("west"), named("south")];
function named(name: string): StackConfig["clusters"][number] {
  return { name, context: `prod-${name}` };
}
const stack = (clusters: StackConfig["clusters"], mesh: StackConfig["mesh"] = {}): StackConfig => ({
  mesh,
  clusters,
});

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "weft-test-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function step(
  before: StackConfig | undefined,
  after: StackConfig,
  {
    program = projectRoot,
    signal = new AbortController().signal,
  }: { program?: string; signal?: AbortSignal } = {},
): Promise<Rehearsal> {
  const programs = { before: projectRoot, after: program };
  return rehearse({ dir: join(folder, "lab"), before, after, programs, report: () => {}, signal });
}

/** Files, and processes that were started with one of them. */
const leftBehind = () => [
  ...readdirSync(folder),
  ...spawnSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(folder)),
];

test("a member that joins interrupts nothing, and the report has what its peers' Secrets went through", async () => {
  const { outcome, problem, steps, events, interruptions } = await step(
    stack([east, west]),
    stack([east, west, south]),
  );

  expect({ outcome, problem }).toEqual({ outcome: "done", problem: undefined });
  expect(interruptions).toEqual([]);
  const changed = steps
    .filter(({ op }) => op !== "created")
    .map(({ op, type, member }) => `${op} ${type} ${member}`);
  expect(changed.sort()).toEqual(["changed Secret east", "changed Secret west"]);
  const seen = events.map((event) => `${event.member} ${describeEvent(event)}`);
  expect(seen).toEqual(
    expect.arrayContaining([
      "east Secret weft-peers: + south",
      "west Secret weft-peers: + south",
      "south Secret cacerts: created (trusts default; signed by default)",
      "south ConfigMap istio-ca-root-cert: created (serves default)",
      "east istiod reads: + south",
      "west istiod reads: + south",
    ]),
  );
  expect(leftBehind()).toEqual([]);
});

test("a gateway that gets another kind of Service, and a program that replaces Secrets, are reported with the moment", async () => {
  const moved = {
    ...east,
    // Of the ports that Kubernetes gives nobody who does not ask for them: 30000-30085 of its range.
    eastWest: { service: { type: "NodePort" }, addresses: ["10.0.0.9"], port: 30043 },
    remoteAccess: { generation: 2 },
  };

  const { outcome, steps, events, interruptions } = await step(stack([east, west]), stack([moved, west]), {
    program: programThatReplacesSecrets(),
  });

  expect(outcome).toBe("done");
  expect(steps.filter(({ op }) => op === "replaced").map(({ type, member }) => `${type} ${member}`)).toEqual([
    "Secret west",
  ]);
  const found = Object.fromEntries(interruptions.map((interruption) => [interruption.kind, interruption]));
  // How long istiod goes without the key decides whether it is asked meanwhile.
  expect(
    Object.keys(found)
      .filter((kind) => kind !== "endpoints")
      .sort(),
  ).toEqual(["address", "key"]);
  const { key, address } = found as Record<"key" | "address", Rehearsal["interruptions"][number]>;
  expect([address.member, address.until]).toEqual(["east", undefined]);
  expect(address.what).toContain("is of type NodePort, and was of type LoadBalancer");
  expect(describeEvent(events[address.from - 1]!)).toContain("type LoadBalancer → NodePort");
  expect(key).toMatchObject({ member: "west", what: "west holds no remote secret for east" });
  expect([key.from, key.until!].map((number) => describeEvent(events[number - 1]!))).toEqual([
    "Secret weft-peers: deleted",
    "Secret weft-peers: created (east)",
  ]);
  expect(leftBehind()).toEqual(["program"]);
});

/** The folder of Weft's program but for what makes a changed Secret stay where it is. */
function programThatReplacesSecrets(): string {
  const program = join(folder, "program");
  const providers = readFileSync(join(projectRoot, "components/providers.ts"), "utf8");
  expect(providers).toContain("enableSecretMutable: true");
  mkdirSync(program);
  writeFileSync(
    join(program, "providers.ts"),
    providers.replace("enableSecretMutable: true", "enableSecretMutable: false"),
  );
  writeFileSync(
    join(program, "index.ts"),
    readFileSync(join(projectRoot, "index.ts"), "utf8")
      .replace('"./components/providers"', `"${program}/providers"`)
      .replaceAll(/(from|import) "\.\//g, `$1 "${projectRoot}/`),
  );
  symlinkSync(join(projectRoot, "node_modules"), join(program, "node_modules"));
  return program;
}

test("a step that the program refuses is a result, and so is one that it cannot even parse", async () => {
  const swapped = stack([east], { trust: { roots: [{ name: "next", source: "generated", signing: true }] } });
  const refused = await step(stack([east]), swapped);
  expect(refused).toMatchObject({ outcome: "refused", steps: [], interruptions: [] });
  expect(refused.problem).toContain("In one step they may grow or shrink, not both");

  const remote = await step(stack([east]), stack([{ ...east, role: "remote", primary: "nobody" }]));
  expect(remote).toMatchObject({ outcome: "refused", steps: [] });
  expect(remote.parts).toBeUndefined();
  expect(leftBehind()).toEqual([]);
});

test("stopped while the engine works, it leaves neither files nor processes behind", async () => {
  const stop = new AbortController();
  const stopped = step(undefined, stack([east]), { signal: stop.signal }).then(
    () => "done",
    () => "stopped",
  );

  await eventually(() => leftBehind().some((line) => line.includes("/bin/pulumi up ")));
  stop.abort();

  expect(await stopped).toBe("stopped");
  await eventually(() => leftBehind().length === 0);
});
