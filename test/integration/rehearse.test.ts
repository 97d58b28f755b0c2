/** Steps of a mesh, rehearsed through the real engine on control planes that each rehearsal starts and stops itself. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../lab/engine/stack";
import type { StackConfig } from "../../lab/rehearse/config";
import { type Rehearsal, rehearse } from "../../lab/rehearse/rehearsal";
import { describeEvent } from "../../lab/rehearse/changes";

jest.setTimeout(300_000);

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
    report = () => {},
    signal = new AbortController().signal,
  }: { report?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<Rehearsal> {
  return rehearse({
    dir: join(folder, "lab"),
    before,
    after,
    programs: { before: projectRoot, after: projectRoot },
    report,
    signal,
  });
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
    ]),
  );
  expect(leftBehind()).toEqual([]);
});

test("a gateway that gets another kind of Service is reported, with the moment", async () => {
  const moved = {
    ...east,
    eastWest: { service: { type: "NodePort" }, addresses: ["10.0.0.9"], port: 31443 },
  };

  const { outcome, events, interruptions } = await step(stack([east, west]), stack([moved, west]));

  expect(outcome).toBe("done");
  expect(interruptions).toEqual([
    {
      kind: "address",
      member: "east",
      from: expect.any(Number) as number,
      what: expect.any(String) as string,
    },
  ]);
  const [{ from, what }] = interruptions as [Rehearsal["interruptions"][number]];
  expect(what).toContain("is of type NodePort, and was of type LoadBalancer");
  expect(describeEvent(events[from - 1]!)).toContain("type LoadBalancer → NodePort");
  expect(leftBehind()).toEqual([]);
});

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

/** Asks again until it holds; the test's own time limit ends it. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 100));
}
