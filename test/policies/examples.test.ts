/** Every example passes every policy as it stands: what a person copies is not refused at the first preview. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Policy, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { withAddresses } from "../../clusters/container-network";
import { parseMesh } from "../../mesh/parse";
import type { Recorded } from "../components/mocks";
import { weaveMesh } from "../components/weave";
import { exampleConfig, examplesFolder, newAuthorities } from "../example-config";
import { runOnResource, runOnStack, type Res } from "./run";

jest.setTimeout(120_000);

const folder = path.resolve(__dirname, "../../policies");
const policies = fs
  .readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .flatMap((file) => Object.values(jest.requireActual<Record<string, unknown>>(path.join(folder, file))))
  .filter((value): value is Policy => typeof value === "object" && "enforcementLevel" in value!)
  // Mocks make up certificates and requests: test/integration/policies.test.ts has real ones.
  .filter(({ name }) => name !== "intermediate-within-root" && name !== "keys-marked-secret");

const examples = fs
  .readdirSync(examplesFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

function resourceOf({ type, name, inputs, provider }: Recorded): Res {
  const isKubernetes = type.startsWith("kubernetes:");
  return {
    type,
    name,
    props: inputs,
    ...(isKubernetes ? { provider: { type: "pulumi:providers:kubernetes", name: provider } } : {}),
  };
}

async function violations(
  name: string,
  change: (config: Config) => void = () => undefined,
): Promise<string[]> {
  const config = exampleConfig(name, await newAuthorities()) as Config;
  change(config);
  const spec = await withAddresses(
    parseMesh({ mesh: config["weft:mesh"], clusters: config["weft:clusters"] }),
    () => Promise.resolve({ ipamConfigs: [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }] }),
  );
  const { recorder } = await weaveMesh(spec);
  const resources = recorder.resources
    .filter(({ type, read }) => !read && !type.startsWith("pulumi:"))
    .map(resourceOf);
  expect(resources.length).toBeGreaterThan(10);
  return policies.flatMap((policy) =>
    ("validateStack" in policy
      ? runOnStack(policy as StackValidationPolicy, resources)
      : resources.flatMap((resource) => runOnResource(policy as ResourceValidationPolicy, resource))
    ).map((message) => `${policy.name}: ${message}`),
  );
}

interface Config {
  "weft:mesh"?: Record<string, unknown>;
  "weft:clusters": { eastWest?: { service?: object } }[];
}

test.each(examples)("%s", async (name) => {
  expect(await violations(name)).toEqual([]);
});

test("one that exposed its istiod to everyone would not", async () => {
  const found = await violations("primary-remote-different-networks", ({ "weft:clusters": clusters }) => {
    for (const cluster of clusters) delete cluster.eastWest?.service;
  });
  expect(found).toEqual([
    expect.stringMatching(/^istiod-ports: .* the load balancer offers the istiod of cluster1 to everyone/),
  ]);
});
