import { parseMesh } from "../../mesh/parse";
import { fingerprints } from "../../mesh/certificates";
import type { LiveMember } from "../../mesh/live-member";
import { checkTransition } from "../../mesh/transitions";
import { authority, now, type Authority } from "./authorities";
import { cluster } from "./problems-of";

/** Members as they run: version 1.30.5, the first token, the only root, which signs. */
function live(...names: string[]): LiveMember[] {
  return names.map((name) => ({
    name,
    istiodVersion: "1.30.5",
    tokenGenerations: [1],
    roots: ["default"],
    signingRoot: "default",
  }));
}

function mesh(config: object, ...clusters: object[]) {
  return parseMesh({ mesh: config, clusters }, now);
}

it("nothing is refused that is installed for the first time, or stays as it is", () => {
  const wanted = mesh({ istio: { version: "1.30.3" } }, cluster("a"), cluster("b"));
  expect(checkTransition([], wanted)).toEqual([]);
  expect(checkTransition([{ name: "a", tokenGenerations: [] }], wanted)).toEqual([]);
  expect(checkTransition(live("a", "b"), wanted)).toEqual([]);
});

describe("an ingress gateway in istio-system", () => {
  const [there] = live("a");
  const running = (ingress: LiveMember["ingress"]) => [{ ...there!, ingress }];
  const wanted = (ingress?: object) => mesh({}, cluster("a", { ingress }));

  it("moves only where that is said, for its load balancer gives another address", () => {
    expect(checkTransition(running({ address: "203.0.113.7" }), wanted({}))).toEqual([
      {
        path: "weft:clusters[0].ingress.namespace",
        message:
          "Required: the ingress gateway of a stands in istio-system, beside the CA's key, and new ones stand in istio-ingress. " +
          "To move it is to delete it and create it again: its load balancer gives it another address than 203.0.113.7, unless an annotation fixes that.",
        remedy:
          "Set it to istio-ingress to move it, and put the Secrets that your Gateways name in `credentialName` there. " +
          "Set it to istio-system to leave it: then it may read no Secrets any more, and serves no certificate of `credentialName`.",
      },
    ]);
    const [byNodePort] = checkTransition(running({}), wanted({}));
    expect(byNodePort!.message).toContain("fixed node ports stay, but nobody answers for a moment.");
  });

  it("moves, stays or goes as it is said", () => {
    for (const namespace of ["istio-ingress", "istio-system"]) {
      expect(checkTransition(running({ address: "203.0.113.7" }), wanted({ namespace }))).toEqual([]);
    }
    expect(checkTransition(running({ address: "203.0.113.7" }), wanted())).toEqual([]);
    expect(checkTransition(running(undefined), wanted({}))).toEqual([]);
  });
});

describe("another API server of a peer", () => {
  const old = { server: "https://b.example:6443", insecureSkipTlsVerify: false, ca: ["AA"] };
  const running = (version: string | undefined, peers: LiveMember["peers"] = { b: old }) => {
    const [a, b] = live("a", "b");
    return [{ ...a!, istiodVersion: version, peers }, b!];
  };
  const wanted = (version = "1.30.5", more: object = {}, b: object = {}) =>
    mesh({ istio: { version }, remoteAccess: more }, cluster("a"), cluster("b", b));
  const to = (change: object) => new Map([["b", { ...old, ...change }]]);
  const moved = to({ server: "https://b.example:443" });
  const harm =
    "istiod 1.30.3 of a, which then loses the peer's endpoints for good, without an error, until it is restarted (https://github.com/istio/istio/issues/61043).";

  it("is none when its address and CA stay, or nothing is known of them", () => {
    expect(checkTransition(running("1.30.3"), wanted(), to({}))).toEqual([]);
    expect(checkTransition(running("1.30.3"), wanted(), to({ ca: undefined }))).toEqual([]);
    expect(checkTransition(running("1.30.3", {}), wanted(), moved)).toEqual([]);
    const unread = running("1.30.3").map((member) => ({ ...member, peers: undefined }));
    expect(checkTransition(unread, wanted(), moved)).toEqual([]);
  });

  it("is refused at another address, with the one to keep", () => {
    const problem = {
      path: "weft:clusters[1]",
      value: "https://b.example:443",
      message: `A new address of b's API server would reach ${harm}`,
      remedy:
        "Set its apiServer to https://b.example:6443, set istio.version of a to 1.30.4 or later, `pulumi up`; then change the address.",
    };
    expect(checkTransition(running("1.30.3"), wanted(), moved)).toEqual([problem]);
    expect(checkTransition(running("1.30.5"), wanted("1.30.3"), moved)).toEqual([problem]);
    const named = wanted("1.30.5", {}, { apiServer: "https://b.example:443" });
    expect(checkTransition(running("1.30.3"), named, moved)).toEqual([
      { ...problem, path: "weft:clusters[1].apiServer" },
    ]);
  });

  it.each([{ ca: ["BB"] }, { tlsServerName: "b.internal" }, { insecureSkipTlsVerify: true }])(
    "is refused when it is to be known by something else: %j",
    (change) => {
      expect(checkTransition(running("1.30.3"), wanted(), to(change))).toEqual([
        {
          path: "weft:clusters[1]",
          value: "b",
          message: `A new CA of b's API server, or a new name to expect there, would reach ${harm}`,
          remedy:
            "Once and together, set istio.version of a to 1.30.4 or later and weft:mesh.remoteAccess.allowBrokenRotation to true, `pulumi up`, then restart istiod of a.",
        },
      ]);
    },
  );

  it("goes through where every reader survives it, starts only now, or the config says so", () => {
    expect(checkTransition(running("1.30.5"), wanted(), moved)).toEqual([]);
    expect(checkTransition(running(undefined), wanted("1.30.3"), moved)).toEqual([]);
    const allowed = wanted("1.30.3", { allowBrokenRotation: true });
    expect(checkTransition(running("1.30.3"), allowed, moved)).toEqual([]);
  });
});

