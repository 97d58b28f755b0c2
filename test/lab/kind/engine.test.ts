import { findEngine } from "../../../lab/kind/engine";
import { fakePrograms, type Programs } from "./programs";

const made: Programs[] = [];
afterEach(() => made.splice(0).forEach((programs) => programs.remove()));

function find(scripts: Record<string, string>, environment: NodeJS.ProcessEnv = {}) {
  const programs = fakePrograms(scripts);
  made.push(programs);
  return findEngine({ ...environment, PATH: programs.PATH });
}

const docker = "echo 28.2.2";
const podman = "echo /run/podman/podman.sock";
const dead = "echo first line >&2; echo Cannot connect to the Docker daemon >&2; exit 1";

test("Docker is used where it answers", async () => {
  expect(await find({ docker, podman })).toEqual({ name: "docker", env: {} });
});

test("else podman, with its socket for the program's look at the network", async () => {
  const env = { KIND_EXPERIMENTAL_PROVIDER: "podman", DOCKER_HOST: "unix:///run/podman/podman.sock" };
  expect(await find({ docker: dead, podman })).toEqual({ name: "podman", env });
  expect(await find({ podman: "echo unix:///run/podman/podman.sock" })).toEqual({ name: "podman", env });
});

test("kind's own variable chooses, and a socket that is set stays", async () => {
  const environment = { KIND_EXPERIMENTAL_PROVIDER: "podman", DOCKER_HOST: "unix:///mine" };
  expect(await find({ docker, podman }, environment)).toEqual({ name: "podman", env: environment });
  await expect(find({ docker: dead, podman }, { KIND_EXPERIMENTAL_PROVIDER: "docker" })).rejects.toThrow(
    "(docker: Cannot connect to the Docker daemon)",
  );
});

test("where none answers, the error says why and what to do", async () => {
  await expect(find({ docker: dead })).rejects.toThrow(
    "kind needs Docker or podman, and no container engine answers (docker: Cannot connect to the Docker daemon; podman: not on PATH). Start one, or run `npm start` without --kind, which needs none.",
  );
});
