/** Tokens that end: asked for, kept, and in a preview neither. */
import type { LiveMember } from "../../../mesh/live-member";
import type { ReaderToken, TokenRequest } from "../../../mesh/reader-token";
import type { Recorder } from "../mocks";
import { cluster, weave } from "../weave";

jest.setTimeout(300_000);

const binding = "mesh-b-remote-access-binding-1";
const input = {
  mesh: { remoteAccess: { tokenLifetimeHours: 24 } },
  clusters: [
    cluster("a"),
    cluster("b"),
    cluster("c", { remoteAccess: { tokenLifetimeHours: 8, generation: 2 } }),
  ],
};
const keysOf = (recorder: Recorder, name = "mesh-a-peers-0") =>
  recorder.named(name).inputs["stringData"] as Record<string, string>;
const kept: ReaderToken = {
  token: "token-that-is-kept",
  issued: new Date(0),
  ends: new Date(1),
  boundTo: `uid-of-${binding}`,
};
const live = (token?: ReaderToken): LiveMember[] => [
  { name: "b", tokenGenerations: [], held: { token, caData: "ca-of-b" } },
];

test("are asked for once, of a Secret that they end with, and no Secret has one that does not", async () => {
  const requestToken = jest.fn(({ cluster: of }: TokenRequest) => Promise.resolve(`token-of-${of}`));
  const { recorder } = await weave(input, live(), { requestToken });
  expect(recorder.named(binding).inputs).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "weft-reader-binding-1",
      namespace: "istio-system",
      labels: { "app.kubernetes.io/managed-by": "weft" },
    },
  });
  expect(recorder.isAfter(binding, "mesh-b-istiod")).toBe(true);
  expect(recorder.isAfter("mesh-a-peers-0", binding)).toBe(true);
  expect(recorder.ofType("kubernetes:core/v1:Secret").filter((name) => name.includes("-token-"))).toEqual([]);
  const asked = requestToken.mock.calls.map(([request]) => request);
  expect(asked.sort((one, other) => (one.cluster < other.cluster ? -1 : 1))).toEqual(
    [
      ["a", 24, 1],
      ["b", 24, 1],
      ["c", 8, 2],
    ].map(([of, lifetimeHours, generation]) => ({
      cluster: of,
      lifetimeHours,
      boundTo: {
        name: `weft-reader-binding-${generation}`,
        uid: `uid-of-mesh-${of}-remote-access-binding-${generation}`,
      },
    })),
  );
  for (const reader of ["a", "c"]) {
    const { b } = keysOf(recorder, `mesh-${reader}-peers-0`);
    expect(b).toContain("token: token-of-b");
    expect(b).toContain("certificate-authority-data: ca-of-b");
    expect(recorder.secretsOf(`mesh-${reader}-peers-0`)).toContain("stringData.b");
  }
});

test("are kept where one is good, and not asked for", async () => {
  const requestToken = jest.fn((_: TokenRequest) => Promise.resolve("another"));
  const { recorder } = await weave(input, live(kept), { requestToken });
  expect(requestToken.mock.calls.map(([request]) => request.cluster).sort()).toEqual(["a", "c"]);
  expect(keysOf(recorder)["b"]).toContain("token: token-that-is-kept");
  expect(recorder.secretsOf("mesh-a-peers-0")).toContain("stringData.b");
});

test("are asked for where the Secret has become another one meanwhile", async () => {
  const { recorder } = await weave(input, live({ ...kept, boundTo: "uid-of-another" }));
  expect(keysOf(recorder)["b"]).toContain(`token: token-of-b-bound-to-uid-of-${binding}`);
});

test("are not asked for in a preview: the key is unknown, and no other", async () => {
  const requestToken = jest.fn((_: TokenRequest) => Promise.resolve("another"));
  const preview = { requestToken, created: () => false };
  const known = { token: { ...kept, boundTo: "uid-of-mesh-c-remote-access-binding-2" }, caData: "ca" };
  const withC = [...live(), { name: "c", tokenGenerations: [], held: known }];
  const { recorder } = await weave(input, withC, preview);
  expect(requestToken).not.toHaveBeenCalled();
  const { b, c } = keysOf(recorder);
  // What the engine takes for unknown.
  expect(b).toBe("04da6b54-80e4-46f7-96ec-b56ff0331ba9");
  expect(c).toContain("token: token-that-is-kept");
});
