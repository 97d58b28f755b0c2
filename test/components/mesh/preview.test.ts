/** What a preview shows of a member that joins. */
import { unknown, type Recorder } from "../mocks";
import { cluster, weave, type ClusterInput } from "../weave";
import type { StackInput } from "../../../mesh/schema";

jest.setTimeout(60_000);

const joining = "joiner";
const isNew = (name: string) => name.split("-").includes(joining);

const others: ClusterInput[] = [
  cluster("a"),
  cluster("b"),
  cluster("r", { role: "remote", primary: "a", network: "a" }),
];

/** The inputs that are unknown, of the resources that are there already: `<resource> <path>`. */
function unknowns({ resources }: Recorder): string[] {
  return resources
    .filter(({ name }) => !isNew(name))
    .flatMap(({ name, inputs }) => paths(inputs).map((path) => `${name} ${path}`))
    .sort();
}

function paths(value: unknown, path = ""): string[] {
  if (value === unknown) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => paths(item, path ? `${path}.${key}` : key));
}

async function preview(mesh: StackInput["mesh"], joiner: Partial<ClusterInput> = {}) {
  const clusters = [...others, cluster(joining, joiner)];
  return (await weave({ mesh, clusters }, [], { created: isNew })).recorder;
}

test("under a shared root, each primary's PeerSecret gets a key, and nothing else changes", async () => {
  expect(unknowns(await preview({}))).toEqual([
    "mesh-a-peers-0 stringData.joiner",
    "mesh-b-peers-0 stringData.joiner",
  ]);
});

test("under federated roots, each bundle gets its root as well, and istiod the fingerprint of that", async () => {
  const fingerprint = "values.pilot.podAnnotations.weft.dev/trust-bundle";
  expect(unknowns(await preview({ trust: { mode: "federated" } }))).toEqual([
    "mesh-a-cacerts stringData.root-cert.pem",
    `mesh-a-istiod ${fingerprint}`,
    "mesh-a-peers-0 stringData.joiner",
    "mesh-b-cacerts stringData.root-cert.pem",
    `mesh-b-istiod ${fingerprint}`,
    "mesh-b-peers-0 stringData.joiner",
    "mesh-r-cacerts stringData.root-cert.pem",
  ]);
});

test("of the joining member, too, everything that is known is shown", async () => {
  const recorder = await preview({}, { role: "remote", primary: "a", network: "a" });
  expect(recorder.named("mesh-joiner-istiod").inputs["values"]).toEqual({
    profile: "remote",
    istiodRemote: { injectionPath: "/inject/cluster/joiner/net/a" },
    global: { configCluster: true, remotePilotAddress: expect.stringMatching(/^192/) as string },
  });
  expect(paths(recorder.named("mesh-joiner-cacerts").inputs)).toEqual([
    "stringData.ca-cert.pem",
    "stringData.ca-key.pem",
    "stringData.cert-chain.pem",
  ]);
});

test("a remote of a primary that is new itself shows all but the address", async () => {
  const clusters = [cluster("a"), cluster(joining), cluster("s", { role: "remote", primary: joining })];
  const { recorder } = await weave({ mesh: {}, clusters }, [], { created: isNew });
  expect(recorder.named("mesh-s-istiod").inputs["values"]).toEqual({
    profile: "remote",
    istiodRemote: unknown,
    global: { configCluster: true, remotePilotAddress: unknown },
  });
});
