/** `npm run status` as a person runs it, on a mesh that the real engine wove and that somebody then broke by hand. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { AdmissionregistrationV1Api, AppsV1Api, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { findings, type Report } from "../../operate/report";
import { authority } from "../mesh/authorities";
import { eventually, rewrite } from "./eventually";
import { discovery, namespace, TestMesh } from "./harness";

jest.setTimeout(600_000);

const program = path.resolve(__dirname, "../../operate/status.ts");
const [cluster1, cluster2] = [{ name: "cluster1" }, { name: "cluster2" }];

let mesh: TestMesh;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  mesh = await TestMesh.start(["cluster1", "cluster2"]);
  await (await mesh.stack([cluster1, cluster2])).up({ parallel: 64 });
});

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await mesh?.stop();
});

/** In the folder of the stack's config, as `pulumi` is run. */
const command = (...options: string[]) => ({
  args: ["--import", require.resolve("tsx"), program, "--stack", "test", ...options],
  options: { cwd: path.join(mesh.dir, "stack"), env: { ...process.env, NO_COLOR: "1" } },
});

async function status(...asked: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { args, options } = command(...asked);
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

interface Watch {
  child: ChildProcess;
  /** Resolves with the first match in what is printed after the one before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

function start(...asked: string[]): Watch {
  const { args, options } = command(...asked);
  const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      child.emit("printed");
    });
  }
  return {
    child,
    until: async (pattern) => {
      for (;;) {
        const found = pattern.exec(printed);
        if (found !== null) {
          printed = printed.slice(found.index + found[0].length);
          return found;
        }
        await once(child, "printed");
      }
    },
  };
}

test("a mesh just woven is healthy: its istiods answer, and what only proxies could answer is said", async () => {
  const { code, stdout } = await status();
  expect(stdout).toMatch(/^✔ mesh1: 2 members, 2 ok\n/);
  expect(stdout).not.toContain("· peers");
  expect(stdout).toContain("? cluster1, cluster2 · handshake\n  Not known: the nodes are simulated");
  expect(code).toBe(0);
});

test("a stack that is not there cannot be told", async () => {
  const { args, options } = command();
  const { code, stderr } = await new Promise<{ code: number; stderr: string }>((resolve) =>
    execFile(process.execPath, [...args.slice(0, 3), "--stack", "gone"], options, (error, _, stderr) =>
      resolve({ code: Number(error?.code), stderr }),
    ),
  );
  expect(code).toBe(2);
  expect(stderr).toContain("There is no such stack config.");
  expect(stderr).not.toContain("    at ");
});

describe("broken by hand in many places at once", () => {
  let watch: Watch;

  beforeAll(async () => {
    watch = start("--watch");
    await watch.until(/✔ mesh1: 2 members, 2 ok/);
    await breakIt();
  });

  test("--watch sees it", async () => {
    expect((await watch.until(/✘ mesh1: 2 members, 2 failed/)).index).toBeGreaterThanOrEqual(0);
  });

  test("each is named, with what it means and what to type", async () => {
    const { code, stdout } = await status("--json");
    const report = JSON.parse(stdout) as Report;
    const kubectl = (name: string) =>
      `kubectl --kubeconfig ${mesh.cluster(name).kubeconfig} --context ${name}`;
    const chart = `\`helm${kubectl("cluster1").slice(7).replace("--context", "--kube-context")} -n istio-system get manifest istiod | ${kubectl("cluster1")} apply -f -\` sets it right.`;
    const refresh = "`pulumi up --refresh` sets it right.";
    const forced = "`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh` sets it right.";
    expect(
      findings(report, ["failed"]).map(({ members, check, issue: { message, remedy } }) => [
        `${members.join(", ")} ${check}: ${message}`,
        remedy,
      ]),
    ).toEqual([
      [
        expect.stringMatching(
          /^cluster1 trust: cluster2 does not trust the root that this member signs under \(default, .*requests between them fail\.$/,
        ),
        "`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh` writes the root into Secret cacerts.",
      ],
      [
        "cluster1 network: Label topology.istio.io/network of namespace istio-system says elsewhere, and stack config cluster1: istiod would send requests for this network astray.",
        forced,
      ],
      [
        "cluster1 keys: No key for cluster2: istiod sees none of its services.",
        "`pulumi up --refresh` writes the keys.",
      ],
      [
        "cluster1 keys: An orphan: key gone in Secret istio-remote-secret-gone leads to no member of this mesh, and istiod keeps trying it (istio#36365).",
        `If nobody needs it: \`${kubectl("cluster1")} -n istio-system delete secret istio-remote-secret-gone\`.`,
      ],
      [
        "cluster1 peers: istiod does not read cluster2.",
        `\`${kubectl("cluster1")} -n istio-system logs -l app=istiod --tail=-1 | grep -i cluster\` says why.`,
      ],
      [
        "cluster1 exposure: There is no Gateway cross-network-gateway: other networks do not reach its services.",
        refresh,
      ],
      [
        "cluster1 webhooks: istio-validator-istio-system leads to Service nobody.istio-system, behind which nobody is ready: the API server refuses what it should ask istiod about.",
        `It is not a Service of istiod: ${chart}`,
      ],
      [
        "cluster2 istiod: istiod is scaled to 0: the member's proxies get neither configuration nor certificates.",
        `\`${kubectl("cluster2")} -n istio-system scale deployment istiod --replicas 1\``,
      ],
      ["cluster2 cacerts: CN=late: Expired on 2026-02-01.", forced],
      ["cluster2 cacerts: `ca-key.pem` is not the key of `ca-cert.pem`.", forced],
      [
        expect.stringMatching(
          /^cluster2 trust: cluster1 does not trust the root that this member signs under/,
        ),
        "`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh` writes the root into Secret cacerts.",
      ],
      [
        "cluster2 access: The key for cluster1 may create secrets, which istiod never does: whoever reads the key may do it too.",
        expect.stringContaining(
          `\`${kubectl("cluster1")} get clusterrolebindings,rolebindings -A -o wide | grep istio-reader\``,
        ),
      ],
      [
        expect.stringMatching(
          /^cluster2 webhooks: .* lead to Service istiod.istio-system, behind which nobody is ready/,
        ),
        `\`${kubectl("cluster2")} -n istio-system get endpointslices,pods -l app=istiod\` shows what is there.`,
      ],
    ]);
    expect(stdout).not.toMatch(/PRIVATE KEY|eyJ/);
    expect(code).toBe(1);
  });

  test("--wait tells what it waits for, and returns when all of it is mended", async () => {
    const waiting = start("--wait=8m");
    const ended = once(waiting.child, "exit") as Promise<[number]>;
    await waiting.until(/✘ mesh1: 2 members, 2 failed/);
    await mend();
    const stack = await mesh.stack([cluster1, cluster2]);
    // As the remedies say, which is a preview and an update to the engine.
    const typed = { parallel: 64, refresh: true, env: { PULUMI_K8S_ENABLE_PATCH_FORCE: "true" } };
    await stack.preview(typed);
    await stack.up(typed);
    const [code] = await ended;
    expect(code).toBe(0);
    expect((await status()).code).toBe(0);
  });

  test("--watch sees that too, and ends when it is asked to, leaving nothing", async () => {
    await watch.until(/✔ mesh1: 2 members, 2 ok/);
    watch.child.kill("SIGINT");
    const [code, signal] = (await once(watch.child, "exit")) as [number | null, string | null];
    expect({ code, signal }).toEqual({ code: null, signal: "SIGINT" });
    expect(running.size).toBe(0);
  });
});

const reader = "istio-reader-clusterrole-istio-system";
const validator = "istio-validator-istio-system";

/** Neither pretty nor a dry run, and by a program that is not kubectl: what that has set the provider would take back unforced. */
const byHand = [undefined, undefined, "editor"] as const;

async function breakIt(): Promise<void> {
  const objects = mesh.objects("cluster1");
  const peers = await mesh.secret("cluster1", "weft-peers");
  await objects.replace({ apiVersion: "v1", kind: "Secret", ...peers, data: {} }, ...byHand);
  await objects.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "istio-remote-secret-gone", namespace, labels: { "istio/multiCluster": "true" } },
    stringData: { gone: "not a kubeconfig" },
  });
  await objects.patch(
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "topology.istio.io/network": "elsewhere" } },
    },
    ...byHand,
  );
  await mesh.custom("cluster1").deleteNamespacedCustomObject({
    group: "networking.istio.io",
    version: "v1",
    namespace,
    plural: "gateways",
    name: "cross-network-gateway",
  });
  await changeValidator("nobody");
  await changeReader((rules) => [...rules, { apiGroups: [""], resources: ["secrets"], verbs: ["create"] }]);

  const root = await authority("other", { to: "2046-01-01" });
  const late = await authority("late", { issuer: root, to: "2026-02-01" });
  const cacerts = await mesh.secret("cluster2", "cacerts");
  await mesh.objects("cluster2").replace(
    {
      apiVersion: "v1",
      kind: "Secret",
      ...cacerts,
      data: {
        ...cacerts.data,
        "ca-cert.pem": base64(late.certificate),
        "cert-chain.pem": base64(late.certificate),
        "root-cert.pem": base64(root.certificate),
      },
    },
    ...byHand,
  );
  await scale(0);
  await eventually(isGone);
}

