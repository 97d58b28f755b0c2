import fc from "fast-check";
import { addressRanges, cutAddresses, rangeNumber, type ContainerNetwork } from "../../mesh/address-pools";
import { formatAddressRange, overlap, parseAddressRange } from "../../mesh/address-range";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import { ConfigError } from "../../mesh/problems";

const docker: ContainerNetwork = { subnet: "172.18.0.0/16", gateway: "172.18.0.1" };

const meshOf = (...clusters: { name: string; addresses?: string }[]): MeshSpec =>
  parseMesh({
    mesh: { loadBalancer: { network: "kind" } },
    clusters: clusters.map((cluster) => ({ ...cluster, context: cluster.name })),
  });

const cutOf = (mesh: MeshSpec, network = docker) =>
  Object.fromEntries(cutAddresses(mesh, network).members.map(({ name, addresses }) => [name, addresses]));

const messagesOf = (cut: () => unknown): string[] => {
  try {
    cut();
  } catch (error) {
    return (error as ConfigError).problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
};

describe("members on a container network", () => {
  it("get the ranges that the shell scripts for kind gave them, and the next ones below", () => {
    expect(cutOf(meshOf(...[1, 2, 3, 10, 11].map((k) => ({ name: `cluster${k}` }))))).toEqual({
      cluster1: "172.18.255.225-172.18.255.250",
      cluster2: "172.18.255.200-172.18.255.224",
      cluster3: "172.18.255.175-172.18.255.199",
      cluster10: "172.18.255.0-172.18.255.24",
      cluster11: "172.18.254.231-172.18.254.255",
    });
  });

  it("keep the addresses that they were given", () => {
    expect(cutOf(meshOf({ name: "east", addresses: "172.18.200.0/24" }, { name: "west2" }))).toEqual({
      east: "172.18.200.0/24",
      west2: "172.18.255.200-172.18.255.224",
    });
  });

  it("are refused addresses that another was given", () => {
    const mesh = meshOf({ name: "a1" }, { name: "b", addresses: "172.18.255.250-172.18.255.254" });
    expect(messagesOf(() => cutAddresses(mesh, docker))).toEqual([
      "weft:clusters[0].addresses: a1 would get 172.18.255.225-172.18.255.250, which overlaps with the addresses of b.",
    ]);
  });

  it("are refused, all at once, where the network has no room", () => {
    const mesh = meshOf({ name: "a7" }, { name: "a8" }, { name: "a9" });
    expect(messagesOf(() => cutAddresses(mesh, { subnet: "10.89.0.0/24" }))).toEqual([
      "weft:clusters[1].addresses: a8 would get range 8 of 10.89.0.0/24, which has room for 7.",
      "weft:clusters[2].addresses: a9 would get range 9 of 10.89.0.0/24, which has room for 7.",
    ]);
  });

  it.each([
    ["cluster1", 1],
    ["2", 2],
    ["eu-west-12", 12],
    ["east", undefined],
    ["cluster0", undefined],
    ["n99999999999999999999", undefined],
  ])("%s has range %s", (name, number) => {
    expect(rangeNumber(name)).toBe(number);
  });
});

const networks: fc.Arbitrary<ContainerNetwork> = fc
  .record({ prefix: fc.integer({ min: 12, max: 26 }), seed: fc.nat(0xffffffff), gateway: fc.nat() })
  .map(({ prefix, seed, gateway }) => {
    const size = 2 ** (32 - prefix);
    const subnet = `${textOf(seed)}/${prefix}`;
    const { first } = parseAddressRange(subnet)!;
    return { subnet, gateway: textOf(first + 1 + (gateway % (size - 2))) };
  });

function textOf(address: number): string {
  return formatAddressRange({ first: address, last: address }).split("-")[0]!;
}

function firstRanges(network: ContainerNetwork, count: number) {
  return addressRanges(network).slice(0, count);
}

describe("the ranges of a network", () => {
  it("are disjoint, in the subnet, clear of its gateway, its bottom quarter and its last addresses", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const subnet = parseAddressRange(network.subnet)!;
        const quarter = (subnet.last - subnet.first + 1) / 4;
        const gateway = parseAddressRange(`${network.gateway}-${network.gateway}`)!;
        const ranges = firstRanges(network, 30);
        const clear = {
          last: Math.max(...ranges.map(({ last }) => last), 0) <= subnet.last - 5,
          bottom: Math.min(...ranges.map(({ first }) => first), Infinity) >= subnet.first + quarter,
          gateway: !ranges.some((range) => overlap(range, gateway)),
          large: ranges.every(({ first, last }) => last - first >= 24),
          disjoint: !ranges.some((range, i) => ranges.slice(0, i).some((other) => overlap(range, other))),
        };
        expect(clear).toEqual({ last: true, bottom: true, gateway: true, large: true, disjoint: true });
      }),
    );
  });

  it("pass over what the engine itself gives out or uses", () => {
    const network = { ...docker, ipRange: "172.18.255.0/24", auxiliary: ["172.18.254.240"] };
    expect(firstRanges(network, 1).map(formatAddressRange)).toEqual(["172.18.254.206-172.18.254.230"]);
    expect(firstRanges({ ...docker, ipRange: docker.subnet }, 1)).toEqual(firstRanges(docker, 1));
  });

  it("are none where the subnet is too small", () => {
    expect(firstRanges({ subnet: "10.0.0.0/27" }, 1)).toEqual([]);
  });
});

it("a member keeps its range, whoever joins or leaves and in whatever order they are listed", () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
  const changes = numbers.chain((all) =>
    fc.record({
      before: fc.subarray(all, { minLength: 1 }),
      after: fc.shuffledSubarray(all, { minLength: 1 }),
    }),
  );
  const named = (list: number[]) => meshOf(...list.map((number) => ({ name: `cluster${number}` })));
  fc.assert(
    fc.property(changes, ({ before, after }) => {
      const stayed = before.filter((number) => after.includes(number)).map((number) => `cluster${number}`);
      const [old, now] = [cutOf(named(before)), cutOf(named(after))];
      expect(stayed.map((name) => now[name])).toEqual(stayed.map((name) => old[name]));
    }),
    { numRuns: 30 },
  );
});
