import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { chooseIstio, type IstioArgs } from "../../../lab/engine/istio";
import { findIstiod, ISTIO, moduleCharts, releaseHub } from "../../../lab/toolchain";

jest.mock("../../../lab/toolchain", () => ({
  ...jest.requireActual<object>("../../../lab/toolchain"),
  findIstiod: jest.fn(),
  moduleCharts: jest.fn(),
}));

let dir: string;
let server: http.Server;
let repository: string;
let answer: number;
/** Versions of which an istiod can be had without being built. */
let there: string[];
const lines: string[] = [];
const report = (line: string) => void lines.push(line);

beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "weft-istio-"));
  lines.length = 0;
  answer = 200;
  there = [];
  jest.mocked(findIstiod).mockReset();
  jest
    .mocked(findIstiod)
    .mockImplementation((version) =>
      Promise.resolve(there.includes(version) ? `/istiod-${version}` : undefined),
    );
  jest.mocked(moduleCharts).mockReset();
  jest.mocked(moduleCharts).mockResolvedValue("/module/charts");
  server = http.createServer((_request, response) => response.writeHead(answer).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  repository = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  fs.rmSync(dir, { recursive: true });
});

const choose = (args: Partial<IstioArgs>, pods = false) =>
  chooseIstio({ version: "1.30.5", charts: { repository }, ...args }, { report, pods });
const ofModule = { version: ISTIO, charts: { path: "/module/charts" }, istiodVersion: ISTIO };

test("charts that answer are used with an istiod of their version, from the stack's hub", async () => {
  there = ["1.30.5"];
  expect(await choose({ hub: "registry.example/istio" })).toEqual({
    version: "1.30.5",
    charts: { repository },
    istiod: "/istiod-1.30.5",
    istiodVersion: "1.30.5",
  });
  expect(findIstiod).toHaveBeenCalledWith("1.30.5", "registry.example/istio", { report });
  expect(moduleCharts).not.toHaveBeenCalled();
});

test("charts that answer without an istiod of their version give way to those of the Go module", async () => {
  expect(await choose({})).toEqual({ ...ofModule, istiod: undefined });
  expect(lines).toEqual([`Istio ${ISTIO}: charts from its Go module, in /module/charts`]);
});

test("charts that answer in the version that can be built stay", async () => {
  expect(await choose({ version: ISTIO })).toMatchObject({ version: ISTIO, charts: { repository } });
});

test.each([404, 503])(
  "charts whose source answers %d come from the Go module, istiod with them",
  async (status) => {
    answer = status;
    there = ["1.30.5", ISTIO];
    expect(await choose({ hub: "registry.example/istio" })).toEqual({
      ...ofModule,
      istiod: `/istiod-${ISTIO}`,
    });
    expect(findIstiod).toHaveBeenCalledWith(ISTIO, releaseHub, { report });
  },
);

test("charts that nobody answers for and that cannot be built name the way out", async () => {
  jest.mocked(moduleCharts).mockRejectedValue(new Error("Go >=1.26.0 is not on PATH"));
  await expect(choose({ charts: { repository: "http://127.0.0.1:1" } })).rejects.toThrow(
    "Istio's charts 1.30.5 cannot be had from http://127.0.0.1:1, nor those of its Go module. Give a folder that holds them: --charts DIR. (Go >=1.26.0 is not on PATH)",
  );
});

test("a folder's charts are used in the version that they have, with an istiod of it", async () => {
  chart("istiod", "1.29.2");
  there = ["1.29.2"];
  const charts = { path: dir };
  expect(await choose({ charts })).toEqual({
    version: "1.29.2",
    charts,
    istiod: "/istiod-1.29.2",
    istiodVersion: "1.29.2",
  });
});

test("a folder's charts are used though no istiod of theirs can be had, and it is said", async () => {
  chart("istiod", "1.29.2");
  const charts = { path: dir };
  expect(await choose({ charts })).toEqual({
    version: "1.29.2",
    charts,
    istiod: undefined,
    istiodVersion: ISTIO,
  });
  expect(lines).toEqual([
    `istiod 1.29.2 is neither on PATH nor in an image that can be had: istiod ${ISTIO} runs in its place`,
  ]);
});

test.each([
  [["1.29.2"], "1.29.2"],
  [["1.29.2", "1.30.5"], "1.30.5"],
])("of packed charts %j, those of %s are used", async (versions, used) => {
  for (const version of versions) {
    chart("istiod", version);
    execFileSync("tar", ["-czf", `istiod-${version}.tgz`, "istiod"], { cwd: dir });
    fs.rmSync(path.join(dir, "istiod"), { recursive: true });
  }
  there = [used];
  expect(await choose({ charts: { path: dir } })).toMatchObject({ version: used });
});

test("where istiod runs in pods, no program of it is looked for", async () => {
  expect(await choose({}, true)).toMatchObject({ version: "1.30.5", charts: { repository } });
  expect(findIstiod).not.toHaveBeenCalled();
});

function chart(name: string, version: string): void {
  fs.mkdirSync(path.join(dir, name));
  fs.writeFileSync(
    path.join(dir, name, "Chart.yaml"),
    `apiVersion: v2\nname: ${name}\nversion: ${version}\n`,
  );
}
