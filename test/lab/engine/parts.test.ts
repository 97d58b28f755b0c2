import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { defaultIstio } from "../../../lab/engine/config";
import { chooseIstio } from "../../../lab/engine/istio";
import { chooseParts, type Parts, type PartsArgs } from "../../../lab/engine/parts";
import { ensureToolchain } from "../../../lab/toolchain";

jest.mock("../../../lab/toolchain");
jest.mock("../../../lab/toolchain/download", () => ({ isReachable: () => Promise.resolve(false) }));
jest.mock("../../../lab/engine/istio");

const before = { ...process.env };
let dir: string;
const istio = { version: "1.31.0", charts: { path: "/charts" }, istiodVersion: "1.31.0" };

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "weft-parts-"));
  process.env.PATH = path.join(dir, "path");
  process.env.PULUMI_HOME = path.join(dir, "pulumi");
  jest.mocked(chooseIstio).mockResolvedValue(istio);
  jest.mocked(ensureToolchain).mockReset();
  jest
    .mocked(ensureToolchain)
    .mockImplementation((programs) =>
      Promise.resolve(
        Object.fromEntries(programs.map((name) => [name, `/cache/${name}`])) as Record<string, string>,
      ),
    );
});
afterEach(() => {
  process.env = { ...before };
  fs.rmSync(dir, { recursive: true });
});

const choose = (args: Partial<PartsArgs> = {}) =>
  chooseParts({ dir, plugins: ["kubernetes", "tls"], istio: defaultIstio, report: () => {}, ...args });
const linked = () => fs.readdirSync(path.join(dir, "bin")).sort();
const istiodsIn = ({ istiods }: Parts) =>
  Object.fromEntries(fs.readdirSync(istiods).map((tag) => [tag, fs.readlinkSync(path.join(istiods, tag))]));
const builtAtOnce = () => jest.mocked(ensureToolchain).mock.calls.at(-1)![0];

function onPath(program: string): void {
  fs.mkdirSync(path.join(dir, "path"), { recursive: true });
  fs.writeFileSync(path.join(dir, "path", program), "", { mode: 0o755 });
}

test("where nothing can be downloaded, all is built at once, and the tls provider is a double", async () => {
  const parts = await choose();
  expect(parts.summary).toBe(
    "real: engine, control planes, kubernetes provider, Istio 1.31 charts and istiods · doubles: tls provider, nodes, proxies",
  );
  expect(parts.istio).toEqual({ version: "1.31.0", charts: { path: "/charts" } });
  expect(istiodsIn(parts)).toEqual({ "1.31.0": "/cache/pilot-discovery", default: "/cache/pilot-discovery" });
  expect(ensureToolchain).toHaveBeenCalledTimes(1);
  expect(builtAtOnce()).toEqual(
    expect.arrayContaining([
      "pulumi",
      "pulumi-resource-kubernetes",
      "pilot-discovery",
      "etcd",
      "kube-apiserver",
    ]),
  );
  expect(linked()).toEqual([
    "pulumi",
    "pulumi-analyzer-policy-nodejs",
    "pulumi-resource-kubernetes",
    "pulumi-resource-tls",
  ]);
});

test("a plugin on PATH or in Pulumi's own cache is used, and real", async () => {
  onPath("pulumi-resource-tls");
  const cached = path.join(dir, "pulumi/plugins/resource-kubernetes-v4.34.2");
  fs.mkdirSync(cached, { recursive: true });
  fs.writeFileSync(path.join(cached, "pulumi-resource-kubernetes"), "", { mode: 0o755 });
  const { summary } = await choose();
  expect(summary).toBe(
    "real: engine, control planes, kubernetes provider, tls provider, Istio 1.31 charts and istiods · doubles: nodes, proxies",
  );
  expect(linked()).toEqual(["pulumi", "pulumi-analyzer-policy-nodejs"]);
});

test("MetalLB and cert-manager are doubles where a stack uses them, also with the real plugin there", async () => {
  onPath("pulumi-resource-kubernetes-cert-manager");
  const { summary } = await choose({
    metallb: true,
    plugins: ["kubernetes", "tls", "kubernetes-cert-manager"],
  });
  expect(summary).toMatch(/ · doubles: tls provider, cert-manager, MetalLB, nodes, proxies$/);
  expect(linked()).toContain("pulumi-resource-kubernetes-cert-manager");
});

test("an istiod that is there need not be built; one of another version than the charts is named", async () => {
  jest.mocked(chooseIstio).mockResolvedValue({ ...istio, version: "1.29.2", istiod: "/bin/pilot-discovery" });
  const parts = await choose();
  expect(parts.summary).toContain("Istio 1.29 charts, istiods 1.31");
  expect(istiodsIn(parts)).toEqual({ "1.31.0": "/bin/pilot-discovery", default: "/bin/pilot-discovery" });
  expect(builtAtOnce()).not.toContain("pilot-discovery");
});

test("on kind, pods are real and no program plays a part of a cluster", async () => {
  const parts = await choose({ on: "kind", metallb: true });
  expect(parts.summary).toBe(
    "real: engine, control planes, kubernetes provider, Istio 1.31 charts and istiods, nodes, proxies · doubles: tls provider",
  );
  expect(fs.existsSync(parts.istiods)).toBe(false);
  expect(builtAtOnce()).toEqual(["pulumi", "pulumi-resource-kubernetes"]);
});
