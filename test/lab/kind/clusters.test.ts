import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { Kind } from "../../../lab/kind/clusters";
import { fakePrograms, type Programs } from "./programs";

const kubeconfig = "{clusters: [{name: c, cluster: {server: 'https://weft-cluster1-control-plane:6443'}}]}";
const kindProgram = `
[ "$FAIL" = "$1 $2" ] && { echo "ERROR: port 80 is taken" >&2; exit 1; }
case "$*" in
  "get clusters") printf 'mine\\nweft-cluster1\\nweft-cluster7\\n';;
  "get kubeconfig --internal --name weft-cluster1") echo "${kubeconfig}";;
esac
echo "$KIND_EXPERIMENTAL_PROVIDER" > "$SEEN"`;

const before = { ...process.env };
let programs: Programs;
let kind: Kind;
let folder: string;
beforeEach(() => {
  programs = fakePrograms({ kind: kindProgram });
  folder = path.join(programs.dir, "clusters");
  Object.assign(process.env, { PATH: programs.PATH, SEEN: path.join(programs.dir, "seen"), FAIL: "" });
  kind = new Kind(folder, { name: "podman", env: { KIND_EXPERIMENTAL_PROVIDER: "podman" } });
});
afterEach(() => {
  process.env = { ...before };
  programs.remove();
});

test("clusters of others are none of ours", async () => {
  expect(await kind.present()).toEqual(["cluster1", "cluster7"]);
  expect(fs.readFileSync(path.join(programs.dir, "seen"), "utf8")).toBe("podman\n");
});

test("a cluster that is missing is created, with a kubeconfig of its own and the host's ports", async () => {
  const file = path.join(folder, "cluster1.kubeconfig");
  expect(await kind.ensure("cluster1", true, false)).toEqual({
    name: "cluster1",
    context: "kind-weft-cluster1",
    kubeconfig: file,
    apiServer: "https://weft-cluster1-control-plane:6443",
  });
  const config = path.join(folder, "cluster1.yaml");
  expect(programs.calls()).toEqual([
    `kind create cluster --name weft-cluster1 --config ${config} --kubeconfig ${file} --wait 180s`,
    "kind get kubeconfig --internal --name weft-cluster1",
  ]);
  expect(parse(fs.readFileSync(config, "utf8"))).toEqual({
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    nodes: [
      {
        role: "control-plane",
        extraPortMappings: [
          { hostPort: 80, containerPort: 30080 },
          { hostPort: 443, containerPort: 30443 },
        ],
      },
    ],
  });
});

test("only the member with the ingress takes the host's ports", async () => {
  await kind.ensure("cluster1", false, false);
  expect(parse(fs.readFileSync(path.join(folder, "cluster1.yaml"), "utf8"))).toMatchObject({
    nodes: [{ role: "control-plane" }],
  });
  expect(fs.readFileSync(path.join(folder, "cluster1.yaml"), "utf8")).not.toContain("extraPortMappings");
});

test("a cluster that is there stays", async () => {
  await kind.ensure("cluster1", true, true);
  expect(programs.calls()[0]).toBe(
    `kind export kubeconfig --name weft-cluster1 --kubeconfig ${path.join(folder, "cluster1.kubeconfig")}`,
  );
  expect(programs.calls().join()).not.toContain("create");
});

test("a cluster goes with its kubeconfig", async () => {
  const { kubeconfig: file } = await kind.ensure("cluster1", false, false);
  fs.writeFileSync(file, "");
  await kind.delete("cluster1");
  expect(programs.calls().at(-1)).toBe(`kind delete cluster --name weft-cluster1 --kubeconfig ${file}`);
  expect(fs.existsSync(file)).toBe(false);
});

test("what kind says of its failure is shown, and where there is no kind, how to get it", async () => {
  process.env.FAIL = "create cluster";
  await expect(kind.ensure("cluster1", true, false)).rejects.toThrow(
    "kind create cluster failed:\nERROR: port 80 is taken",
  );
  fs.rmSync(path.join(programs.PATH, "kind"));
  await expect(kind.present()).rejects.toThrow("There is no program `kind` on PATH");
});
