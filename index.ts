/** From stack config to one mesh. */
import "./components/printed-errors";
import * as pulumi from "@pulumi/pulumi";
import { withAddresses } from "./clusters/container-network";
import { resolveKubeconfigs } from "./clusters/kubeconfig";
import { lastOutputs } from "./clusters/last-outputs";
import { parseMeshWithFound } from "./clusters/membership";
import { preflight } from "./clusters/preflight";
import { requestToken } from "./clusters/reader-tokens";
import { storedSettings } from "./clusters/stored-settings";
import { failInTheEnd } from "./components/fail-in-the-end";
import { secretOutputs } from "./components/keep-secrets";
import { Mesh } from "./components/mesh/mesh";
import { evictedProvider, memberProvider } from "./components/providers";
import { evictedMembers } from "./mesh/evicted-members";
import { lastUp } from "./mesh/last-up";
import { unreachableIn } from "./mesh/live-member";
import { ConfigError } from "./mesh/problems";
import { readingCost } from "./mesh/reading-cost";
import { revocationOf } from "./mesh/revocation";
import { rootSources } from "./mesh/roots";
import { stackSchema } from "./mesh/schema";
import { secretLeaves } from "./mesh/secret-leaves";
import { structured } from "./mesh/settings";
import { checkTransition } from "./mesh/transitions";

export = async () => {
  try {
    return await weave();
  } catch (error) {
    // Shown without a stack trace.
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
};

async function weave() {
  await requireHooks();
  const config = new pulumi.Config("weft");
  const warn = (message: string) => void pulumi.log.warn(message);
  const last = lastUp(await lastOutputs());
  const settings = { mesh: structured(config.get("mesh")), clusters: structured(config.get("clusters")) };
  const spec = await withAddresses(
    await parseMeshWithFound(settings, { known: Object.keys(last.members), warn }),
  );
  const problems = checkTransition({ last }, spec);
  if (problems.length > 0) throw new ConfigError(problems);

  const kubeconfigs = await resolveKubeconfigs(spec);
  const live = await preflight(spec, kubeconfigs, { last, warn });

  const unreachable = unreachableIn(live);
  const providers = Object.fromEntries(
    [...kubeconfigs].map(([name, { kubeconfig }]) => [
      name,
      memberProvider(name, kubeconfig, { isUnreachable: unreachable.includes(name) }),
    ]),
  );
  const evicted = evictedMembers(spec, last).map((member) => ({
    ...member,
    reader: evictedProvider(member.name),
  }));
  const cost = pulumi.runtime.isDryRun() ? readingCost(spec) : undefined;
  if (cost !== undefined) void pulumi.log.info(cost);
  const secrets = await secretsIn(settings);
  const revocation = revocationOf(spec, last, live, new Date());
  const { root, members, issued, tokens, crls } = new Mesh("mesh", {
    mesh: spec,
    kubeconfigs,
    live,
    revocation,
    requestToken: async (request) => {
      try {
        return await requestToken(kubeconfigs.get(request.cluster)!, request, warn);
      } catch (error) {
        throw new pulumi.RunError((error as Error).message);
      }
    },
    evicted,
    secrets,
    providers,
  });
  if (unreachable.length > 0) failInTheEnd(unreachable);
  const { id, trustDomain, trust, evicting } = spec.config;
  const roots = Object.fromEntries(
    Object.entries(rootSources(spec)).map(([name, { source }]) => [name, source]),
  );
  const outputs = {
    mesh: {
      // A program whose outputs are there is done to the Automation API (automation/server.js), also where a resource failed to be
      // registered, and what is not registered the engine deletes: PeerSecrets, and the tokens in use.
      id: pulumi.runtime.isDryRun() ? id : tokens.apply(() => id),
      trustDomain,
      root,
      roots,
      issued,
      crls,
      certManager: trust.certManager,
      ...(evicting.length > 0 && { evicted: evicting }),
    },
    members,
  };
  return secretOutputs(outputs, secrets);
}

/** Secrets nested in settings come in plain: each is marked again where it enters a resource. */
async function secretsIn(settings: { mesh: unknown; clusters: unknown }): Promise<Set<string>> {
  // The only way to ask, but not in the SDK's types.
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
  const stored = await storedSettings();
  const leaves = (["mesh", "clusters"] as const)
    .filter((key) => isConfigSecret(`weft:${key}`))
    .map((key) => secretLeaves(stackSchema.shape[key], settings[key], stored[`weft:${key}`]));
  return new Set(leaves.flatMap((found) => [...found]));
}

/** An older engine knows no resource hooks, and would find out when roots and keys are already there. */
async function requireHooks() {
  try {
    await pulumi.runtime.requirePulumiVersion(">=3.217.0");
  } catch (error) {
    throw new pulumi.RunError(
      `The Pulumi CLI is too old, and nothing was changed. Weft needs 3.217.0 or later: https://www.pulumi.com/docs/install/ (${(error as Error).message})`,
    );
  }
}
