/** That the engine of today says of a preview what the recorded ones say: see test/fixtures/previews/record.ts. */
import * as path from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { commentOn } from "../../review/comment";
import { parsePreview } from "../../review/preview";
import { TestMesh } from "./harness";

jest.setTimeout(600_000);

const policyPacks = [path.resolve(__dirname, "../../policies")];
const [one, two] = [
  { name: "cluster1", network: "network1" },
  { name: "cluster2", network: "network2" },
] as const;

let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(["cluster1", "cluster2"]);
});

afterAll(async () => {
  await mesh?.stop();
});

test("a reviewer is told who joins, what is read, what is trusted, and what a policy forbids", async () => {
  await (await mesh.stack([one])).up({ parallel: 64 });
  const events: EngineEvent[] = [];
  const stack = await mesh.stack([one, two], { mtls: "permissive" });
  const preview = stack.preview({ policyPacks, onEvent: (event) => void events.push(event) });
  await expect(preview).rejects.toThrow();

  const text = events.map((event) => JSON.stringify(event)).join("\n");
  const comment = commentOn({ stack: "test", preview: parsePreview(text) });
  expect(comment).toContain(": the preview fails; 1 member joins, 1 member changes, trust changes\n");
  expect(comment).toContain("Set weft:mesh.mtls to strict");
  expect(comment).toMatch(/\| joins \| `cluster2` \| primary<br>network `network2`<br>/);
  expect(comment).toMatch(/\| changes \| `cluster1` \| reads `cluster2` as well<br>gets /);
  expect(comment).toContain("- Root `default` signs intermediates for `cluster2`.");
  expect(comment).toContain("- Mutual TLS goes from strict to permissive in `cluster1`.");
  expect(comment).toContain("+ create kubernetes:helm.sh/v3:Release mesh-cluster2-istiod\n");
  expect(comment).toContain("<sub>Policy pack `weft@");
});
