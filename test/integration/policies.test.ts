/** The policy pack, run by the real engine: over Weft's own program, and over one that breaks its rules. */
import * as path from "node:path";
import { TestMesh } from "./harness";
import type { OperationOptions, TestStack } from "./operator";

jest.setTimeout(600_000);

const policyPacks = [path.resolve(__dirname, "../../policies")];
const [cluster1, cluster2, cluster3] = ["cluster1", "cluster2", "cluster3"].map((name) => ({ name })) as [
  { name: string },
  { name: string },
  { name: string },
];

let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(["cluster1", "cluster2", "cluster3"]);
});

afterAll(async () => {
  await mesh?.stop();
});

/** What a person sees on the terminal of an operation that fails, with every break and indentation as one blank. */
async function refusal(operation: (options: OperationOptions) => Promise<unknown>): Promise<string> {
  let shown = "";
  await expect(operation({ onOutput: (text) => void (shown += text) })).rejects.toThrow();
  return shown.replace(/\s+/g, " ");
}

const resources = async (stack: TestStack) =>
  ((await stack.exportStack()).deployment as { resources?: { type: string }[] }).resources ?? [];

describe("a program that breaks the rules", () => {
  const open = (name: string) =>
    mesh.open({ stack: name, config: {}, program: path.join(__dirname, `programs/${name}.ts`) });

  test("is stopped before the weak key of a CA is made, and told what to do", async () => {
    const stack = await open("weak-key");
    for (const operation of ["preview", "up"] as const) {
      const shown = await refusal((options) => stack[operation]({ ...options, policyPacks }));
      expect(shown).toContain("[mandatory] ca-bounds (tls:index/privateKey:PrivateKey: root-key)");
      expect(shown).toContain("root-key rsaBits (2048): an RSA key of a CA has at least 3072 bits.");
      expect(shown).toContain("Use RSA with 4096 bits, or ECDSA on P256 (weft:mesh.trust.algorithm).");
    }
    expect((await resources(stack)).map(({ type }) => type)).not.toContain("tls:index/privateKey:PrivateKey");
  });

  test("is stopped when a kubeconfig is missing or not marked secret, and the kubeconfig is not shown", async () => {
    const stack = await open("kubeconfigs");
    const shown = await refusal((options) => stack.preview({ ...options, policyPacks }));
    expect(shown).toContain("plain kubeconfig: a kubeconfig that is not marked secret");
    expect(shown).toContain("ambient kubeconfig: this provider has no kubeconfig");
    expect(shown).not.toContain("marked kubeconfig:");
    expect(shown).not.toContain("do-not-show-me");
  });
});

describe("Weft's own program", () => {
  test("is stopped, before anything exists, when istiod is exposed to everyone", async () => {
    const remote = { ...cluster3, role: "remote", primary: "cluster1" };
    const shown = await refusal(async (options) =>
      (await mesh.stack([cluster1, cluster2, remote])).preview({ ...options, policyPacks }),
    );
    expect(shown).toContain("the load balancer offers the istiod of cluster1 to everyone");

    const eastWest = { service: { loadBalancerSourceRanges: ["10.0.0.0/8"] } };
    await (await mesh.stack([{ ...cluster1, eastWest }, cluster2, remote])).preview({ policyPacks });
  });

  test("passes every policy, before anything exists and after", async () => {
    const stack = await mesh.stack([cluster1, cluster2, cluster3]);
    const before = await stack.preview({ policyPacks });
    const update = await stack.up({ policyPacks, parallel: 64 });
    const after = await stack.preview({ policyPacks });
    for (const { stdout } of [before, update, after]) {
      expect(stdout).toMatch(/Policies:\s+✅ weft@/);
      expect(stdout).not.toContain("can't run policy");
      expect(stdout).not.toContain("[advisory]");
    }
  });

  test("is stopped when the mesh gets permissive without a reason", async () => {
    const members = [cluster1, cluster2, cluster3];
    const shown = await refusal(async (options) =>
      (await mesh.stack(members, { mtls: "permissive" })).preview({ ...options, policyPacks }),
    );
    expect(shown).toContain('spec.mtls.mode ("PERMISSIVE"): workloads take plain text');

    const reasoned = await mesh.stack(members, { mtls: "permissive", mtlsReason: "VMs without sidecars" });
    await reasoned.preview({ policyPacks });
  });

  test("refuses by itself, without a pack, that members leave unnamed", async () => {
    const stack = await mesh.stack([cluster1]);
    for (const operation of ["preview", "up"] as const) {
      const shown = await refusal((options) => stack[operation](options));
      expect(shown).toMatch(/cluster2, cluster3 would leave the mesh in one step/);
      expect(shown).toContain("weft:mesh.removing: [cluster2, cluster3]");
      expect(shown).not.toMatch(/\.[jt]s:\d/);
    }
    const { members } = (await stack.outputs()) as unknown as { members: { value: object } };
    expect(Object.keys(members.value)).toEqual(["cluster1", "cluster2", "cluster3"]);

    await (await mesh.stack([cluster1], { removing: ["cluster2", "cluster3"] })).preview({ policyPacks });
  });
});