/** Whether the controllers have ended cluster2's istiod: they do so in their own time. */
async function isGone(): Promise<boolean> {
  const config = mesh.config("cluster2");
  const { status } = await config
    .makeApiClient(AppsV1Api)
    .readNamespacedDeployment({ name: "istiod", namespace });
  const labelSelector = "kubernetes.io/service-name=istiod";
  const { items } = await discovery(config).listNamespacedEndpointSlice({ namespace, labelSelector });
  const endpoints = items.flatMap((slice) => slice.endpoints ?? []);
  return !status?.replicas && endpoints.every(({ conditions }) => conditions?.ready === false);
}

/** By hand, what no `up` mends: the objects of charts, and what was never Weft's. */
async function mend(): Promise<void> {
  await mesh.core("cluster1").deleteNamespacedSecret({ name: "istio-remote-secret-gone", namespace });
  await changeValidator("istiod");
  await changeReader((rules) => rules.slice(0, -1));
  await scale(1);
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

async function scale(replicas: number): Promise<void> {
  const apps = mesh.config("cluster2").makeApiClient(AppsV1Api);
  const istiod = { name: "istiod", namespace };
  await rewrite(async () => {
    const found = await apps.readNamespacedDeploymentScale(istiod);
    await apps.replaceNamespacedDeploymentScale({ ...istiod, body: { ...found, spec: { replicas } } });
  });
}

type Rules = NonNullable<Awaited<ReturnType<RbacAuthorizationV1Api["readClusterRole"]>>["rules"]>;

async function changeReader(change: (rules: Rules) => Rules): Promise<void> {
  const rbac = mesh.config("cluster1").makeApiClient(RbacAuthorizationV1Api);
  const role = await rbac.readClusterRole({ name: reader });
  await rbac.replaceClusterRole({ name: reader, body: { ...role, rules: change(role.rules ?? []) } });
}

async function changeValidator(service: string): Promise<void> {
  const hooks = mesh.config("cluster1").makeApiClient(AdmissionregistrationV1Api);
  await rewrite(async () => {
    const found = await hooks.readValidatingWebhookConfiguration({ name: validator });
    for (const { clientConfig } of found.webhooks ?? []) clientConfig.service!.name = service;
    await hooks.replaceValidatingWebhookConfiguration({ name: validator, body: found });
  });
}
