/** The container engine that kind's nodes run on. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LabError } from "../error";

const run = promisify(execFile);

export interface ContainerEngine {
  name: "docker" | "podman";
  /** What kind, and the program's look at the network, need in their environment to use it. */
  env: Record<string, string>;
}

/** How long an engine may take to answer, in milliseconds: Docker Desktop wakes up slowly. */
const answerTimeoutMs = 20_000;

/**
 * The engine that answers: Docker, else podman. `KIND_EXPERIMENTAL_PROVIDER` chooses one, as it does for kind.
 * @throws LabError when none answers
 */
export async function findEngine(environment: NodeJS.ProcessEnv = process.env): Promise<ContainerEngine> {
  const chosen = environment.KIND_EXPERIMENTAL_PROVIDER;
  const reasons: string[] = [];
  const ask = (program: string, format: string) =>
    run(program, ["info", "--format", format], { env: environment, timeout: answerTimeoutMs }).then(
      ({ stdout }) => stdout.trim(),
      (error: unknown) => void reasons.push(`${program}: ${reason(error)}`),
    );

  if (chosen !== "podman" && (await ask("docker", "{{.ServerVersion}}")) !== undefined) {
    return { name: "docker", env: {} };
  }
  if (chosen !== "docker") {
    const socket = await ask("podman", "{{.Host.RemoteSocket.Path}}");
    if (socket !== undefined) {
      // podman prints the path with or without the scheme, by its version.
      const host = environment.DOCKER_HOST ?? `unix://${socket.replace(/^unix:\/\//, "")}`;
      return { name: "podman", env: { KIND_EXPERIMENTAL_PROVIDER: "podman", DOCKER_HOST: host } };
    }
  }
  throw new LabError(
    `kind needs Docker or podman, and no container engine answers (${reasons.join("; ")}). ` +
      "Start one, or run `npm start` without --kind, which needs none.",
  );
}

function reason(error: unknown): string {
  const { code, killed, stderr = "" } = error as { code?: unknown; killed?: boolean; stderr?: string };
  if (code === "ENOENT") return "not on PATH";
  if (killed) return `no answer within ${answerTimeoutMs / 1000} s`;
  return stderr.trim().split("\n").at(-1) || `ends with ${String(code)}`;
}
