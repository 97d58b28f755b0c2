import { changesOf, type Changes } from "../../review/changes";
import { parsePreview } from "../../review/preview";
import { edited, preview } from "./previews";

function changes(text: string): Omit<Changes, "before" | "after"> {
  const { joining, leaving, changing, trust } = changesOf(parsePreview(text));
  return { joining, leaving, changing, trust };
}

const none = { joining: [], leaving: [], changing: [], trust: [] };
const primary = (number: number) => ({
  name: `cluster${number}`,
  role: "primary" as const,
  network: `network${number}`,
  version: "1.30.5",
});
const both = ["cluster1", "cluster2"];

test("where nothing changes, there is nothing to say", () => {
  expect(changes(preview("nothing"))).toEqual(none);
});

test("the first update lets all members join", () => {
  expect(changes(preview("first"))).toEqual({
    ...none,
    joining: [primary(1), primary(2)],
    trust: ["Root `default` signs intermediates for `cluster1`, `cluster2`."],
  });
});

test("a primary joins, and every other primary reads it", () => {
  expect(changes(preview("join"))).toEqual({
    ...none,
    joining: [primary(3)],
    changing: [{ members: both, what: ["reads `cluster3` as well"] }],
    trust: ["Root `default` signs intermediates for `cluster3`."],
  });
});

test("a primary joins, and those read it that are to, as their PeerSecrets say in clear", () => {
  const reads = (side: Record<string, unknown> | undefined, names: string) => {
    const { metadata } = (side?.["inputs"] ?? {}) as { metadata?: Record<string, unknown> };
    if (metadata?.["name"] === "weft-peers") metadata["annotations"] = { "weft.dev/reads": names };
  };
  const text = edited("join", (event) => {
    for (const kind of ["resourcePreEvent", "resOutputsEvent"]) {
      const { metadata } = (event[kind] ?? {}) as {
        metadata?: Record<"old" | "new", Record<string, unknown> | undefined> & { urn: string };
      };
      if (metadata === undefined || !metadata.urn.endsWith("mesh-cluster1-peers-0")) continue;
      reads(metadata.old, "cluster2");
      reads(metadata.new, "cluster2");
    }
  });
  expect(changes(text).changing).toEqual([
    { members: ["cluster1"], what: ["new keys for its peers"] },
    { members: ["cluster2"], what: ["reads `cluster3` as well"] },
  ]);
});

test("a remote joins, and its primary opens its istiod to it", () => {
  expect(changes(preview("join-remote"))).toEqual({
    ...none,
    joining: [
      { name: "cluster3", role: "remote", servedBy: "cluster1", network: "network3", version: "1.30.5" },
    ],
    changing: [
      {
        members: ["cluster1"],
        what: [
          "reads `cluster3` as well",
          "gets Gateway `istiod-gateway`",
          "gets VirtualService `istiod-vs`",
          "the east-west gateway: changes in `values.service.loadBalancerSourceRanges`",
          "istiod: changes in `values.global.externalIstiod`",
        ],
      },
      { members: ["cluster2"], what: ["reads `cluster3` as well"] },
    ],
    trust: ["Root `next` signs intermediates for `cluster3`."],
  });
});

test("a member leaves, its peers no longer read it, and nobody revokes its intermediate", () => {
  expect(changes(preview("leave"))).toEqual({
    ...none,
    leaving: ["cluster3"],
    changing: [{ members: both, what: ["no longer reads `cluster3`"] }],
    trust: [
      "The intermediate of `cluster3` is deleted, and stays trusted under root `next` until it expires, unless `trust.revoked` names it.",
    ],
  });
});

test("an upgrade says from which version to which", () => {
  expect(changes(preview("upgrade"))).toEqual({
    ...none,
    changing: [
      {
        members: both,
        what: [
          "Istio's base chart: `1.30.5` → `1.31.2`",
          "the east-west gateway: `1.30.5` → `1.31.2`",
          "istiod: `1.30.5` → `1.31.2`",
        ],
      },
    ],
  });
});

test("changes of one member, and its new token that the readers get", () => {
  expect(changes(preview("change"))).toEqual({
    ...none,
    changing: [
      { members: ["cluster1"], what: ["new keys for its peers"] },
      {
        members: ["cluster2"],
        what: [
          "new keys for its peers",
          "the east-west gateway: changes in `values.service.annotations`",
          "gets the ingress gateway",
        ],
      },
    ],
    trust: ["New tokens for reading `cluster2`; the old ones are revoked at the end."],
  });
});

describe("the three steps of a rotation", () => {
  test("a new root is trusted before it signs", () => {
    expect(changes(preview("root-added"))).toEqual({
      ...none,
      changing: [{ members: both, what: ["istiod: changes in `values`, known during the update"] }],
      trust: ["Every member begins to trust root `next`."],
    });
  });

  test("signing moves, and with it every intermediate", () => {
    expect(changes(preview("signing-moved"))).toEqual({
      ...none,
      trust: [
        "Signing moves from root `default` to `next` for every member.",
        "New intermediates for every member.",
      ],
    });
  });

  test("the old root goes", () => {
    expect(changes(preview("root-dropped"))).toEqual({
      ...none,
      changing: [{ members: both, what: ["istiod: restarts with the new bundle of roots"] }],
      trust: ["Every member stops trusting root `default`."],
    });
  });
});