describe("a renewal of tokens", () => {
  const renewed = (version: string, more: object = {}) =>
    mesh(
      { istio: { version }, remoteAccess: more },
      cluster("a"),
      cluster("b", { remoteAccess: { generation: 2 } }),
    );
  const running = (version: string | undefined) => {
    const [a, b] = live("a", "b");
    return [{ ...a!, istiodVersion: version }, b!];
  };
  const problem = {
    path: "weft:clusters[1].remoteAccess.generation",
    value: "2",
    message:
      "A new token for b would reach istiod 1.30.3 of a, which then loses the peer's endpoints for good, without an error, until it is restarted (https://github.com/istio/istio/issues/61043).",
    remedy: "Keep generation 1, set istio.version of a to 1.30.4 or later, `pulumi up`; then renew.",
  };

  it("goes through where every reader survives it", () => {
    expect(checkTransition(running("1.30.5"), renewed("1.30.5"))).toEqual([]);
  });

  it("is refused while a reader runs a version that does not, even if it is to be upgraded", () => {
    expect(checkTransition(running("1.30.3"), renewed("1.30.5"))).toEqual([problem]);
  });

  it("is refused at the setting that asks for it, where tokens are renewed by time", () => {
    const wanted = mesh(
      { istio: { version: "1.30.5" }, remoteAccess: { renewEveryHours: 1 } },
      cluster("a"),
      cluster("b"),
    );
    expect(checkTransition(running("1.30.3"), wanted)).toEqual([
      {
        path: "weft:mesh.remoteAccess.renewEveryHours",
        value: "1",
        message: problem.message,
        remedy:
          "Take it out and set remoteAccess.generation of b to 1, set istio.version of a to 1.30.4 or later, `pulumi up`; then renew.",
      },
    ]);
  });

  it("is refused when a reader is to run such a version", () => {
    expect(checkTransition(running("1.30.5"), renewed("1.30.3"))).toEqual([problem]);
  });

  it("is refused for each reader, and not for members that keep their token", () => {
    const wanted = mesh(
      { istio: { version: "1.29.3" }, remoteAccess: { generation: 2 } },
      cluster("a"),
      cluster("b"),
      cluster("r", { role: "remote", primary: "a", remoteAccess: { generation: 1 } }),
    );
    const old = live("a", "b", "r").map((member) => ({ ...member, istiodVersion: "1.29.3" }));
    expect(checkTransition(old, wanted).map(({ path, message }) => [path, message])).toEqual([
      [
        "weft:clusters[0].remoteAccess.generation",
        "A new token for a would reach istiod 1.29.3 of b, which then panics: it closes the old connection twice (https://github.com/istio/istio/issues/60520).",
      ],
      [
        "weft:clusters[1].remoteAccess.generation",
        "A new token for b would reach istiod 1.29.3 of a, which then panics: it closes the old connection twice (https://github.com/istio/istio/issues/60520).",
      ],
    ]);
  });

  it("is none when the token is there already, or was never issued", () => {
    const [a, b] = running("1.30.3");
    const wanted = renewed("1.30.3");
    expect(checkTransition([a!, { ...b!, tokenGenerations: [1, 2] }], wanted)).toEqual([]);
    expect(checkTransition([a!, { ...b!, tokenGenerations: [] }], wanted)).toEqual([]);
  });

  it("reaches no istiod that starts only now", () => {
    expect(checkTransition(running(undefined), renewed("1.30.3"))).toEqual([]);
  });

  it("goes through where the config says so", () => {
    expect(checkTransition(running("1.30.3"), renewed("1.30.3", { allowBrokenRotation: true }))).toEqual([]);
  });
});

