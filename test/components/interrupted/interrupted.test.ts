import * as pulumi from "@pulumi/pulumi";
import { lists } from "../../../components/interrupted/cluster-contents";
import type { Recorded, Recorder } from "../mocks";
import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

describe("a mesh with everything in it", () => {
  let recorder: Recorder;
  let created: Recorded[];

  beforeAll(async () => {
    const ingress = { routes: [{ host: "a.example", service: "web.shop", port: 80 }] };
    ({ recorder } = await weave({
      mesh: {
        istio: { revisions: { default: "1.30.5" } },
        loadBalancer: {},
        sample: {},
        telemetry: { accessLogging: [{}] },
        trust: { root: { source: "certManager" }, certManager: { cluster: "c" } },
      },
      clusters: [
        cluster("a", {
          addresses: "10.89.1.200-10.89.1.210",
          ingress,
          istio: { tags: { prod: "default" } },
        }),
        cluster("b", { addresses: "10.89.1.211-10.89.1.220", role: "remote", primary: "a", ingress }),
        cluster("c", { addresses: "10.89.1.221-10.89.1.230" }),
      ],
    }));
    created = recorder.resources.filter(({ type, read }) => type.startsWith("kubernetes:") && !read);
  });

  test("finishes what was interrupted of each of its objects, in the cluster where it is", () => {
    expect(created.length).toBeGreaterThan(40);
    expect(created.map(({ name }) => [name, recorder.beforeCreate(name)[0]])).toEqual(
      created.map(({ name, type, provider }) => [
        name,
        `mesh-${provider}-interrupted-${type.endsWith(":Release") ? "release" : "object"}`,
      ]),
    );
  });

  test("and after that tells who is waited for, of each of its releases", () => {
    const told = created.filter(({ name }) => recorder.beforeCreate(name).length > 1);
    expect(told.map(({ name }) => [name, recorder.beforeCreate(name).slice(1)])).toEqual(
      created
        .filter(({ type }) => type.endsWith(":Release"))
        .map(({ name, provider }) => [name, [`mesh-${provider}-waiting-begins`]]),
    );
  });

  describe("of what a component of others creates, in a process of its own", () => {
    /** The hooks that the engine is told of, for a child of Pulumi's cert-manager. */
    async function hooksOf(type: string, member: string): Promise<string[] | undefined> {
      const [reach, ...others] = recorder.transformsOf("mesh-trust-cert-manager-chart");
      expect(others).toEqual([]);
      const urn = pulumi.output(`urn:pulumi:test::weft::pulumi:providers:kubernetes::${member}`);
      const provider = { urn } as pulumi.ProviderResource;
      const result = await reach!({ custom: true, type, name: "child", props: {}, opts: { provider } });
      return (result?.opts.hooks?.beforeCreate as pulumi.ResourceHook[] | undefined)?.map(({ name }) => name);
    }

    test("it finishes the release, in the cluster where that is", async () => {
      const release = "kubernetes:helm.sh/v3:Release";
      expect(await hooksOf(release, "c")).toEqual(["mesh-c-interrupted-release"]);
      expect(await hooksOf(release, "a")).toEqual(["mesh-a-interrupted-release"]);
      expect(await hooksOf(release, "elsewhere")).toBeUndefined();
    });

    test("it leaves alone what is not Kubernetes'", async () => {
      expect(await hooksOf("random:index/randomId:RandomId", "c")).toBeUndefined();
    });

    test("its own components need none: what they create comes by the transformation", () => {
      expect(recorder.transformsOf("mesh")).toEqual([]);
      expect(recorder.transformsOf("mesh-a")).toEqual([]);
    });
  });

  test("tells its objects from those of another stack, where both may stand in one namespace", () => {
    const stack = { "weft.dev/stack": "organization/weft/test" };
    const shared = created.filter(({ type }) => type.startsWith("kubernetes:cert-manager.io/"));
    expect(shared.length).toBeGreaterThan(0);
    for (const { inputs } of shared) expect(inputs).toMatchObject({ metadata: { annotations: stack } });
  });

  test("knows where each of their kinds is listed", () => {
    const objects = created.filter(({ type }) => !type.endsWith(":Release"));
    const kinds = objects.map(
      ({ inputs }) => `${inputs["apiVersion"] as string}/${inputs["kind"] as string}`,
    );
    expect([...new Set(kinds)].sort()).toEqual(Object.keys(lists).sort());
  });
});
