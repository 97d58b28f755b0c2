import { parseMesh } from "../../../mesh/parse";
import { measure, VerifyError, type SampleCluster } from "../../../operate/verify/measure";
import { command } from "../../../operate/verify/requests";

const mesh = parseMesh({
  clusters: [
    { name: "a", context: "a" },
    { name: "b", context: "b" },
  ],
});

/** A member whose curl is answered by these pods in turn. */
function fake(member: string, pods: string[], more: Partial<SampleCluster> = {}): SampleCluster {
  const answer = (pod: string) => `Hello version: v1, instance: ${pod}\n=weft 200 0 0.002\n`;
  return {
    member,
    helloworlds: () => Promise.resolve([`pod-${member}`]),
    run: (given) => {
      expect(given).toEqual(command(pods.length));
      return Promise.resolve(pods.map(answer).join(""));
    },
    ...more,
  };
}

test("every member asks, and an answer counts for the member whose pod it is", async () => {
  const rows = await measure(
    mesh,
    [fake("a", ["pod-a", "pod-b", "pod-b"]), fake("b", ["pod-b", "pod-b", "pod-b"])],
    3,
  );
  expect(rows.map(({ from, answers, missing }) => [from, answers, missing])).toEqual([
    ["a", { a: 1, b: 2 }, []],
    ["b", { a: 0, b: 3 }, ["a"]],
  ]);
});

test("the reasons of all members that cannot be asked are told", async () => {
  const refused = (member: string) =>
    fake(member, [], { run: () => Promise.reject(new VerifyError(`${member}: no exec.`)) });
  await expect(measure(mesh, [refused("a"), refused("b")], 3)).rejects.toThrow(
    new VerifyError("a: no exec.\nb: no exec."),
  );
});

test("a pod that reports fewer requests than were asked for is no measurement", async () => {
  const silent = fake("b", [], { run: () => Promise.resolve("sh: curl: not found\n") });
  await expect(measure(mesh, [fake("a", ["pod-a"]), silent], 1)).rejects.toThrow(
    "b: its curl pod reported 0 of 1 requests.",
  );
});

test("a mistake of the program is not taken for one of a member", async () => {
  const broken = fake("b", [], { helloworlds: () => Promise.reject(new TypeError("bug")) });
  await expect(measure(mesh, [fake("a", []), broken], 1)).rejects.toThrow(TypeError);
});
