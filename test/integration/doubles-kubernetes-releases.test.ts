/** What the recordings of the kubernetes provider do not show of Helm releases: repositories, failures, interruptions. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { eventually } from "./eventually";
import {
  deployment,
  type Double,
  failure,
  get,
  TestCluster,
  unschedulable,
  urnOf,
} from "./kubernetes-double";
import type { JsonObject } from "./provider-plugin";

const charts = path.join(__dirname, "../../lab/doubles/charts");
/** A Deployment whose Pods no node takes. */
let stuckChart: string;

// How long a cluster takes is for the machine to say.
jest.setTimeout(180_000);

let cluster: TestCluster;
let double: Double;

beforeAll(async () => {
  cluster = await TestCluster.start();
  double = await cluster.double();
  stuckChart = path.join(cluster.dir, "stuck");
  fs.mkdirSync(path.join(stuckChart, "templates"), { recursive: true });
  fs.writeFileSync(path.join(stuckChart, "Chart.yaml"), "{apiVersion: v2, name: stuck, version: 1.2.3}");
  fs.writeFileSync(
    path.join(stuckChart, "templates/deployment.yaml"),
    JSON.stringify(deployment("stuck", unschedulable)),
  );
}, 900_000);

afterAll(async () => {
  await double.plugin.stop();
  await cluster.stop();
}, 60_000);

beforeEach(() => cluster.log.clear());

const release = (name: string, more: JsonObject): JsonObject => ({ name, namespace: "default", ...more });

test("a release that keeps objects when it goes says which", async () => {
  const resource = await double.create(
    "helm.sh/v3:Release",
    "base",
    release("base", { chart: path.join(charts, "base"), values: { global: { istioNamespace: "default" } } }),
  );
  await double.remove(resource);
  expect(cluster.log.warnings).toHaveLength(1);
  expect(cluster.log.warnings[0]).toMatch(
    /^Helm uninstall returned information: "These resources were kept due to the resource policy:\\n\[CustomResourceDefinition\] /,
  );
});

test("a release whose chart is not there is found by the check", async () => {
  const answer = await double.plugin.call("Check", {
    urn: urnOf("helm.sh/v3:Release", "nowhere"),
    news: release("nowhere", { chart: "./no/such/chart" }),
  });
  expect(answer.failuresList).toEqual([
    {
      property: "chart",
      reason: 'path "./no/such/chart" not found; check the chart name and repository configuration.',
    },
  ]);
});

test("a chart is taken from a repository, in the version that fits", async () => {
  const packed = path.join(cluster.dir, "stuck-1.2.3.tgz");
  execFileSync("tar", ["czf", packed, "-C", cluster.dir, "stuck"]);
  const server = http.createServer((request, response) => {
    if (request.url === "/charts/index.yaml") {
      response.end(
        "apiVersion: v1\nentries: {stuck: [{apiVersion: v2, name: stuck, version: 1.2.3, urls: [stuck-1.2.3.tgz]}]}",
      );
    } else response.end(fs.readFileSync(packed));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const repo = `http://127.0.0.1:${(server.address() as AddressInfo).port}/charts`;
    const inputs = await double.check(
      urnOf("helm.sh/v3:Release", "fetched"),
      release("fetched", { chart: "stuck", version: "^1.0.0", repositoryOpts: { repo } }),
    );
    expect(inputs.version).toBe("1.2.3");
  } finally {
    server.close();
  }
});

test("a release that does not get ready is there, as a failed one, and can be upgraded", async () => {
  const failing = release("failing", { chart: stuckChart, timeout: 2 });
  const said = await failure(double.create("helm.sh/v3:Release", "failing", failing));
  expect(said).toContain('Helm release "default/failing" was created, but failed to initialize completely');
  expect(cluster.log.warnings[0]).toContain('Helm release "failing" was created but has a failed status');
  const resource = {
    urn: urnOf("helm.sh/v3:Release", "failing"),
    id: "default/failing",
    inputs: {},
    properties: {},
  };
  const { properties, inputs } = await double.read(resource);
  expect(get(properties, "status", "status")).toBe("failed");
  const known = { ...resource, properties: properties as JsonObject, inputs: inputs as JsonObject };
  const repaired = await double.update(known, release("failing", { chart: stuckChart, skipAwait: true }));
  expect(get(repaired, "status")).toMatchObject({ status: "deployed", revision: 2 });
  await double.remove({ ...known, properties: repaired });
});

test("a release whose installation was killed half-way is pending, and its name is taken", async () => {
  const killed = await cluster.double();
  const urn = urnOf("helm.sh/v3:Release", "half");
  const inputs = await killed.check(urn, release("half", { chart: stuckChart }));
  const broken = failure(killed.plugin.call("Create", { urn, properties: inputs }));
  await eventually(() => cluster.helm("list", "--pending", "-q").includes("half"));
  await killed.plugin.kill();
  expect(await broken).not.toBe("it did not fail");

  expect(await failure(double.plugin.call("Create", { urn, properties: inputs }))).toBe(
    "cannot re-use a name that is still in use",
  );
  const { properties } = await double.read({ urn, id: "default/half", inputs: {}, properties: {} });
  expect(get(properties, "status", "status")).toBe("pending-install");
  const upgrade = double.plugin.call("Update", { urn, id: "default/half", olds: properties!, news: inputs });
  expect(await failure(upgrade)).toBe("another operation (install/upgrade/rollback) is in progress");
});
