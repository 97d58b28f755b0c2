import * as pulumi from "@pulumi/pulumi";

/** By which the language host knows that the reason was shown (cmd/run/index.js of @pulumi/pulumi). */
const shown = 32;

/**
 * Lets an `up` do all that it can, deletions included, and fail then. A preview goes through, or there would be no `up`.
 *
 * The program lives until the engine is done (`SignalAndWaitForShutdown`), and an engine that is done still takes its end for that of the
 * update (deploymentExecutor.Execute in pkg/resource/deploy/deployment_executor.go). An inline program ends badly by the message alone
 * (automation/server.js); one that the CLI runs, by its exit code.
 * @param names members that were left as they were.
 */
export function failInTheEnd(names: string[]): void {
  if (pulumi.runtime.isDryRun()) return;
  void pulumi.log.error(
    `Left as it was, because nobody answers there: ${names.join(", ")}. All others have what is new. ` +
      "Run `pulumi up` again once it answers; or evict it (docs/runbooks/dead-member.md).",
  );
  process.once("exit", () => (process.exitCode ||= shown));
}
