import { uniqueMembers } from "../../policies/unique-members";
import { runOnStack, unknown } from "./run";
import { istiod } from "./stack";

const provider = (name: string, clusterIdentifier?: string) => ({
  type: "pulumi:providers:kubernetes",
  name,
  props: clusterIdentifier === undefined ? {} : { clusterIdentifier },
});
const named = (member: string, clusterName: string) =>
  istiod(member, "1.30.5", { global: { multiCluster: { clusterName } } });

test("members with names of their own pass", () => {
  const stack = [
    provider("cluster1", "cluster1"),
    provider("cluster2", "cluster2"),
    named("cluster1", "cluster1"),
    named("cluster2", "cluster2"),
  ];
  expect(runOnStack(uniqueMembers, stack)).toEqual([]);
});

test("two providers of one cluster are refused", () => {
  expect(runOnStack(uniqueMembers, [provider("east", "cluster1"), provider("west", "cluster1")])).toEqual([
    'west clusterIdentifier ("cluster1"): east has the same, so istiod takes the two clusters for one. Give each member of weft:clusters a name of its own.',
  ]);
});

test("two istiods of one cluster ID are refused", () => {
  expect(runOnStack(uniqueMembers, [named("east", "cluster1"), named("west", "cluster1")])).toEqual([
    expect.stringContaining(
      'west-istiod values.global.multiCluster.clusterName ("cluster1"): east-istiod has the same',
    ),
  ]);
});

test("a stack without members passes, and names that are absent or not known are not the same", () => {
  expect(runOnStack(uniqueMembers, [])).toEqual([]);
  expect(
    runOnStack(uniqueMembers, [provider("a"), provider("b"), provider("c", unknown), provider("d", unknown)]),
  ).toEqual([]);
});
