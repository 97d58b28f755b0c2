/**
 * Who is waited for. Helm waits ten minutes for what a release installs, and says then that the time is over, not why. So whoever waits for
 * long is told what the cluster says of it, while it waits.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ApiClient, defaultTimeoutMs, type List } from "../../clusters/api-client";
import { kubectl } from "../../clusters/explain";
import type { Kubeconfigs, ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { Member } from "../../mesh/mesh-spec";
import { releaseTimeoutSeconds } from "../kubernetes";
import { notReady, type Pod, type Service, type Workload } from "./not-ready";

/** Longest wait that is nothing to speak of, in milliseconds; and after that, between two looks. */
const patienceMs = 60_000;

export interface WaitingArgs {
  members: readonly Member[];
  /** By the member's name. */
  providers: Record<string, kubernetes.Provider>;
  kubeconfigs: Kubeconfigs;
}

/**
 * Gives every release below a component hooks between which it counts as waited for. They come on top of those that it has.
 * @param name unique in the stack.
 */
export function tellOfWaiting(
  name: string,
  { members, providers, kubeconfigs }: WaitingArgs,
): pulumi.ResourceTransformation {
  const hooks = new Map<pulumi.ProviderResource | undefined, Hooks>(
    members.map((member) => [
      providers[member.name],
      hooksOf(`${name}-${member.name}-waiting`, member, kubeconfigs.get(member.name)!),
    ]),
  );
  return ({ type, props, opts }) => {
    if (type !== "kubernetes:helm.sh/v3:Release") return undefined;
    const own = hooks.get(opts.provider ?? opts.parent?.getProvider(type));
    if (own === undefined) return undefined;
    const { beforeCreate = [], beforeUpdate = [], ...others } = opts.hooks ?? {};
    const { begins, ends } = own;
    const binding = {
      ...others,
      beforeCreate: [...beforeCreate, begins],
      beforeUpdate: [...beforeUpdate, begins],
      afterCreate: [ends],
      afterUpdate: [ends],
    };
    return { props, opts: { ...opts, hooks: binding } };
  };
}

interface Hooks {
  begins: pulumi.ResourceHook;
  ends: pulumi.ResourceHook;
}

function hooksOf(name: string, member: Member, kubeconfig: ResolvedKubeconfig): Hooks {
  const waits = new Map<pulumi.URN, NodeJS.Timeout>();
  // A hook runs outside the program's context, in which the engine is that hears what is logged.
  const inProgram = AsyncLocalStorage.snapshot();
  const begins = new pulumi.ResourceHook(`${name}-begins`, ({ urn, name, newInputs }) => {
    const look = new Look(name, newInputs as ReleaseInputs, member, kubeconfig);
    const timer = setInterval(() => {
      void look.again().then((message) => {
        // Meanwhile it may have ended.
        if (message !== undefined && waits.get(urn) === timer) inProgram(() => void pulumi.log.warn(message));
      });
    }, patienceMs);
    // Where the release fails nothing ends it but the end of the program.
    timer.unref();
    waits.set(urn, timer);
  });
  const ends = new pulumi.ResourceHook(`${name}-ends`, ({ urn }) => {
    clearInterval(waits.get(urn));
    waits.delete(urn);
  });
  return { begins, ends };
}

interface ReleaseInputs {
  name: string;
  namespace: string;
}

/** Looks after one release. */
class Look {
  private looks = 0;
  private told: string | undefined;

  constructor(
    private readonly resource: string,
    private readonly release: ReleaseInputs,
    private readonly member: Member,
    private readonly kubeconfig: ResolvedKubeconfig,
  ) {}

  /** What to tell: nothing where it is as it was told, or where the cluster does not say. */
  async again(): Promise<string | undefined> {
    this.looks++;
    const causes = await this.causes().catch(() => []);
    const found = causes.map((cause) => cause.replace(/\.$/, "")).join("; ");
    if (causes.length === 0 || found === this.told) return undefined;
    this.told = found;
    const seconds = (this.looks * patienceMs) / 1000;
    return (
      `${this.resource} is not ready after ${seconds} s: ${found}. See what ` +
      `\`${kubectl(this.member, this.kubeconfig)} -n ${this.release.namespace} describe pods,services\` says. Helm goes on waiting for ` +
      `${releaseTimeoutSeconds / 60} minutes; Ctrl-C ends that. Mend it, then \`pulumi up\` again.`
    );
  }

  private async causes(): Promise<string[]> {
    const { name, namespace } = this.release;
    const api = await ApiClient.of(this.kubeconfig, defaultTimeoutMs);
    try {
      const list = async <T>(path: string) =>
        (await api.get<List<T>>(path.replace("*", `namespaces/${namespace}`)))?.items ?? [];
      const [deployments, daemonSets, pods, services] = await Promise.all([
        list<Workload>("/apis/apps/v1/*/deployments"),
        list<Workload>("/apis/apps/v1/*/daemonsets"),
        list<Pod>("/api/v1/*/pods"),
        list<Service>("/api/v1/*/services"),
      ]);
      return notReady(name, { workloads: [...deployments, ...daemonSets], pods, services });
    } finally {
      api.close();
    }
  }
}
