/** The sample workloads of a member, through its API server. Changes nothing: its pods are there already. */
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { V1Status } from "@kubernetes/client-node";
import { ApiClient, type List } from "../../clusters/api-client";
import { explain, kubectl } from "../../clusters/explain";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { libraryConfig } from "../../clusters/library-config";
import type { Member } from "../../mesh/mesh-spec";
import { isSimulated } from "../simulated";
import { VerifyError, type SampleCluster } from "./measure";

interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  status?: { phase?: string };
}

/** The part of the client's WebSocket that matters here. */
interface Socket {
  close(): void;
  onclose: unknown;
}

const listTimeoutMs = 10_000;

/**
 * @param runTimeoutMs for all requests of the member.
 * @throws ConfigError when there is no way into the cluster.
 */
export async function sampleCluster(member: Member, runTimeoutMs: number): Promise<SampleCluster> {
  const kubeconfig = await resolveKubeconfig(member);
  return {
    member: member.name,
    helloworlds: () =>
      reading(member, kubeconfig, async (api) => {
        await refuseSimulated(api, member);
        return (await runningPods(api, member, "helloworld")).map(({ metadata }) => metadata.name);
      }),
    run: async (command) => {
      const [pod] = await reading(member, kubeconfig, (api) => runningPods(api, member, "curl"));
      return exec(member, kubeconfig, pod!.metadata.name, command, runTimeoutMs);
    },
  };
}

async function reading<T>(
  member: Member,
  kubeconfig: ResolvedKubeconfig,
  read: (api: ApiClient) => Promise<T>,
): Promise<T> {
  let api: ApiClient | undefined;
  try {
    api = await ApiClient.of(kubeconfig, listTimeoutMs);
    return await read(api);
  } catch (error) {
    if (error instanceof VerifyError) throw error;
    const { value, message, remedy = "" } = explain(error, member, kubeconfig, listTimeoutMs);
    throw new VerifyError(`${member.name}: ${value}: ${message} ${remedy}`);
  } finally {
    api?.close();
  }
}

async function runningPods(api: ApiClient, member: Member, app: string): Promise<Pod[]> {
  const list = await api.get<List<Pod>>(`/api/v1/namespaces/sample/pods?labelSelector=app%3D${app}`);
  const running = (list?.items ?? []).filter(
    ({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase === "Running",
  );
  if (running.length > 0) return running;
  throw new VerifyError(
    `${member.name}: no pod of ${app} runs in namespace sample. Does stack config have \`weft:mesh.sample: {}\`, and is \`pulumi up\` done?`,
  );
}

/** A cluster of simulated nodes runs no workload in its pods: say so, before a reason is looked for elsewhere. */
async function refuseSimulated(api: ApiClient, member: Member): Promise<void> {
  if (!(await isSimulated(api))) return;
  throw new VerifyError(
    `${member.name}: no request can be sent: its nodes are simulated by KWOK, and no workload runs in its pods. \`npm start -- --kind\` makes clusters with real pods.`,
  );
}

async function exec(
  member: Member,
  kubeconfig: ResolvedKubeconfig,
  pod: string,
  command: string[],
  timeoutMs: number,
): Promise<string> {
  const { Exec } = await import("@kubernetes/client-node");
  // It has its own limit of time, below, and a name for who does not keep it.
  const api = await ApiClient.of(kubeconfig, 2 * timeoutMs);
  const config = await libraryConfig(api);
  const stdout = new PassThrough();
  const printed = text(stdout);
  const refuse = (why: string) =>
    new VerifyError(
      `${member.name}: the command could not be run in pod ${pod}: ${why}. \`${kubectl(member, kubeconfig)} -n sample exec ${pod} -c curl -- curl -s http://helloworld.sample:5000/hello\` says more; it needs the right to create pods/exec.`,
    );

  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(refuse(`not done within ${timeoutMs / 1000} s`)), timeoutMs);
      const done = (status: V1Status) => {
        if (status.status === "Success" || status.reason === "NonZeroExitCode") resolve();
        else reject(refuse(status.message ?? "no reason given"));
      };
      new Exec(config).exec("sample", pod, "curl", command, stdout, null, null, false, done).then(
        (opened: Socket) => {
          socket = opened;
          opened.onclose = () => reject(refuse("the connection was closed"));
        },
        (error: { message?: string }) => reject(refuse(error.message ?? "the connection was refused")),
      );
    });
  } finally {
    clearTimeout(timer);
    socket?.close();
    api.close();
    stdout.end();
  }
  return printed;
}
