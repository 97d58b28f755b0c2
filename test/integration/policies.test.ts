/** The policy pack, run by the real engine: over Weft's own program, and over one that breaks its rules. */
import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation";
import * as tls from "@pulumi/tls";
import { openStack } from "../../lab/engine/stack";
import { TestMesh } from "./harness";

jest.setTimeout(300_000);

const execute = promisify(execFile);
const runOperation = path.resolve(__dirname, "run-operation.ts");

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
async function refusal(
  operation: (options: { onOutput: (text: string) => void }) => Promise<unknown>,
): Promise<string> {
  let shown = "";
  await expect(operation({ onOutput: (text) => void (shown += text) })).rejects.toThrow();
  return shown.replace(/\s+/g, " ");
}

const resources = async (stack: Stack) =>
  ((await stack.exportStack()).deployment as { resources?: { type: string }[] }).resources ?? [];

describe("a program that breaks the rules", () => {
  const program = (name: string, run: PulumiFn) =>
    openStack({ dir: mesh.dir, stack: name, bin: mesh.parts.bin, config: {}, program: run });

  test("is stopped before the weak key of a CA is made, and told what to do", async () => {
    const stack = await program("weak-key", async () => {
      new tls.PrivateKey("root-key", { algorithm: "RSA", rsaBits: 2048 });
      return Promise.resolve({});
    });

    for (const operation of ["preview", "up"] as const) {
      const shown = await refusal((options) => stack[operation]({ ...options, policyPacks }));
      expect(shown).toContain("[mandatory] ca-bounds (tls:index/privateKey:PrivateKey: root-key)");
      expect(shown).toContain("root-key rsaBits (2048): an RSA key of a CA has at least 3072 bits.");
      expect(shown).toContain("Use RSA with 4096 bits, or ECDSA on P256 (weft:mesh.trust.algorithm).");
    }
    expect((await resources(stack)).map(({ type }) => type)).not.toContain("tls:index/privateKey:PrivateKey");
  });

  test("is stopped when a kubeconfig is missing or not marked secret, and the kubeconfig is not shown", async () => {
    const kubeconfig = `kind: Config\nusers:\n- name: a\n  user: {token: do-not-show-me}\n`;
    const stack = await program("plain-kubeconfig", async () => {
      new kubernetes.Provider("marked", {
        kubeconfig: pulumi.secret(kubeconfig),
        clusterIdentifier: "marked",
      });
      new kubernetes.Provider("ambient", {});
      new kubernetes.Provider("plain", { kubeconfig, clusterIdentifier: "plain" });
      return Promise.resolve({});
    });

    const shown = await refusal((options) => stack.preview({ ...options, policyPacks }));
    expect(shown).toContain("plain kubeconfig: a kubeconfig that is not marked secret");
    expect(shown).toContain("ambient kubeconfig: this provider has no kubeconfig");
    expect(shown).not.toContain("marked kubeconfig:");
    expect(shown).not.toContain("do-not-show-me");
  });
});

describe("Weft's own program", () => {
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

  test("is stopped when istiod is exposed to everyone", async () => {
    const remote = { ...cluster3, role: "remote", primary: "cluster1" };
    const shown = await refusal(async (options) =>
      (await mesh.stack([cluster1, cluster2, remote])).preview({ ...options, policyPacks }),
    );
    expect(shown).toContain("the load balancer offers the istiod of cluster1 to everyone");

    const eastWest = { service: { loadBalancerSourceRanges: ["10.0.0.0/8"] } };
    await (await mesh.stack([{ ...cluster1, eastWest }, cluster2, remote])).preview({ policyPacks });
  });

  test("refuses by itself, without a pack, that members leave unnamed", async () => {
    const stack = await mesh.stack([cluster1]);
    for (const operation of ["preview", "up"]) {
      const args = ["--import", "tsx", runOperation, mesh.dir, mesh.parts.bin, operation];
      await expect(execute(process.execPath, args)).rejects.toMatchObject({
        stdout: expect.stringMatching(
          /cluster2, cluster3 would leave the mesh in one step[^]*weft:mesh\.removing: \[cluster2, cluster3\]/,
        ) as string,
      });
    }
    const { members } = (await stack.outputs()) as unknown as { members: { value: object } };
    expect(Object.keys(members.value)).toEqual(["cluster1", "cluster2", "cluster3"]);

    await (await mesh.stack([cluster1], { removing: ["cluster2", "cluster3"] })).preview({ policyPacks });
  });
});
