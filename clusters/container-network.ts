/** The Docker or podman network from whose subnet members get their addresses. */
import type { GetNetworkResult } from "@pulumi/docker";
import { parseAddressRange } from "../mesh/address-range";
import { cutAddresses } from "../mesh/address-pools";
import type { MeshSpec } from "../mesh/mesh-spec";
import { ConfigError } from "../mesh/problems";

type LookUp = (name: string) => Promise<Pick<GetNetworkResult, "ipamConfigs">>;

/**
 * The mesh with `addresses` of every member known, where MetalLB gives them.
 * @throws ConfigError where the network cannot be read, or has no room.
 */
export async function withAddresses(mesh: MeshSpec, lookUp: LookUp = dockerNetwork): Promise<MeshSpec> {
  const name = mesh.config.loadBalancer?.network;
  if (name === undefined || mesh.members.every(({ addresses }) => addresses !== undefined)) return mesh;
  const path = "weft:mesh.loadBalancer.network";
  const { ipamConfigs } = await lookUp(name).catch((error: Error) => {
    throw new ConfigError([
      {
        path,
        value: name,
        message: `The network cannot be read: ${error.message}`,
        remedy:
          "Start the container engine and name one of its networks. For podman set DOCKER_HOST to its socket, such as unix:///run/podman/podman.sock. Or give every member `addresses`.",
      },
    ]);
  });
  const ipam = ipamConfigs.find(({ subnet }) => subnet !== undefined && parseAddressRange(subnet));
  if (ipam === undefined) {
    throw new ConfigError([
      {
        path,
        value: name,
        message: "The network has no IPv4 subnet.",
        remedy: "Name another one, or give every member `addresses`.",
      },
    ]);
  }
  const { subnet, gateway, ipRange, auxAddress } = ipam;
  return cutAddresses(mesh, {
    subnet: subnet!,
    // podman and the provider leave empty what is not set.
    gateway: gateway || undefined,
    ipRange: ipRange || undefined,
    auxiliary: Object.values(auxAddress ?? {}),
  });
}

/** Loaded when it is needed: only stacks on container networks have the plugin. */
const dockerNetwork: LookUp = async (name) => (await import("@pulumi/docker")).getNetwork({ name });
