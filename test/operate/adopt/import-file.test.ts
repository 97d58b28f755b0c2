import { mergeValues } from "../../../mesh/istio-values";
import { parseMesh } from "../../../mesh/parse";
import { importFile, type ImportFile } from "../../../operate/adopt/import-file";
import { now } from "../../mesh/authorities";
import { weaveMesh } from "../../components/weave";
import { byHand, type ByHand } from "./by-hand";

let mesh: ByHand;

beforeEach(async () => {
  mesh = await byHand();
});

const file = (): ImportFile =>
  importFile({ members: mesh.adopted().members, stack: "t", project: "weft", version: "4.34.2" });

const lines = ({ resources }: ImportFile) =>
  resources.map(({ type, name, id = "component", parent = "-" }) => `${type} ${name} ${id} < ${parent}`);

test("the guide's mesh: what is there, and its components", () => {
  const of = (name: string) => [
    `weft:mesh-member:MeshMember mesh-${name} component < mesh`,
    `kubernetes:core/v1:Namespace mesh-${name}-namespace istio-system < mesh-${name}`,
    `kubernetes:core/v1:Secret mesh-${name}-cacerts istio-system/cacerts < mesh-${name}`,
    `kubernetes:helm.sh/v3:Release mesh-${name}-base istio-system/istio-base < mesh-${name}`,
    `kubernetes:helm.sh/v3:Release mesh-${name}-istiod istio-system/istiod < mesh-${name}`,
    `weft:gateway:EastWestGateway mesh-${name}-eastwest component < mesh-${name}`,
    `kubernetes:helm.sh/v3:Release mesh-${name}-eastwest-release istio-system/istio-eastwestgateway < mesh-${name}-eastwest`,
    `kubernetes:networking.istio.io/v1:Gateway mesh-${name}-eastwest-cross-network istio-system/cross-network-gateway < mesh-${name}-eastwest`,
  ];
  expect(lines(file())).toEqual(["weft:mesh:Mesh mesh component < -", ...of("east"), ...of("west")]);
});

test("each resource has the provider of its own cluster, at the version of the program's", () => {
  const { nameTable, resources, providerInputs } = file();
  expect(nameTable).toEqual({
    "kubernetes-east": "urn:pulumi:t::weft::pulumi:providers:kubernetes::east",
    "kubernetes-west": "urn:pulumi:t::weft::pulumi:providers:kubernetes::west",
  });
  for (const { name, component, provider, version } of resources) {
    const [, member] = /^mesh-([^-]+)/.exec(name) ?? [];
    expect([name, provider, version]).toEqual(
      component ? [name, undefined, undefined] : [name, `kubernetes-${member}`, "4.34.2"],
    );
  }
  expect(providerInputs["kubernetes-east"]).toEqual({
    context: "prod-east",
    clusterIdentifier: "east",
    enableSecretMutable: "true",
    enableConfigMapMutable: "true",
    version: "4.34.2",
  });
});

test("a kubeconfig of the stack config goes in as a secret, a path as it is", () => {
  mesh.written.clusters = [
    { name: "east", kubeconfigPath: "east.yaml" },
    { name: "west", kubeconfig: "contents" },
  ];
  const { providerInputs } = file();
  expect(providerInputs["kubernetes-east"]).toMatchObject({ kubeconfig: "east.yaml" });
  expect(providerInputs["kubernetes-west"]).toMatchObject({
    kubeconfig: {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      plaintext: '"contents"',
    },
  });
});

test("everything in it is a resource of the program, of the same type and at the same place", async () => {
  for (const name of ["east", "west"]) {
    mesh.of(name).mtls = "STRICT";
    mesh.of(name).telemetry = { accessLogging: [{ providers: [{ name: "envoy" }] }] };
    mesh
      .of(name)
      .objects.push(
        "PeerAuthentication default",
        "Telemetry mesh-default",
        "Secret weft-peers",
        "Secret weft-reader-token-1",
      );
  }
  const { config } = mesh.adopted();
  const clusters = config.clusters.map((cluster) =>
    mergeValues(cluster, {
      trust: { intermediate: { key: mesh.of(cluster["name"] as string).cacerts!.key } },
    }),
  );
  const { recorder } = await weaveMesh(parseMesh({ mesh: config.mesh, clusters }, now));

  const imported = file().resources;
  for (const { type, name, parent = "", provider, id } of imported) {
    const made = recorder.named(name);
    expect([name, made.type, recorder.parentOf(name)]).toEqual([name, type, parent]);
    if (id === undefined) continue;
    const {
      metadata,
      name: release,
      namespace,
    } = made.inputs as Record<string, { name: string; namespace?: string }> & {
      name?: string;
      namespace?: string;
    };
    const object = metadata ?? { name: release, namespace };
    expect([name, provider, id]).toEqual([
      name,
      `kubernetes-${made.provider}`,
      object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`,
    ]);
  }
  // Among the inputs of an imported Secret is its type: a change of that would delete it first.
  const secrets = imported.filter(({ type }) => type === "kubernetes:core/v1:Secret");
  expect(secrets.map(({ name }) => [name, ...recorder.ignoredIn(name)])).toEqual(
    secrets.map(({ name }) => [name, "type"]),
  );
  // And nothing that the program makes in the clusters of such a mesh is left out.
  const names = new Set(imported.map(({ name }) => name));
  const leftOut = recorder.resources.filter(
    ({ type, name, read }) => type.startsWith("kubernetes:") && !read && !names.has(name),
  );
  expect(leftOut.map(({ name }) => name)).toEqual([]);
});
