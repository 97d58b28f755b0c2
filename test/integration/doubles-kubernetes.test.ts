/**
 * Replays every recorded call of the real kubernetes provider to its double, step by step, on two control planes of the lab, and
 * compares the answers. What differs from the recorded world is put in its place by `World`; where an answer may differ, and why,
 * is listed in `kubernetes-differences.ts`.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import { startLab, stopLab } from "../../lab/control-plane";
import { ensureDoubles, ensureToolchain } from "../../lab/toolchain";
import { Differences } from "./kubernetes-differences";
import { type Call, callsOf, memberOf, steps, withManagersInOrder, World } from "./kubernetes-replay";
import { type Json, type JsonObject, ProviderPlugin } from "./provider-plugin";

const report = () => undefined;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "weft-doubles-"));
/** Nothing listens there; the recorded address is one of another network. */
const dead = "https://127.0.0.1:9";
const recordedDead = "https://10.30.0.99:6443";

let program: string;
let kubectl: (...args: string[]) => void;
let world: World;
let differences: Differences;

beforeAll(async () => {
  const [clusters, doubles, programs] = await Promise.all([
    startLab({ dir, clusters: ["c1", "c2"], report }),
    ensureDoubles(["kubernetes"], { report }),
    ensureToolchain(["kubectl"], { report }),
  ]);
  program = path.join(doubles, "pulumi-resource-kubernetes");
  const kubeconfigs = Object.fromEntries(
    clusters.map(({ name, kubeconfig }) => [name, fs.readFileSync(kubeconfig, "utf8")]),
  );
  world = new World({ ...kubeconfigs, dead: kubeconfigs.c1!.replace(clusters[0]!.apiServer, dead) });
  differences = new Differences(world);
  kubectl = (...args) =>
    execFileSync(programs.kubectl, ["--kubeconfig", clusters[0]!.kubeconfig, "-n", "istio-system", ...args], {
      stdio: "ignore",
    });
}, 900_000);

afterAll(() => stopLab(dir), 60_000);

/** One plugin per member and step, as the engine starts them. */
class Plugins {
  private readonly running = new Map<string, ProviderPlugin>();

  async for(resource: string): Promise<ProviderPlugin> {
    const member = memberOf(resource);
    const plugin = this.running.get(member) ?? (await ProviderPlugin.start(program));
    this.running.set(member, plugin);
    return plugin;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((plugin) => plugin.stop()));
  }
}

/** What was done by hand between two recorded steps. */
function drift(): void {
  kubectl("patch", "secret", "cacerts", "-p", '{"data":{"root-cert.pem":"eA=="}}');
  kubectl("label", "namespace", "istio-system", "weft.dev/test-");
  kubectl("delete", "peerauthentication", "default");
}

/** The error that the engine would show, or the answer. */
async function ask(plugin: ProviderPlugin, call: Call): Promise<JsonObject> {
  const request = world.request(call);
  try {
    const answer = await plugin.call(call.method, request);
    world.remember(call, request, answer);
    return { answer: withManagersInOrder(answer) };
  } catch (error) {
    return { error: (error as ServiceError).details ?? String(error) };
  }
}

function recorded(call: Call, own: JsonObject): JsonObject {
  if (call.error) {
    return {
      error: call.error[0]!.replace("rpc error: code = Unknown desc = ", "").replaceAll(
        new RegExp(`${recordedDead}|${recordedDead.slice("https://".length)}`, "g"),
        (address) => (address.startsWith("https") ? dead : dead.slice("https://".length)),
      ),
    };
  }
  const answer = withManagersInOrder(world.translate(call.response!, call.request));
  return { answer: differences.expected(call.request.urn, answer, own.answer ?? null) };
}

test("all steps with calls of the kubernetes provider are recorded", () => {
  expect(steps).toHaveLength(16);
});

test("managers that wrote within one second may come in either order", () => {
  const created = callsOf("kubernetes-02-create-one.jsonl").find(
    ({ method, request }) => method === "Create" && request.name === "c1-reader-token-1",
  )!.response!;
  const { managedFields, ...metadata } = (created.properties as { metadata: { managedFields: Json[] } })
    .metadata;
  const answer = (managedFields: Json[]) =>
    withManagersInOrder({ properties: { metadata: { ...metadata, managedFields } } });
  expect(managedFields).toHaveLength(2);
  expect(answer([...managedFields].reverse())).toEqual(answer(managedFields));
});

// Each step goes on with what the steps before it made.
test.each(steps)(
  "the double answers as the real provider did: %s",
  async (step) => {
    if (step.includes("08-")) drift();
    const calls = callsOf(step);
    expect(calls.length).toBeGreaterThan(0);
    const plugins = new Plugins();
    try {
      const answers: JsonObject[] = [];
      const expected: JsonObject[] = [];
      for (const call of calls) {
        const own = await ask(await plugins.for(call.request.name), call);
        const about = { method: call.method, resource: call.request.name };
        answers.push({ ...about, ...own });
        expected.push({ ...about, ...recorded(call, own) });
      }
      expect(answers).toEqual(expected);
    } finally {
      await plugins.stop();
    }
  },
  // A kind that no CRD knows is tried for half a minute.
  180_000,
);
