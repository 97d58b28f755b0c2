/** Sends the requests of all members at once. */
import type { MeshSpec } from "../../mesh/mesh-spec";
import { rowOf, type Row } from "./matrix";
import { command, parseAnswers } from "./requests";

/** The sample workloads of one member. */
export interface SampleCluster {
  member: string;
  /** Names of its helloworld pods. */
  helloworlds(): Promise<string[]>;
  /**
   * Runs a command in its curl pod.
   * @returns what the command printed.
   * @throws VerifyError when it cannot be run.
   */
  run(command: string[]): Promise<string>;
}

/** Why no requests can be sent. Its message is for the person who asked. */
export class VerifyError extends Error {}

/**
 * @param requests of each member.
 * @throws VerifyError with the reasons of all members whose pods could not be asked.
 */
export async function measure(mesh: MeshSpec, clusters: SampleCluster[], requests: number): Promise<Row[]> {
  const podOwners = new Map(
    (
      await all(clusters, async (cluster) =>
        (await cluster.helloworlds()).map((pod) => [pod, cluster.member] as const),
      )
    ).flat(),
  );
  return all(clusters, async (cluster) => {
    const answers = parseAnswers(await cluster.run(command(requests)));
    if (answers.length === requests) return rowOf(mesh, cluster.member, answers, podOwners);
    throw new VerifyError(
      `${cluster.member}: its curl pod reported ${answers.length} of ${requests} requests. Does its image have sh and curl?`,
    );
  });
}

/** All results, or an error with all reasons: one for each member, not the first. */
async function all<T>(clusters: SampleCluster[], ask: (cluster: SampleCluster) => Promise<T>): Promise<T[]> {
  const settled = await Promise.allSettled(clusters.map(ask));
  const reasons = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  const foreign = reasons.find((reason) => !(reason instanceof VerifyError));
  if (foreign !== undefined) throw foreign;
  if (reasons.length > 0) throw new VerifyError(reasons.map(({ message }) => message).join("\n"));
  return settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
