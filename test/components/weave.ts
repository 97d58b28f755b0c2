/** A mesh under mocks, from what a person writes. */
import * as kubernetes from "@pulumi/kubernetes";
import { Mesh, type MeshArgs } from "../../components/mesh/mesh";
import { evictedProvider } from "../../components/providers";
import type { Evicted } from "../../mesh/evicted-members";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import { lastUp } from "../../mesh/last-up";
import { revocationOf } from "../../mesh/revocation";
import type { StackInput } from "../../mesh/schema";
import type { LiveMember } from "../../mesh/live-member";
import { record, type Recorder, type RecordOptions } from "./mocks";

export type ClusterInput = StackInput["clusters"][number];

/** A cluster of its own context. */
export function cluster(name: string, rest: Partial<ClusterInput> = {}): ClusterInput {
  return { name, context: name, ...rest };
}

export interface Woven {
  recorder: Recorder;
  mesh: Mesh;
}

interface WeaveOptions extends RecordOptions {
  /** What is secret in stack config. */
  secrets?: ReadonlySet<string>;
  /** Members whose cluster is gone. */
  evicted?: Evicted[];
  /** Outputs of the last `up`. @default none was there */
  last?: unknown;
  /** @default this moment */
  now?: Date;
  /** Gives tokens that end. @default those of the member's name and its Secret's UID */
  requestToken?: MeshArgs["requestToken"];
}

/** Runs the program below index.ts. */
export function weave(input: StackInput, live?: LiveMember[], options?: WeaveOptions): Promise<Woven> {
  return weaveMesh(parseMesh(input), live, options);
}

/** The same, from what index.ts has parsed. */
export async function weaveMesh(
  spec: MeshSpec,
  live: LiveMember[] = [],
  options?: WeaveOptions,
): Promise<Woven> {
  let mesh!: Mesh;
  const { secrets, evicted = [] } = options ?? {};
  const recorder = await record(() => {
    const providers = Object.fromEntries(
      spec.members.map(({ name }) => [name, new kubernetes.Provider(name, { kubeconfig: "unused" })]),
    );
    const kubeconfigs = new Map(
      spec.members.map(({ name }) => [
        name,
        {
          kubeconfig: "unused",
          path: `weft:clusters of ${name}`,
          context: name,
          origin: "a test",
          server: `https://${name}.example:6443`,
          insecureSkipTlsVerify: false,
          cluster: {},
          user: {},
        },
      ]),
    );
    const revocation = revocationOf(spec, lastUp(options?.last), live, options?.now ?? new Date());
    mesh = new Mesh("mesh", {
      mesh: spec,
      kubeconfigs,
      live,
      revocation,
      requestToken:
        options?.requestToken ??
        (({ cluster, boundTo }) => Promise.resolve(`token-of-${cluster}-bound-to-${boundTo.uid}`)),
      providers,
      secrets,
      evicted: evicted.map((member) => ({ ...member, reader: evictedProvider(member.name) })),
    });
  }, options);
  return { recorder, mesh };
}
