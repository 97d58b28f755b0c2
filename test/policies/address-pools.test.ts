import { addressPools } from "../../policies/address-pools";
import { runOnStack, unknown } from "./run";
import { object } from "./stack";

const pool = (member: string, ...addresses: string[]) =>
  object(member, "metallb.io/v1beta1:IPAddressPool", "pool", { spec: { addresses } });

test("pools side by side pass", () => {
  const stack = [
    pool("cluster1", "10.89.1.200-10.89.1.220"),
    pool("cluster2", "10.89.1.221-10.89.1.240", "10.90.0.0/24"),
  ];
  expect(runOnStack(addressPools, stack)).toEqual([]);
});

test("pools that overlap are refused, as ranges and as CIDRs", () => {
  expect(
    runOnStack(addressPools, [
      pool("cluster1", "10.89.1.200-10.89.1.220"),
      pool("cluster2", "10.90.0.0/24", "10.89.1.220-10.89.1.240"),
    ]),
  ).toEqual([
    'cluster2-pool spec.addresses[1] ("10.89.1.220-10.89.1.240"): cluster1 gives out some of the same addresses: 10.89.1.200-10.89.1.220 in cluster1-pool. Give cluster2 `addresses` of its own.',
  ]);
  expect(
    runOnStack(addressPools, [pool("cluster1", "10.89.0.0/16"), pool("cluster2", "10.89.1.0/24")]),
  ).toHaveLength(1);
});

test("a stack without pools passes, and so does a pool that is not known yet", () => {
  expect(runOnStack(addressPools, [])).toEqual([]);
  expect(runOnStack(addressPools, [pool("cluster1", unknown), pool("cluster2", unknown)])).toEqual([]);
});
