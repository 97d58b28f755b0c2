import { withAddresses } from "../../clusters/container-network";
import { parseMesh } from "../../mesh/parse";

const mesh = parseMesh({
  mesh: { loadBalancer: { network: "kind" } },
  clusters: [{ name: "cluster1", context: "c1" }],
});
const ipv6 = { subnet: "fc00:f853:ccd:e793::/64" };

test("a member gets addresses of the network's IPv4 subnet", async () => {
  const asked: string[] = [];
  const unset = { ipRange: "", auxAddress: {} };
  const found = await withAddresses(mesh, (name) => {
    asked.push(name);
    const ipv4 = { subnet: "10.89.0.0/24", gateway: "10.89.0.230", ...unset };
    return Promise.resolve({ ipamConfigs: [ipv6, ipv4] });
  });
  expect(asked).toEqual(["kind"]);
  expect(found.members[0]!.addresses).toBe("10.89.0.200-10.89.0.224");
});

test("no engine is asked where every member has addresses, or nothing gives any", async () => {
  const refuse = () => Promise.reject(new Error("asked"));
  const clusters = [{ name: "a", context: "a", addresses: "10.0.0.0/28" }];
  for (const stack of [
    { mesh: { loadBalancer: { network: "kind" } }, clusters },
    { clusters: [{ name: "a", context: "a" }] },
  ]) {
    const parsed = parseMesh(stack);
    await expect(withAddresses(parsed, refuse)).resolves.toBe(parsed);
  }
});

test.each([
  ["cannot be read", () => Promise.reject(new Error("no such network")), "cannot be read: no such network"],
  ["has no IPv4 subnet", () => Promise.resolve({ ipamConfigs: [ipv6] }), "has no IPv4 subnet"],
])("a network that %s is an error of stack config", async (_, lookUp, message) => {
  await expect(withAddresses(mesh, lookUp)).rejects.toThrow(
    new RegExp(`weft:mesh.loadBalancer.network = kind\\n.*${message}`),
  );
});
