import * as path from "node:path";
import { chooseParts } from "../../../lab/engine/parts";
import { openStack } from "../../../lab/engine/stack";
import { openKind } from "../../../lab/kind";
import { parseMesh } from "../../../mesh/parse";
import { fakePrograms, type Programs } from "./programs";

jest.mock("../../../lab/engine/parts");
jest.mock("../../../lab/engine/stack");

const istio = { version: "1.30.5", charts: { repository: "https://charts.example" } };
const kindProgram = `
case "$*" in
  "get clusters") printf 'mine\\nweft-cluster1\\nweft-cluster3\\n';;
  "get kubeconfig"*) echo "{clusters: [{cluster: {server: 'https://$5-control-plane:6443'}}]}";;
esac`;

const before = { ...process.env };
let programs: Programs;
const told: string[] = [];
beforeEach(() => {
  told.length = 0;
  jest.spyOn(console, "log").mockImplementation((line: string) => void told.push(line));
  programs = fakePrograms({ docker: "echo 28.2.2", kind: kindProgram });
  process.env.PATH = programs.PATH;
  delete process.env.KIND_EXPERIMENTAL_PROVIDER;
  jest.mocked(openStack).mockReset();
  jest
    .mocked(chooseParts)
    .mockResolvedValue({ bin: "/bin", istiods: "/istiods", istio, summary: "all parts are real" });
});
afterEach(() => {
  process.env = { ...before };
  programs.remove();
  jest.restoreAllMocks();
});

const open = () => openKind({ dir: programs.dir, topology: "primary-remote", istio, report: () => {} });
const changes = () => programs.calls().filter((call) => /^kind (create|delete|export)/.test(call));

test("clusters that are missing are created, and the stack is opened with all of them", async () => {
  const { next } = await open();
  expect(changes().map((call) => call.split(" ").slice(1, 5).join(" "))).toEqual([
    "export kubeconfig --name weft-cluster1",
    "create cluster --name weft-cluster2",
  ]);
  const [{ config, stack, dir }] = jest.mocked(openStack).mock.calls[0]!;
  expect([stack, dir]).toEqual(["kind", programs.dir]);
  const { config: mesh, members } = parseMesh({
    mesh: config["weft:mesh"],
    clusters: config["weft:clusters"],
  });
  expect(mesh.removing).toEqual(["cluster3"]);
  expect(
    members.map(({ name, role, apiServer, kubeconfigPath }) => [name, role, apiServer?.url, kubeconfigPath]),
  ).toEqual([
    ["cluster1", "primary", "https://weft-cluster1-control-plane:6443", fileOf("cluster1")],
    ["cluster2", "remote", "https://weft-cluster2-control-plane:6443", fileOf("cluster2")],
  ]);
  expect(told).toEqual(["all parts are real"]);
  expect(next).toContain("kind delete clusters weft-cluster1 weft-cluster2");
});

test("a cluster goes only after its member has left, and those of others stay", async () => {
  const { finish } = await open();
  expect(changes().join()).not.toContain("delete");
  await finish();
  expect(changes().filter((call) => call.includes("delete"))).toEqual([
    `kind delete cluster --name weft-cluster3 --kubeconfig ${fileOf("cluster3")}`,
  ]);
});

function fileOf(member: string): string {
  return path.join(programs.dir, "clusters", `${member}.kubeconfig`);
}
