import type { StackConfig } from "../../../lab/rehearse/config";
import { changesNothing, movedApiServers, notRehearsed, stepBetween } from "../../../lab/rehearse/step";

const stack = (clusters: StackConfig["clusters"], mesh: StackConfig["mesh"] = {}): StackConfig => ({
  mesh,
  clusters,
});

test("a step is who joins, who leaves, and at which paths the others change", () => {
  const step = stepBetween(
    stack([{ name: "a" }, { name: "b", eastWest: { port: 1 } }], { mtls: "strict" }),
    stack(
      [
        { name: "c" },
        { name: "b", eastWest: { port: 2, service: { type: "NodePort" } }, apiServer: "https://x" },
      ],
      {
        mtls: "permissive",
        istio: { version: "1.30.5" },
      },
    ),
  );

  expect(step).toEqual({
    joining: ["c"],
    leaving: ["a"],
    changing: { b: ["apiServer", "eastWest.port", "eastWest.service.type"] },
    mesh: ["istio.version", "mtls"],
  });
  expect(movedApiServers(step)).toEqual(["b"]);
});

test("the order of the list changes nothing", () => {
  const [a, b] = [{ name: "a" }, { name: "b" }];
  expect(changesNothing(stepBetween(stack([a, b]), stack([b, a])))).toBe(true);
  expect(changesNothing(stepBetween(stack([a]), stack([a, b])))).toBe(false);
});

test("in a new stack everybody joins", () => {
  expect(stepBetween(undefined, stack([{ name: "a" }])).joining).toEqual(["a"]);
});

test("what the lab cannot show is said", () => {
  const before = stack([{ name: "a", context: "x" }]);
  const after = stack(
    [
      {
        name: "a",
        context: "y",
        addresses: "10.0.0.1-10.0.0.9",
        eastWest: { service: { annotations: { lb: "nlb" } }, addresses: ["10.0.0.1"] },
      },
    ],
    {
      membership: { management: "a" },
      trust: { root: { source: "provided", certificate: "x" } },
      loadBalancer: { network: "kind" },
    },
  );

  expect(notRehearsed(stepBetween(before, before), before)).toEqual([]);
  expect(notRehearsed(stepBetween(before, after), after)).toEqual([
    expect.stringMatching(/^Members that the management cluster names/),
    expect.stringMatching(/^Your own certificates/),
    expect.stringMatching(/^a: another way into the cluster/),
    expect.stringMatching(/^a: what the cloud makes of/),
    expect.stringMatching(/^a: whether the new addresses/),
    expect.stringMatching(/^a: whether the gateway keeps its address/),
    expect.stringMatching(/^Addresses of the container network/),
  ]);
});