describe("federated trust", () => {
  const modes = (name: string) => {
    const { before, after } = changesOf(parsePreview(preview(name)));
    return [before!.config.trust.mode, after!.config.trust.mode];
  };

  test("a member joins with a root of its own, which every other member begins to trust", () => {
    expect(changes(preview("federated-join"))).toEqual({
      ...none,
      joining: [primary(3)],
      changing: [
        {
          members: both,
          what: ["reads `cluster3` as well", "istiod: changes in `values`, known during the update"],
        },
      ],
      trust: [
        "Every member begins to trust root `cluster3`.",
        "Root `cluster3` signs intermediates for `cluster3`.",
      ],
    });
    expect(modes("federated-join")).toEqual(["federated", "federated"]);
  });

  test("a member leaves, and nobody trusts its root any more", () => {
    expect(changes(preview("federated-leave"))).toEqual({
      ...none,
      leaving: ["cluster3"],
      changing: [
        {
          members: both,
          what: ["no longer reads `cluster3`", "istiod: restarts with the new bundle of roots"],
        },
      ],
      trust: ["Every member stops trusting root `cluster3`."],
    });
    expect(modes("federated-leave")).toEqual(["federated", "federated"]);
  });
});

describe("a root of cert-manager's", () => {
  const roots = (name: string) => changesOf(parsePreview(preview(name))).after!.config.trust.roots;
  const root = (name: string, signing: boolean) => ({ name, source: "certManager", signing });

  test("signs for a member that joins", () => {
    expect(changes(preview("cert-manager-join"))).toEqual({
      ...none,
      joining: [primary(3)],
      changing: [{ members: both, what: ["reads `cluster3` as well"] }],
      trust: ["Root `default` signs intermediates for `cluster3`."],
    });
    expect(roots("cert-manager-join")).toEqual([root("default", true)]);
  });

  test("is trusted before it signs", () => {
    expect(changes(preview("cert-manager-root-added"))).toEqual({
      ...none,
      changing: [{ members: both, what: ["istiod: changes in `values`, known during the update"] }],
      trust: ["Every member begins to trust root `next`."],
    });
    expect(roots("cert-manager-root-added")).toEqual([root("default", true), root("next", false)]);
  });
});

test("a weaker mode of mutual TLS is a change of trust", () => {
  expect(changes(preview("violation")).trust).toEqual([
    "Mutual TLS goes from strict to permissive in every member.",
  ]);
});

test("a root that gets a new key in place is told apart from one that is only reissued", () => {
  const replaced = (type: string) =>
    edited("nothing", ({ resourcePreEvent }) => {
      const step = resourcePreEvent as { metadata: { urn: string; op: string } } | undefined;
      if (step?.metadata.urn.endsWith(`mesh-trust-default-${type}`)) step.metadata.op = "replace";
    });
  expect(changes(replaced("certificate")).trust).toEqual(["Root `default` is reissued."]);
  expect(changes(replaced("key")).trust).toEqual([
    "Root `default` gets a new key: what it signed before is no longer trusted.",
  ]);
});

test("a network that changes is a change of the member", () => {
  const moved = edited("nothing", ({ resourcePreEvent }) => {
    const step = resourcePreEvent as { metadata: { urn: string; new: unknown } } | undefined;
    if (!step?.metadata.urn.endsWith("mesh-cluster2-namespace")) return;
    step.metadata.new = JSON.parse(JSON.stringify(step.metadata.new).replace('"network2"', '"elsewhere"'));
  });
  expect(changes(moved).changing).toEqual([
    { members: ["cluster2"], what: ["network `network2` → `elsewhere`"] },
  ]);
});

test("the meshes of before and after have the members, their networks, roles, versions and gateways", () => {
  const { before, after } = changesOf(parsePreview(preview("join-remote")));
  expect(before!.members.map(({ name }) => name)).toEqual(both);
  expect(
    after!.members.map(({ name, network, role, primary }) => ({ name, network, role, primary })),
  ).toEqual([
    { name: "cluster1", network: "network1", role: "primary", primary: "cluster1" },
    { name: "cluster2", network: "network2", role: "primary", primary: "cluster2" },
    { name: "cluster3", network: "network3", role: "remote", primary: "cluster1" },
  ]);
  expect(before!.members[0]!.eastWest.addresses).toEqual([expect.stringMatching(/^10\.\d+\.\d+\.\d+$/)]);
  expect(after!.config.trust.roots).toEqual([
    { name: "default", source: "generated", signing: false },
    { name: "next", source: "generated", signing: true },
  ]);
});

test("before the first update there is no mesh", () => {
  const { before, after } = changesOf(parsePreview(preview("first")));
  expect(before).toBeUndefined();
  expect(after!.members).toHaveLength(2);
});
