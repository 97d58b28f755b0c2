import fc from "fast-check";
import { stackSchema } from "../../mesh/schema";
import { secretLeaves } from "../../mesh/secret-leaves";

const { mesh, clusters } = stackSchema.shape;
const secure = { secure: "v1:x" };
const value = {
  id: "prod",
  mtlsReason: "because of t0ken",
  istio: {
    hub: "registry.example/s3cr3t",
    values: { pilot: { env: { TOKEN: "t0ken", LEVEL: "debug" } }, n: 7 },
  },
};

test("what the stack's file holds encrypted is secret, and nothing beside it", () => {
  const stored = (values: object, hub: unknown = value.istio.hub) => ({
    id: "prod",
    mtlsReason: value.mtlsReason,
    istio: { hub, values },
  });
  expect(
    secretLeaves(mesh, value, stored({ pilot: { env: { TOKEN: secure, LEVEL: "debug" } }, n: 7 })),
  ).toEqual(new Set(["t0ken"]));
  expect(
    secretLeaves(
      mesh,
      value,
      stored({ pilot: { env: { TOKEN: "t0ken", LEVEL: "debug" } }, n: secure }, secure),
    ),
  ).toEqual(new Set([value.istio.hub, "7"]));
});

test.each([
  ["there is no file", undefined],
  ["the setting is encrypted as one", secure],
  ["a part of it is", { id: "prod", istio: secure }],
  ["the file is of an older setting", { istio: { values: { pilot: { env: { TOKEN: "old" } } } } }],
])("where %s, all Helm values and reasons are, and no name", (_, stored) => {
  expect(secretLeaves(mesh, value, stored)).toEqual(new Set(["because of t0ken", "t0ken", "debug", "7"]));
});

test("so are annotations, but no part of a kubeconfig, of which no resource is given a part", () => {
  const entry = {
    name: "a",
    kubeconfig: { apiVersion: "v1", users: [{ name: "u", user: { token: "t0ken" } }] },
    network: "n",
    eastWest: { service: { type: "NodePort", annotations: { "example.com/key": "k3y" } } },
  };
  expect(secretLeaves(clusters, [entry], undefined)).toEqual(new Set(["k3y"]));
  expect(secretLeaves(clusters, [entry], [{ ...entry, kubeconfig: secure }])).toEqual(new Set());
});

test("no text of Helm values that the file does not show is left out", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ minLength: 1 })), (values) => {
      expect(secretLeaves(mesh, { istio: { values } }, { istio: {} })).toEqual(
        new Set(Object.values(values)),
      );
      expect(secretLeaves(mesh, { istio: { values } }, { istio: { values } })).toEqual(new Set());
    }),
  );
});
