import type http from "node:http";
import type { AddressInfo } from "node:net";
import type { MeshSpec } from "../../../mesh/mesh-spec";
import { parseMesh } from "../../../mesh/parse";
import { ConfigError } from "../../../mesh/problems";
import { readMesh } from "../../../operate/facts/read";
import { serve } from "../../../operate/watch/server";
import { Watcher, type Sources } from "../../../operate/watch/watcher";
import { makeIdentity, startFakeApiServer, type FakeApiServer } from "../../clusters/fake-api-server";
import { healthy, input, now, synced, type Sample } from "../healthy";

const minute = 60_000;

let sample: Sample;
let mesh: MeshSpec;
let time: Date;
let told: string[];
let server: http.Server;
beforeAll(async () => {
  sample = await healthy();
});
beforeEach(() => {
  mesh = sample.mesh;
  time = now;
  told = [];
});
afterEach(
  () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
);

async function watching(sources: Partial<Sources> = {}, intervalMs = minute): Promise<Watcher> {
  const watcher = new Watcher(
    {
      mesh: () => Promise.resolve(mesh),
      facts: () => Promise.resolve(sample.facts),
      now: () => time,
      tell: (message) => told.push(message.replace(/\x1b\[\d+m/g, "")),
      ...sources,
    },
    intervalMs,
  );
  server = await serve(watcher, { host: "127.0.0.1", port: 0 });
  return watcher;
}

async function ask(path: string, method = "GET") {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

const members = async () => {
  const { text } = await ask("/metrics");
  return [...text.matchAll(/^weft_member_reachable\{member="(.+)"\}/gm)].map(([, name]) => name);
};

function later(ms: number): void {
  time = new Date(time.getTime() + ms);
}

test("before the first look has ended there is nothing to scrape, and nothing wrong", async () => {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const watcher = await watching({ facts: () => ended.then(() => sample.facts) });
  const look = watcher.look();
  expect(await ask("/metrics")).toMatchObject({
    status: 503,
    text: "The first look at the mesh has not ended yet.\n",
  });
  expect(await ask("/healthz")).toMatchObject({ status: 200, text: "ok\n" });
  end();
  await look;
  expect(await ask("/metrics")).toEqual({
    status: 200,
    type: "text/plain; version=0.0.4; charset=utf-8",
    text: watcher.metrics,
  });
  expect(await members()).toEqual(["one", "three", "two"]);
});

test("what a look sees is served until the next has ended, and how long it took", async () => {
  const facts = () => {
    later(2500);
    return Promise.resolve(sample.facts);
  };
  const watcher = await watching({ facts });
  await watcher.look();
  const { text } = await ask("/metrics");
  expect(text).toContain("\nweft_last_look_duration_seconds 2.5\n");
  later(minute);
  expect((await ask("/metrics")).text).toBe(text);
  await watcher.look();
  const ended = now.getTime() / 1000 + 2.5 + 60 + 2.5;
  expect((await ask("/metrics")).text).toContain(`\nweft_last_look_timestamp_seconds ${ended}\n`);
});

test("looks that have stopped show after three intervals, and after none too soon where they are short", async () => {
  const watcher = await watching({}, 2 * minute);
  await watcher.look();
  later(6 * minute - 1);
  expect((await ask("/healthz")).status).toBe(200);
  later(1);
  expect(await ask("/healthz")).toMatchObject({
    status: 503,
    text: "The last look at the mesh is too long ago.\n",
  });
  await watcher.look();
  expect((await ask("/healthz")).status).toBe(200);

  const often = new Watcher({ mesh: jest.fn(), facts: jest.fn(), now: () => time, tell: jest.fn() }, 5000);
  later(3 * minute - 1);
  expect(often.isAlive).toBe(true);
  later(1);
  expect(often.isAlive).toBe(false);
});

test("a member that has left stack config leaves the metrics", async () => {
  const watcher = await watching({
    facts: ({ members }) =>
      Promise.resolve({
        ...sample.facts,
        members: new Map(members.map(({ name }) => [name, sample.of(name)])),
      }),
  });
  await watcher.look();
  expect((await ask("/metrics")).text).toContain('"three"');
  mesh = parseMesh({ ...input, clusters: input.clusters.filter(({ name }) => name !== "three") });
  await watcher.look();
  expect(await members()).toEqual(["one", "two"]);
  expect((await ask("/metrics")).text).not.toContain('"three"');
});

test("where stack config cannot be read, the members of the last time are looked at", async () => {
  const broken = new ConfigError([{ path: "Pulumi.prod.yaml", message: "It is not YAML." }]);
  let fail = false;
  const watcher = await watching({ mesh: () => (fail ? Promise.reject(broken) : Promise.resolve(mesh)) });
  await watcher.look();
  expect((await ask("/metrics")).text).toContain("\nweft_config_last_reload_successful 1\n");
  fail = true;
  later(minute);
  await watcher.look();
  const { text } = await ask("/metrics");
  expect(text).toContain("\nweft_config_last_reload_successful 0\n");
  expect(text).toContain(`\nweft_last_look_timestamp_seconds ${time.getTime() / 1000}\n`);
  expect(await members()).toEqual(["one", "three", "two"]);
  expect(told).toEqual(["✔ mesh1: 3 members, 3 ok", broken.message]);
});

test("stack config that could never be read is an error", async () => {
  const broken = new ConfigError([{ path: "Pulumi.prod.yaml", message: "It is not YAML." }]);
  const watcher = await watching({ mesh: () => Promise.reject(broken) });
  await expect(watcher.look()).rejects.toBe(broken);
});

test("what changes is told once, and once more when it comes back", async () => {
  let warning: string | undefined = "east joins once its cluster is up.";
  const watcher = await watching({
    mesh: (warn) => {
      if (warning !== undefined) warn(warning);
      return Promise.resolve(mesh);
    },
  });
  const first = ["east joins once its cluster is up.", "✔ mesh1: 3 members, 3 ok"];
  await watcher.look();
  await watcher.look();
  expect(told).toEqual(first);
  warning = undefined;
  await watcher.look();
  expect(told).toEqual(first);
  warning = first[0];
  await watcher.look();
  expect(told).toEqual([...first, first[0]]);
});

test.each([
  ["GET", "/", 404],
  ["GET", "/metrics/", 404],
  ["GET", "/metrics?x=1", 200],
  ["HEAD", "/metrics", 200],
  ["HEAD", "/healthz", 200],
  ["POST", "/metrics", 405],
])("%s %s: %d", async (method, path, status) => {
  await (await watching()).look();
  expect((await ask(path, method)).status).toBe(status);
});

describe("with API servers", () => {
  const servers: FakeApiServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((one) => one.close())));

  test("one that never answers takes nothing from the others, and no secret is served or told", async () => {
    const identity = await makeIdentity();
    const alive = await startFakeApiServer(identity, ({ path }) =>
      path === "/version" ? { gitVersion: "v1.34.2" } : undefined,
    );
    const dead = await startFakeApiServer(identity, () => "silence");
    servers.push(alive, dead);
    mesh = parseMesh({
      mesh: { remoteAccess: { allowLoopback: true } },
      clusters: [
        { name: "alive", kubeconfig: alive.kubeconfig() },
        { name: "dead", kubeconfig: dead.kubeconfig() },
      ],
    });
    // All answers of the one that is alive come within it, on a machine that has other things to do as well.
    const watcher = await watching({ facts: (of) => readMesh(of, { timeoutMs: 5000 }) });
    await watcher.look();
    const { text } = await ask("/metrics");
    for (const line of [
      'weft_member_reachable{member="alive"} 1',
      'weft_member_reachable{member="dead"} 0',
      'weft_check_verdict{member="alive",check="api",verdict="ok"} 1',
      'weft_check_verdict{member="alive",check="cacerts",verdict="failed"} 1',
      'weft_check_verdict{member="dead",check="api",verdict="failed"} 1',
      'weft_check_verdict{member="dead",check="cacerts",verdict="unknown"} 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text + told.join()).not.toContain("s3cr3t");
  });
});

test("no label holds more than names that stack config and status give", async () => {
  sample = await healthy();
  sample.of("one").istiodViews = {
    known: true,
    value: [
      {
        pod: "istiod-1",
        deployment: "istiod",
        peers: { known: true, value: new Map([["two", synced("a.x")]]) },
      },
    ],
  };
  await (await watching()).look();
  const labels = [...(await ask("/metrics")).text.matchAll(/(\w+)="([^"]*)"/g)];
  const values = (wanted: string) =>
    new Set(labels.filter(([, label]) => label === wanted).map(([, , value]) => value));
  expect(new Set(labels.map(([, label]) => label))).toEqual(
    new Set(["mesh", "member", "role", "network", "verdict", "check", "certificate", "reader", "peer"]),
  );
  expect(values("reader")).toEqual(new Set(["one", "two"]));
  expect(values("peer")).toEqual(new Set(["one", "two", "three"]));
  expect(values("certificate")).toEqual(new Set(["intermediate", "root"]));
});