describe("the roots of shared trust", () => {
  const rooted = (...roots: { name: string; signing?: boolean }[]) =>
    mesh(
      { trust: { roots: roots.map((root) => ({ ...root, source: "generated" })) } },
      cluster("a"),
      cluster("b"),
    );
  const trusting = (signingRoot: string | undefined, ...roots: string[]) =>
    live("a", "b").map((member) => ({ ...member, roots, signingRoot }));

  it("rotate in three steps", () => {
    const both = [{ name: "default" }, { name: "new" }];
    expect(checkTransition(live("a", "b"), rooted({ ...both[0]!, signing: true }, both[1]!))).toEqual([]);
    expect(
      checkTransition(
        trusting("default", "default", "new"),
        rooted(both[0]!, { ...both[1]!, signing: true }),
      ),
    ).toEqual([]);
    expect(
      checkTransition(trusting("new", "default", "new"), rooted({ ...both[1]!, signing: true })),
    ).toEqual([]);
  });

  it("are not swapped in one step; the same is said once for all members", () => {
    expect(checkTransition(live("a", "b"), rooted({ name: "new", signing: true }))).toEqual([
      {
        path: "weft:mesh.trust.roots",
        value: "new",
        message:
          "The trusted roots are default now. In one step they may grow or shrink, not both: istiod refuses a bundle that does.",
        remedy:
          "First list default, new, `pulumi up`; then drop default. See docs/trust.md. " +
          "If the key of default has leaked and it must go at once, whatever breaks: weft:mesh.trust.removing: [default].",
      },
    ]);
  });

  it("do not sign in the step that adds them", () => {
    expect(
      checkTransition(live("a", "b"), rooted({ name: "default" }, { name: "new", signing: true })),
    ).toEqual([
      {
        path: "weft:mesh.trust.roots",
        value: "new",
        message: "This root would sign before the running proxies trust it.",
        remedy:
          "First add it without `signing`, `pulumi up`; then move `signing: true` to it. See docs/trust.md.",
      },
    ]);
  });

  it("are not dropped in the step in which another begins to sign", () => {
    expect(
      checkTransition(trusting("default", "default", "new"), rooted({ name: "new", signing: true })),
    ).toEqual([
      {
        path: "weft:mesh.trust.roots",
        value: "new",
        message: "default still signs: the running proxies hold certificates that only it vouches for.",
        remedy:
          "First keep default without `signing`, `pulumi up`; drop it a day later. See docs/trust.md. " +
          "If the key of default has leaked and it must go at once, whatever breaks: weft:mesh.trust.removing: [default].",
      },
    ]);
  });

  describe("one whose key has leaked goes at once, when it is named", () => {
    const without = (removing: string[], ...roots: { name: string; signing?: boolean }[]) =>
      mesh(
        { trust: { removing, roots: roots.map((root) => ({ ...root, source: "generated" })) } },
        cluster("a"),
        cluster("b"),
      );

    it("swapped for one that nobody knows yet", () => {
      const before = trusting("leaked", "leaked");
      expect(checkTransition(before, without(["leaked"], { name: "new", signing: true }))).toEqual([]);
      expect(checkTransition(before, without(["another"], { name: "new", signing: true }))).toHaveLength(1);
    });

    it("dropped while it signs, for one that is trusted already", () => {
      const before = trusting("leaked", "leaked", "new");
      expect(checkTransition(before, without(["leaked"], { name: "new", signing: true }))).toEqual([]);
      expect(checkTransition(before, without([], { name: "new", signing: true }))).toHaveLength(1);
    });

    it("and takes no other with it that is not", () => {
      const before = trusting("leaked", "leaked", "other");
      expect(checkTransition(before, without(["leaked"], { name: "new", signing: true }))).toEqual([
        expect.objectContaining({ path: "weft:mesh.trust.roots", value: "new" }),
      ]);
    });

    it("but one that stays is no reason to let another sign too early", () => {
      const before = trusting("leaked", "leaked");
      const after = without(["leaked"], { name: "leaked" }, { name: "new", signing: true });
      expect(checkTransition(before, after)).toEqual([
        expect.objectContaining({ message: "This root would sign before the running proxies trust it." }),
      ]);
    });
  });

  it("are not judged where the annotations are not there", () => {
    const bare = live("a").map(({ name, tokenGenerations }) => ({ name, tokenGenerations }));
    expect(checkTransition(bare, rooted({ name: "new", signing: true }))).toEqual([]);
    expect(
      checkTransition(trusting(undefined, "default", "new"), rooted({ name: "new", signing: true })),
    ).toEqual([]);
  });
});

