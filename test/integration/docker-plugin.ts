/**
 * In place of Pulumi's docker plugin on a machine without a container engine: answers what a network's subnet is, as the plugin of
 * @pulumi/docker 5 does for kind's network on Docker.
 */
import { main } from "@pulumi/pulumi/provider";

const network = { subnet: "172.18.0.0/16", gateway: "172.18.0.1", ipRange: "", auxAddress: {} };

const provider = {
  version: "5.2.0",
  invoke: (token: string, { name }: { name: string }) => {
    if (token !== "docker:index/getNetwork:getNetwork" || name !== "kind") {
      throw new Error(`no answer to ${token} of ${name}`);
    }
    return Promise.resolve({ outputs: { id: "kind", name, driver: "bridge", ipamConfigs: [network] } });
  },
};

main(provider, process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
