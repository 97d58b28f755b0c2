/** What the engine knows of the last `pulumi up` of this stack. */
import * as pulumi from "@pulumi/pulumi";

/**
 * The outputs that the last `up` left; `{}` before the first. What a StackReference would read, but as a call, which
 * leaves nothing in the state.
 */
export async function lastOutputs(): Promise<unknown> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const result = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
    outputs?: unknown;
  };
  return result.outputs;
}