describe("a root given as PEM", () => {
  let old: Authority, next: Authority;
  beforeAll(async () => {
    old = await authority("Root");
    next = await authority("Root");
  });
  const root = ({ certificate, key }: Authority) => ({ certificate, key });
  const running = (...roots: string[]) =>
    live("a", "b").map((member) => ({
      ...member,
      roots,
      signingRoot: undefined,
      rootFingerprints: fingerprints(old.certificate),
    }));
  const message =
    "The mesh runs with another certificate under this name. Swapping it would break every connection.";

  it("stays the same certificate under its name in shared trust", () => {
    const shared = (given: Authority) =>
      mesh({ trust: { root: { source: "provided", ...root(given) } } }, cluster("a"), cluster("b"));
    expect(checkTransition(running("default"), shared(old))).toEqual([]);
    expect(checkTransition(running("default"), shared(next))).toEqual([
      {
        path: "weft:mesh.trust.root.certificate",
        message,
        remedy: "Add the new root under a name of its own and rotate. See docs/trust.md.",
      },
    ]);
  });

  it("is found in the list as it was written, and a new one beside it is right", () => {
    const listed = (zeta: Authority, alpha: Authority) =>
      mesh(
        {
          trust: {
            roots: [
              { name: "zeta", source: "provided", signing: true, ...root(zeta) },
              { name: "alpha", source: "provided", ...root(alpha) },
            ],
          },
        },
        cluster("a"),
      );
    expect(checkTransition(running("zeta"), listed(old, next))).toEqual([]);
    expect(checkTransition(running("zeta"), listed(next, old)).map(({ path }) => path)).toEqual([
      "weft:mesh.trust.roots[0].certificate",
    ]);
  });

  it("stays the same certificate of its member in federated trust", () => {
    const federated = (given: Authority) =>
      mesh({ trust: { mode: "federated" } }, cluster("b"), cluster("a", { trust: { root: root(given) } }));
    expect(checkTransition(running("a", "b"), federated(old))).toEqual([]);
    expect(checkTransition(running("a", "b"), federated(next))).toEqual([
      {
        path: "weft:clusters[1].trust.root.certificate",
        message,
        remedy: "Remove the member, `pulumi up`, and add it again with the new root.",
      },
    ]);
  });
});

describe("members of a federated mesh", () => {
  const federated = (...names: string[]) =>
    mesh({ trust: { mode: "federated" } }, ...names.map((name) => cluster(name)));
  const running = (...names: string[]) =>
    live(...names).map((member) => ({ ...member, roots: names, signingRoot: member.name }));

  it("join, or leave", () => {
    expect(checkTransition(running("a", "b"), federated("a", "b", "c"))).toEqual([]);
    expect(checkTransition(running("a", "b", "c"), federated("a", "b"))).toEqual([]);
  });

  it("do not join and leave in one step", () => {
    expect(checkTransition(running("a", "b"), federated("a", "c"))).toEqual([
      {
        path: "weft:clusters",
        value: "a, c",
        message:
          "The trusted roots are a, b now. In one step they may grow or shrink, not both: istiod refuses a bundle that does.",
        remedy: "First add c and keep b, `pulumi up`; then remove. See docs/trust.md.",
      },
    ]);
  });
});

it("a mesh does not change its mode of trust", () => {
  const problem = (mode: string) => ({
    path: "weft:mesh.trust.mode",
    value: mode,
    message:
      "The mesh runs in the other mode. A change would replace all roots at once and break every connection.",
    remedy: "Set it back. A mesh gets another mode only by `pulumi destroy` and `pulumi up`.",
  });
  const clusters = [cluster("a"), cluster("b")];
  expect(checkTransition(live("a", "b"), mesh({ trust: { mode: "federated" } }, ...clusters))).toEqual([
    problem("federated"),
  ]);
  const federated = live("a", "b").map((member) => ({
    ...member,
    roots: ["a", "b"],
    signingRoot: member.name,
  }));
  expect(checkTransition(federated, mesh({}, ...clusters))).toEqual([problem("shared")]);
});
