/** `npm run verify`: does every member reach every other? Sends requests between sample workloads, leaves nothing behind. */
import { ConfigError } from "../mesh/problems";
import { readMeshOf } from "./stack-config";
import { sampleCluster } from "./verify/cluster";
import { isWhole } from "./verify/matrix";
import { measure, VerifyError } from "./verify/measure";
import { UsageError } from "./usage";
import { parseOptions, usage } from "./verify/verify-options";
import { requestTimeoutSeconds } from "./verify/requests";
import { renderRows } from "./verify/rows-text";

const requestsPerMember = 20;

async function main(argv: string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options === "help") return console.log(usage);
  const mesh = await readMeshOf(options.stack, { warn: (message) => console.error(message) });
  const requests = options.requests ?? requestsPerMember * mesh.members.length;
  const timeoutMs = (requests + 2) * requestTimeoutSeconds * 1000;
  const clusters = await Promise.all(mesh.members.map((member) => sampleCluster(member, timeoutMs)));

  const rows = await measure(mesh, clusters, requests);
  const whole = isWhole(mesh, rows);
  console.log(
    options.json ? JSON.stringify({ mesh: mesh.config.id, whole, rows }, undefined, 2) : renderRows(rows),
  );
  process.exitCode = whole ? 0 : 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const expected = [ConfigError, VerifyError, UsageError].some((kind) => error instanceof kind);
  if (!expected) throw error;
  const { message } = error as Error;
  console.error(error instanceof UsageError ? `${message}\n\n${usage}` : message);
  process.exitCode = 2;
});
