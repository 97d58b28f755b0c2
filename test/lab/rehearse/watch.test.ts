/** An API server that ends watches, as it does when a CRD has changed. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { KubernetesObject } from "../../../lab/rehearse/facts";
import { MeshWatch } from "../../../lab/rehearse/watch";
import { type Identity, makeIdentity } from "../../clusters/fake-api-server";

let identity: Identity;
let folder: string;
let server: https.Server;
/** What is listed, by the plural of its kind. */
let listed: Record<string, { resourceVersion: string; items: KubernetesObject[] }>;
/** Watches of Gateways, in the order in which they were asked for. */
let watches: ServerResponse[];
/** Statuses with which the next watches of Gateways are refused. */
let refusals: number[];
/** When the last one was; long ago where none was. */
let refusedAt: number;

beforeAll(async () => {
  identity = await makeIdentity();
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "weft-watch-"));
  [listed, watches, refusals, refusedAt] = [{}, [], [], -Infinity];
  server = https.createServer({ cert: identity.cert, key: identity.key }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "https://any");
    const plural = pathname.split("/").at(-1)!;
    if (!searchParams.has("watch")) {
      const { resourceVersion, items } = listed[plural] ?? { resourceVersion: "1", items: [] };
      return response.end(JSON.stringify({ metadata: { resourceVersion }, items }));
    }
    if (plural !== "gateways") return response.flushHeaders();
    const status = refusals.shift();
    if (status !== undefined) {
      refusedAt = performance.now();
      return response.writeHead(status, { "Retry-After": "1" }).end();
    }
    response.flushHeaders();
    watches.push(response);
    server.emit("watched");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function start(): Promise<MeshWatch> {
  const kubeconfig = join(folder, "kubeconfig");
  const apiServer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cluster = {
    server: apiServer,
    "certificate-authority-data": Buffer.from(identity.ca).toString("base64"),
  };
  writeFileSync(
    kubeconfig,
    stringify({
      "current-context": "east",
      contexts: [{ name: "east", context: { cluster: "east", user: "east" } }],
      clusters: [{ name: "east", cluster }],
      users: [{ name: "east", user: { token: "t" } }],
    }),
  );
  return MeshWatch.start([{ name: "east", context: "east", kubeconfig, apiServer, ready: true }], {
    lingerMs: 0,
  });
}

const gateway = (name: string, resourceVersion: string, spec: object): KubernetesObject => ({
  metadata: { name, resourceVersion },
  spec,
});

test.each([
  ["", []],
  [", after the time for which the API server asks", [429]],
])("a watch that the API server ends goes on with what there is then%s", async (_, statuses) => {
  const [changed, gone, same] = ["cross-network-gateway", "gone", "same"];
  listed.gateways = {
    resourceVersion: "10",
    items: [gateway(changed, "5", { a: 1 }), gateway(gone, "6", {}), gateway(same, "7", {})],
  };
  const watch = await start();
  listed.gateways = {
    resourceVersion: "30",
    items: [gateway(changed, "20", { a: 2 }), gateway(same, "7", {}), gateway("new", "21", {})],
  };
  refusals = statuses;
  const resumed = once(server, "watched");
  watches[0]!.end();
  await resumed;
  expect(performance.now() - refusedAt).toBeGreaterThan(990);
  const event = { type: "MODIFIED", object: gateway("new", "31", { b: 1 }) };
  watches[1]!.write(`${JSON.stringify(event)}\n`);
  listed.gateways = {
    resourceVersion: "31",
    items: [gateway(changed, "20", { a: 2 }), gateway(same, "7", {}), event.object],
  };

  const { before, after } = await watch.finish();
  expect(before.map(({ name, revision }) => [name, revision])).toEqual([
    [changed, 5],
    [gone, 6],
    [same, 7],
  ]);
  expect(after.map(({ name, revision, facts }) => [name, revision, facts?.kind])).toEqual([
    [changed, 20, "IstioObject"],
    ["new", 21, "IstioObject"],
    [gone, 30, undefined],
    ["new", 31, "IstioObject"],
  ]);
});

test("a watch that is refused is an error that says of what", async () => {
  refusals = [500];
  const watch = await start();
  await expect(watch.finish()).rejects.toThrow(
    "east: objects of kind Gateway cannot be watched: the watch is answered with 500.",
  );
});
