import { lastUp } from "../../../mesh/last-up";
import type { LiveMember } from "../../../mesh/live-member";
import { cluster, weave, type Woven } from "../weave";

jest.setTimeout(120_000);

describe("a member whose cluster is gone", () => {
  let woven: Woven;
  beforeAll(async () => {
    woven = await weave(
      { mesh: { evicting: ["c"] }, clusters: [cluster("a"), cluster("b"), cluster("c")] },
      [],
      {
        evicted: [
          {
            name: "c",
            istiods: ["istiod"],
            hasLoadBalancer: true,
            ingressNamespace: "edge",
            cniNamespace: "kube-system",
          },
        ],
      },
    );
  });

  test("is read by nobody, and has no part in the mesh but the releases that Pulumi gives up", () => {
    const { recorder, mesh } = woven;
    expect(Object.keys(mesh.members)).toEqual(["a", "b"]);
    expect(Object.keys(recorder.named("mesh-a-peers-0").inputs["stringData"] as object)).toEqual(["b"]);
    const own = recorder.resources.filter(({ name }) => /\bc\b/.test(name) && !name.startsWith("weft:"));
    expect(
      own
        .map(({ type, name, provider, read }) => `${type} ${name} ${provider || "-"}${read ? " read" : ""}`)
        .sort(),
    ).toEqual([
      "kubernetes:helm.sh/v3:Release mesh-c-base c-evicted read",
      "kubernetes:helm.sh/v3:Release mesh-c-cni c-evicted read",
      "kubernetes:helm.sh/v3:Release mesh-c-eastwest-release c-evicted read",
      "kubernetes:helm.sh/v3:Release mesh-c-ingress-release c-evicted read",
      "kubernetes:helm.sh/v3:Release mesh-c-istiod c-evicted read",
      "kubernetes:helm.sh/v3:Release mesh-c-load-balancer-release c-evicted read",
      "pulumi:providers:kubernetes c -",
      "pulumi:providers:kubernetes c-evicted -",
      "weft:gateway:EastWestGateway mesh-c-eastwest -",
      "weft:gateway:IngressGateway mesh-c-ingress -",
      "weft:load-balancer:LoadBalancer mesh-c-load-balancer -",
      "weft:mesh-member:MeshMember mesh-c -",
    ]);
  });
});

test("its releases keep their places, which make up their URNs", async () => {
  const clusters = [cluster("a"), cluster("b"), cluster("c", { addresses: "10.89.1.220/30", ingress: {} })];
  const given = clusters.map((entry, index) => ({ addresses: `10.89.1.${index * 8}/30`, ...entry }));
  const istio = { cni: {}, revisions: { default: "1.30.5", "1-31-2": "1.31.2" } };
  const mesh = { loadBalancer: {}, istio };
  const { recorder: before } = await weave({ mesh, clusters: given });
  const { recorder: after } = await weave({ mesh: { ...mesh, evicting: ["c"] }, clusters: given }, [], {
    evicted: [
      {
        name: "c",
        istiods: ["istiod", "istiod-1-31-2"],
        hasLoadBalancer: true,
        ingressNamespace: "istio-ingress",
        cniNamespace: "istio-system",
      },
    ],
  });
  const releases = (recorder: typeof before) =>
    recorder
      .ofType("kubernetes:helm.sh/v3:Release")
      .filter((name) => name.startsWith("mesh-c-"))
      .map((name) => {
        const parent = recorder.parentOf(name)!;
        return [name, parent, recorder.named(parent).type, recorder.parentOf(parent)];
      });
  expect(releases(after)).toEqual(releases(before));
  expect(releases(before)).toHaveLength(7);
});

test("neither of its providers knows a way into the cluster, nor takes that of the environment", async () => {
  const { recorder } = await weave(
    { mesh: { evicting: ["c"] }, clusters: [cluster("a"), cluster("c")] },
    [],
    {
      evicted: [{ name: "c", istiods: ["istiod"], hasLoadBalancer: false }],
    },
  );
  for (const name of ["c", "c-evicted"]) {
    const { kubeconfig, clusterIdentifier } = recorder.named(name).inputs as Record<string, string>;
    expect(clusterIdentifier).toBe("c");
    const { clusters, contexts, ...rest } = JSON.parse(kubeconfig!) as Record<string, unknown[]>;
    expect([clusters, contexts]).toEqual([[], []]);
    expect(rest["current-context"]).toMatch(/./);
  }
  expect(recorder.named("c").inputs).toMatchObject({ deleteUnreachable: "true" });
  expect(recorder.named("c").inputs).not.toHaveProperty("skipUpdateUnreachable");
  expect(recorder.named("c-evicted").inputs).toMatchObject({ skipUpdateUnreachable: "true" });
  expect(recorder.named("c-evicted").inputs).not.toHaveProperty("deleteUnreachable");
});

describe("a member that does not answer", () => {
  const silent: LiveMember = {
    name: "b",
    unreachable: true,
    tokenGenerations: [],
    eastWest: { address: "198.51.100.7" },
  };
  let woven: Woven;
  beforeAll(async () => {
    woven = await weave(
      { clusters: [cluster("a"), cluster("b"), cluster("r", { role: "remote", primary: "b" })] },
      [silent],
    );
  });

  test("has all that it had, or it would leave the state, and its peers read it", async () => {
    const { recorder } = woven;
    const { recorder: usual } = await weave({
      clusters: [cluster("a"), cluster("b"), cluster("r", { role: "remote", primary: "b" })],
    });
    const names = ({ resources }: typeof usual) =>
      resources.filter(({ read }) => !read).map(({ name }) => name);
    expect(names(recorder).sort()).toEqual(names(usual).sort());
    expect(Object.keys(recorder.named("mesh-a-peers-0").inputs["stringData"] as object)).toEqual(["b", "r"]);
  });

  test("is not asked for the address of its gateway, which its remotes get all the same", () => {
    const { recorder } = woven;
    expect(recorder.has("mesh-b-eastwest-service")).toBe(false);
    expect(recorder.named("mesh-r-istiod").inputs).toMatchObject({
      values: { global: { remotePilotAddress: "198.51.100.7" } },
    });
  });

  test("gets nothing new, and nobody waits for it", () => {
    const { recorder } = woven;
    const hooks = (provider: string) => {
      const own = recorder.resources.filter((one) => one.provider === provider && !one.read);
      return [...new Set(own.flatMap(({ name }) => recorder.beforeCreate(name)))].sort();
    };
    expect(hooks("b")).toEqual(["mesh-b-interrupted"]);
    expect(hooks("a")).toEqual([
      "mesh-a-interrupted-object",
      "mesh-a-interrupted-release",
      "mesh-a-waiting-begins",
    ]);
  });
});

test("the next up knows where an ingress gateway and a CNI plugin stood", async () => {
  const { mesh } = await weave({
    clusters: [cluster("a", { ingress: {}, istio: { cni: { namespace: "kube-system" } } }), cluster("b")],
  });
  const outputs = Object.entries(mesh.members).map(([name, { role, ingressNamespace, cniNamespace }]) => [
    name,
    { role, ingressNamespace, cniNamespace },
  ]);
  expect(lastUp({ members: Object.fromEntries(outputs) as object }).members).toEqual({
    a: { role: "primary", ingressNamespace: "istio-ingress", cniNamespace: "kube-system", revisions: {} },
    b: { role: "primary", revisions: {} },
  });
});
