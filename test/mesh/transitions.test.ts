import { parseMesh } from "../../mesh/parse";
import { lastUp } from "../../mesh/last-up";
import type { LiveMember, KnownAddress } from "../../mesh/live-member";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { checkTransition, stillToBeForgotten } from "../../mesh/transitions";
import { authority, now, type Authority, type AuthorityOptions } from "./authorities";
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

function check(live: LiveMember[], wanted: MeshSpec, peerAddresses?: Map<string, KnownAddress>) {
  return checkTransition({ live, peerAddresses }, wanted);
}

it("nothing is refused that is installed for the first time, or stays as it is", () => {
  const wanted = mesh({ istio: { version: "1.30.3" } }, cluster("a"), cluster("b"));
  expect(check([], wanted)).toEqual([]);
  expect(check([{ name: "a", tokenGenerations: [] }], wanted)).toEqual([]);
  expect(check(live("a", "b"), wanted)).toEqual([]);
});

describe("an ingress gateway in istio-system", () => {
  const [there] = live("a");
  const running = (ingress: LiveMember["ingress"]) => [{ ...there!, ingress }];
  const wanted = (ingress?: object) => mesh({}, cluster("a", { ingress }));

  it("moves only where that is said, for its load balancer gives another address", () => {
    expect(check(running({ address: "203.0.113.7" }), wanted({}))).toEqual([
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
    const [byNodePort] = check(running({}), wanted({}));
    expect(byNodePort!.message).toContain("fixed node ports stay, but nobody answers for a moment.");
  });

  it("moves, stays or goes as it is said", () => {
    for (const namespace of ["istio-ingress", "istio-system"]) {
      expect(check(running({ address: "203.0.113.7" }), wanted({ namespace }))).toEqual([]);
    }
    expect(check(running({ address: "203.0.113.7" }), wanted())).toEqual([]);
    expect(check(running(undefined), wanted({}))).toEqual([]);
  });
});

describe("a load balancer with a DNS name", () => {
  const [there] = live("a");
  const name = "abc.elb.eu-west-1.amazonaws.com";
  const named = { ...there!, eastWest: { address: name } };
  const serving = (eastWest: object = {}) =>
    mesh({}, cluster("a", { eastWest }), cluster("r", { role: "remote", primary: "a" }));

  it("is refused as the way of a remote to its istiod, which has no certificate for it", () => {
    expect(check([named], serving())).toEqual([
      {
        path: "weft:clusters[0].eastWest.addresses",
        message:
          `Required: a serves r, and its load balancer has the DNS name ${name}, which is not in the certificate of istiod: ` +
          "API servers there would refuse to let istiod inject proxies.",
        remedy: `Set it to a DNS name of yours, and point that name at ${name}.`,
      },
    ]);
  });

  it("serves where another name is given, no remote comes, or the gateway gets another Service", () => {
    expect(check([named], serving({ addresses: ["istiod.example.org"] }))).toEqual([]);
    expect(check([named], mesh({}, cluster("a"), cluster("b")))).toEqual([]);
    const byNode = { service: { type: "NodePort" }, addresses: ["192.0.2.1"], port: 31443 };
    expect(check([named], serving(byNode))).toEqual([]);
    for (const eastWest of [{ address: "203.0.113.7" }, { address: "2001:db8::7" }, {}, undefined]) {
      expect(check([{ ...there!, eastWest }], serving())).toEqual([]);
    }
  });
});

describe("a namespace istio-system that is there already", () => {
  const [there] = live("a");
  const none = { name: "a", tokenGenerations: [] };
  const somebodys = { ...none, namespace: {} };
  const adopting = mesh({ istio: { adoptNamespace: true } }, cluster("a"));

  it("is refused with the way to adopt it", () => {
    expect(check([somebodys], mesh({}, cluster("a")))).toEqual([
      {
        path: "weft:clusters[0]",
        value: "a",
        message: "a has a namespace istio-system that is not Weft's.",
        remedy:
          "Set weft:clusters[0].istio.adoptNamespace to true: then Weft adds labels to it, and never deletes it. Or delete it, and `pulumi up` again.",
      },
    ]);
  });

  it("is adopted where stack config says so, with no Istio in it and no other mesh", () => {
    expect(check([somebodys], adopting)).toEqual([]);
    expect(check([{ ...somebodys, istiods: { default: { isReady: true } } }], adopting)).toMatchObject([
      { message: "a has an istiod in namespace istio-system that is not Weft's." },
    ]);
    const others = { ...somebodys, namespace: { mesh: "other", member: "x" } };
    expect(check([others], adopting)).toMatchObject([
      { message: "This cluster is member x of mesh other already." },
    ]);
  });

  it("becomes Weft's own, or another's, as stack config says", () => {
    const running = { ...there!, namespace: { mesh: "mesh1", member: "a", network: "a" } };
    expect(check([running], adopting)).toEqual([]);
    expect(check([running], mesh({}, cluster("a")))).toEqual([]);
  });

  it("has to be there to be adopted", () => {
    expect(check([none], adopting)).toEqual([
      {
        path: "weft:clusters[0].istio.adoptNamespace",
        value: "true",
        message: "a has no namespace istio-system to adopt.",
        remedy: "Create it, or leave the key out: then Weft does.",
      },
    ]);
    expect(
      check(
        [none],
        mesh({ istio: { adoptNamespace: true } }, cluster("a", { istio: { adoptNamespace: false } })),
      ),
    ).toEqual([]);
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
    expect(check(running("1.30.3"), wanted(), to({}))).toEqual([]);
    expect(check(running("1.30.3"), wanted(), to({ ca: undefined }))).toEqual([]);
    expect(check(running("1.30.3", {}), wanted(), moved)).toEqual([]);
    const unread = running("1.30.3").map((member) => ({ ...member, peers: undefined }));
    expect(check(unread, wanted(), moved)).toEqual([]);
  });

  it("is refused at another address, with the one to keep", () => {
    const problem = {
      path: "weft:clusters[1]",
      value: "https://b.example:443",
      message: `A new address of b's API server would reach ${harm}`,
      remedy:
        "Set its apiServer to https://b.example:6443, set istio.version of a to 1.30.4 or later, `pulumi up`; then change the address.",
    };
    expect(check(running("1.30.3"), wanted(), moved)).toEqual([problem]);
    expect(check(running("1.30.5"), wanted("1.30.3"), moved)).toEqual([problem]);
    const named = wanted("1.30.5", {}, { apiServer: "https://b.example:443" });
    expect(check(running("1.30.3"), named, moved)).toEqual([
      { ...problem, path: "weft:clusters[1].apiServer" },
    ]);
  });

  it.each([
    { ca: ["BB"] },
    { tlsServerName: "b.internal" },
    { insecureSkipTlsVerify: true },
    { proxyUrl: "http://bastion:3128" },
  ])("is refused when it is to be known by something else: %j", (change) => {
    expect(check(running("1.30.3"), wanted(), to(change))).toEqual([
      {
        path: "weft:clusters[1]",
        value: "b",
        message: `A new CA of b's API server, a new name to expect there or a new proxy would reach ${harm}`,
        remedy:
          "Once and together, set istio.version of a to 1.30.4 or later and weft:mesh.remoteAccess.allowBrokenRotation to true, `pulumi up`, then restart istiod of a.",
      },
    ]);
  });

  it("goes through where every reader survives it, starts only now, or the config says so", () => {
    expect(check(running("1.30.5"), wanted(), moved)).toEqual([]);
    expect(check(running(undefined), wanted("1.30.3"), moved)).toEqual([]);
    const allowed = wanted("1.30.3", { allowBrokenRotation: true });
    expect(check(running("1.30.3"), allowed, moved)).toEqual([]);
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
    expect(check(running("1.30.5"), renewed("1.30.5"))).toEqual([]);
  });

  it("is refused while a reader runs a version that does not, even if it is to be upgraded", () => {
    expect(check(running("1.30.3"), renewed("1.30.5"))).toEqual([problem]);
  });

  it("is refused at the setting that asks for it, where tokens are renewed by time", () => {
    const wanted = mesh(
      { istio: { version: "1.30.5" }, remoteAccess: { renewEveryHours: 1 } },
      cluster("a"),
      cluster("b"),
    );
    expect(check(running("1.30.3"), wanted)).toEqual([
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
    expect(check(running("1.30.5"), renewed("1.30.3"))).toEqual([problem]);
  });

  it("is refused for each reader, and not for members that keep their token", () => {
    const wanted = mesh(
      { istio: { version: "1.29.3" }, remoteAccess: { generation: 2 } },
      cluster("a"),
      cluster("b"),
      cluster("r", { role: "remote", primary: "a", remoteAccess: { generation: 1 } }),
    );
    const old = live("a", "b", "r").map((member) => ({ ...member, istiodVersion: "1.29.3" }));
    expect(check(old, wanted).map(({ path, message }) => [path, message])).toEqual([
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
    expect(check([a!, { ...b!, tokenGenerations: [1, 2] }], wanted)).toEqual([]);
    expect(check([a!, { ...b!, tokenGenerations: [] }], wanted)).toEqual([]);
  });

  it("reaches no istiod that starts only now", () => {
    expect(check(running(undefined), renewed("1.30.3"))).toEqual([]);
  });

  it("goes through where the config says so", () => {
    expect(check(running("1.30.3"), renewed("1.30.3", { allowBrokenRotation: true }))).toEqual([]);
  });
});

describe("a token that ends", () => {
  const ending = (mesh_: object = {}, more: object = {}) =>
    mesh(
      { istio: { version: "1.30.5" }, ...mesh_ },
      cluster("a"),
      cluster("b", { remoteAccess: { tokenLifetimeHours: 24, ...more } }),
    );
  const token = { token: "t", issued: new Date(0), ends: new Date(1), boundTo: "uid" };
  const [a, b] = live("a", "b").map((member) => ({ ...member, istiodVersion: "1.30.3" }));
  const bound: LiveMember = { ...b!, tokenGenerations: [], bindings: { 1: "uid" }, held: { token } };
  const message =
    "A new token for b would reach istiod 1.30.3 of a, which then loses the peer's endpoints for good, without an error, until it is restarted (https://github.com/istio/istio/issues/61043).";
  const path = "weft:clusters[1].remoteAccess.tokenLifetimeHours";

  it("is refused in the place of one that does not, while a reader runs a version that does not survive it", () => {
    expect(check([a!, b!], ending())).toEqual([
      {
        path,
        value: "24",
        message,
        remedy: "Leave it out, set istio.version of a to 1.30.4 or later, `pulumi up`; then set it.",
      },
    ]);
  });

  it("is no new one while it is kept", () => {
    expect(check([a!, bound], ending())).toEqual([]);
  });

  it("is refused where it is due", () => {
    expect(check([a!, { ...bound, held: {} }], ending())).toEqual([
      {
        path,
        value: "24",
        message,
        remedy:
          "Once and together, set istio.version of a to 1.30.4 or later and weft:mesh.remoteAccess.allowBrokenRotation to true, `pulumi up`, then restart istiod of a.",
      },
    ]);
    const allowed = ending({ remoteAccess: { allowBrokenRotation: true } });
    expect(check([a!, { ...bound, held: {} }], allowed)).toEqual([]);
  });

  it("is refused to go", () => {
    const stays = mesh({ istio: { version: "1.30.5" } }, cluster("a"), cluster("b"));
    expect(check([a!, bound], stays)).toEqual([
      {
        path,
        message,
        remedy:
          "Keep tokens that end, set istio.version of a to 1.30.4 or later, `pulumi up`; then take tokenLifetimeHours out.",
      },
    ]);
  });

  it("is refused at what is revoked, where that renews it", () => {
    const revoked = ending({ trust: { revoked: [{ member: "a" }] } });
    const paths = check([a!, { ...bound, held: {} }], revoked).map((problem) => problem.path);
    expect(paths).toContain("weft:mesh.trust.revoked");
    expect(paths).not.toContain(path);
  });

  it("is nobody's yet where the member is new", () => {
    expect(check([a!, { name: "b", tokenGenerations: [], held: {} }], ending())).toEqual([]);
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
    expect(check(live("a", "b"), rooted({ ...both[0]!, signing: true }, both[1]!))).toEqual([]);
    expect(
      check(trusting("default", "default", "new"), rooted(both[0]!, { ...both[1]!, signing: true })),
    ).toEqual([]);
    expect(check(trusting("new", "default", "new"), rooted({ ...both[1]!, signing: true }))).toEqual([]);
  });

  it("are not swapped in one step; the same is said once for all members", () => {
    expect(check(live("a", "b"), rooted({ name: "new", signing: true }))).toEqual([
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
    expect(check(live("a", "b"), rooted({ name: "default" }, { name: "new", signing: true }))).toEqual([
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
    expect(check(trusting("default", "default", "new"), rooted({ name: "new", signing: true }))).toEqual([
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
      expect(check(before, without(["leaked"], { name: "new", signing: true }))).toEqual([]);
      expect(check(before, without(["another"], { name: "new", signing: true }))).toHaveLength(1);
    });

    it("dropped while it signs, for one that is trusted already", () => {
      const before = trusting("leaked", "leaked", "new");
      expect(check(before, without(["leaked"], { name: "new", signing: true }))).toEqual([]);
      expect(check(before, without([], { name: "new", signing: true }))).toHaveLength(1);
    });

    it("and takes no other with it that is not", () => {
      const before = trusting("leaked", "leaked", "other");
      expect(check(before, without(["leaked"], { name: "new", signing: true }))).toEqual([
        expect.objectContaining({ path: "weft:mesh.trust.roots", value: "new" }),
      ]);
    });

    it("but one that stays is no reason to let another sign too early", () => {
      const before = trusting("leaked", "leaked");
      const after = without(["leaked"], { name: "leaked" }, { name: "new", signing: true });
      expect(check(before, after)).toEqual([
        expect.objectContaining({ message: "This root would sign before the running proxies trust it." }),
      ]);
    });
  });

  it("are not judged where the annotations are not there", () => {
    const bare = live("a").map(({ name, tokenGenerations }) => ({ name, tokenGenerations }));
    expect(check(bare, rooted({ name: "new", signing: true }))).toEqual([]);
    expect(check(trusting(undefined, "default", "new"), rooted({ name: "new", signing: true }))).toEqual([]);
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
      rootBundle: old.certificate,
    }));
  const message =
    "The mesh runs with another certificate under this name. Swapping it would break every connection.";

  it("stays the same certificate under its name in shared trust", () => {
    const shared = (given: Authority) =>
      mesh({ trust: { root: { source: "provided", ...root(given) } } }, cluster("a"), cluster("b"));
    expect(check(running("default"), shared(old))).toEqual([]);
    expect(check(running("default"), shared(next))).toEqual([
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
    expect(check(running("zeta"), listed(old, next))).toEqual([]);
    expect(check(running("zeta"), listed(next, old)).map(({ path }) => path)).toEqual([
      "weft:mesh.trust.roots[0].certificate",
    ]);
  });

  it("stays the same certificate of its member in federated trust", async () => {
    const made = await authority("Root CA", { subject: "CN=Root CA, L=b, O=Istio" });
    const members = running("a", "b").map((member) => ({
      ...member,
      rootBundle: `${member.rootBundle}\n${made.certificate}`,
    }));
    const federated = (given: Authority) =>
      mesh({ trust: { mode: "federated" } }, cluster("b"), cluster("a", { trust: { root: root(given) } }));
    expect(check(members, federated(old))).toEqual([]);
    expect(check(members, federated(next))).toEqual([
      {
        path: "weft:clusters[1].trust.root.certificate",
        message,
        remedy: "Set it back. Or remove a, `pulumi up`, and add it again with the new root.",
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
    expect(check(running("a", "b"), federated("a", "b", "c"))).toEqual([]);
    expect(check(running("a", "b", "c"), federated("a", "b"))).toEqual([]);
  });

  it("do not join and leave in one step", () => {
    expect(check(running("a", "b"), federated("a", "c"))).toEqual([
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
  expect(check(live("a", "b"), mesh({ trust: { mode: "federated" } }, ...clusters))).toEqual([
    problem("federated"),
  ]);
  const federated = live("a", "b").map((member) => ({
    ...member,
    roots: ["a", "b"],
    signingRoot: member.name,
  }));
  expect(check(federated, mesh({}, ...clusters))).toEqual([problem("shared")]);
});

it("a root that is reissued with its subject and its key stays under its name", async () => {
  const old = await authority("Root");
  const reissued = await authority("Root", { keys: old.keys, to: "2030-01-01" });
  const running = live("a").map((member) => ({ ...member, rootBundle: old.certificate }));
  const { certificate, key } = reissued;
  const root = { source: "provided", certificate, key };
  expect(certificate).not.toBe(old.certificate);
  expect(check(running, mesh({ trust: { root } }, cluster("a")))).toEqual([]);
});

describe("who reads whom", () => {
  const reading = (mode: string, reads: Record<string, string[]>) =>
    mesh({ trust: { mode } }, ...Object.entries(reads).map(([name, whom]) => cluster(name, { reads: whom })));
  const running = (roots: Record<string, string[]>) =>
    Object.entries(roots).map(([name, bundle]) => ({ ...live(name)[0]!, roots: bundle, signingRoot: name }));
  const ofA = { a: ["a", "b"], b: ["a", "b"], c: ["c"] };

  it("changes as one likes under a shared root", () => {
    expect(check(live("a", "b", "c"), reading("shared", { a: ["c"], b: [], c: [] }))).toEqual([]);
  });

  it("grows or shrinks in federated trust, but not both in one step: the roots go with it", () => {
    expect(check(running(ofA), reading("federated", { a: ["b", "c"], b: [], c: [] }))).toEqual([]);
    expect(check(running(ofA), reading("federated", { a: [], b: [], c: [] }))).toEqual([]);
    expect(check(running(ofA), reading("federated", { a: ["c"], b: [], c: [] }))).toEqual([
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

describe("a root that keeps its name", () => {
  const made = (name: string, options: AuthorityOptions = {}) =>
    authority("Root CA", { ...options, subject: `CN=Root CA, L=${name}, O=Istio` });
  const running = (rootBundle: string, ...names: string[]) =>
    live("a", "b").map((member) => ({ ...member, roots: names, signingRoot: names[0], rootBundle }));
  const two = (trust: object) => mesh({ trust }, cluster("a"), cluster("b"));

  describe("keeps its algorithm", () => {
    let ecdsa: string, rsa: string;
    beforeAll(async () => {
      ecdsa = (await made("default")).certificate;
      rsa = (await made("default", { algorithm: "RSA" })).certificate;
    });
    const problem = (path: string, wanted: string, was: string) => ({
      path,
      value: wanted,
      message: `Root default runs with a key of ${was}. Another key under its name would break every connection.`,
      remedy:
        `Keep ${was} for default. Then, each with a \`pulumi up\`: list a new root in weft:mesh.trust.roots with \`algorithm: ${wanted}\`; ` +
        "move `signing: true` to it; a day later, drop default. See docs/trust.md.",
    });

    it("whether the mesh names it or the root does", () => {
      expect(check(running(ecdsa, "default"), two({}))).toEqual([]);
      expect(check(running(rsa, "default"), two({ algorithm: "RSA-4096" }))).toEqual([]);
      expect(check(running(ecdsa, "default"), two({ algorithm: "RSA-4096" }))).toEqual([
        problem("weft:mesh.trust.algorithm", "RSA-4096", "ECDSA-P256"),
      ]);
      expect(check(running(rsa, "default"), two({}))).toEqual([
        problem("weft:mesh.trust.algorithm", "ECDSA-P256", "RSA-4096"),
      ]);
      const root = { source: "generated", algorithm: "RSA-4096" };
      expect(check(running(ecdsa, "default"), two({ root }))).toEqual([
        problem("weft:mesh.trust.root.algorithm", "RSA-4096", "ECDSA-P256"),
      ]);
    });

    it("and the steps of the remedy go through", async () => {
      const both = `${ecdsa}\n${(await made("new", { algorithm: "RSA" })).certificate}`;
      const old = { name: "default", source: "generated" };
      const next = { name: "new", source: "generated", algorithm: "RSA-4096" };
      const to = (...roots: object[]) => two({ roots });
      expect(check(running(ecdsa, "default"), to({ ...old, signing: true }, next))).toEqual([]);
      expect(check(running(both, "default", "new"), to(old, { ...next, signing: true }))).toEqual([]);
      expect(check(running(both, "new", "default"), to({ ...next, signing: true }))).toEqual([]);
    });

    it("in federated trust too, where no rotation changes it", async () => {
      const bundle = [await made("a"), await made("b")].map(({ certificate }) => certificate).join("\n");
      expect(check(running(bundle, "a", "b"), two({ mode: "federated" }))).toEqual([]);
      const wanted = two({ mode: "federated", algorithm: "RSA-4096" });
      expect(check(running(bundle, "a", "b"), wanted).map(({ path, remedy }) => [path, remedy])).toEqual(
        ["a", "b"].map(() => [
          "weft:mesh.trust.algorithm",
          "Set it back. The root of a federated member gets another key only when the member leaves and joins again.",
        ]),
      );
    });

    it("unless its key has leaked and it is named", () => {
      expect(check(running(ecdsa, "default"), two({ algorithm: "RSA-4096", removing: ["default"] }))).toEqual(
        [],
      );
    });
  });

  describe("keeps its source", () => {
    const last = (roots: object, more: object = {}) => lastUp({ mesh: { roots, ...more }, members: {} });
    const certManager = { cluster: "a" };
    const held = { cluster: "a", namespace: "cert-manager", install: true };
    const rotate = "Add the new root under a name of its own and rotate. See docs/trust.md.";

    it("which the last up recorded", () => {
      const wanted = two({ root: { source: "certManager" }, certManager });
      expect(checkTransition({ last: last({ default: "certManager" }) }, wanted)).toEqual([]);
      expect(checkTransition({ last: last({ default: "generated" }) }, wanted)).toEqual([
        {
          path: "weft:mesh.trust.root.source",
          value: "certManager",
          message:
            "Root default is generated by Weft now. Another one under its name would break every connection.",
          remedy: rotate,
        },
      ]);
      const back = two({ roots: [{ name: "default", source: "generated", signing: true }] });
      expect(checkTransition({ last: last({ default: "certManager" }) }, back)).toMatchObject([
        { path: "weft:mesh.trust.roots[0].source", value: "generated", remedy: rotate },
      ]);
    });

    it("or its certificate tells, where an older Weft recorded nothing", async () => {
      const { certificate } = await authority("Acme Root");
      expect(check(running(certificate, "default"), two({}))).toMatchObject([
        {
          path: "weft:mesh.trust.root.source",
          message: expect.stringMatching(/^Root default is a certificate that was provided/) as string,
        },
      ]);
      expect(check(running((await made("default")).certificate, "default"), two({}))).toEqual([]);
    });

    it("so a federated member's own root does not go by itself", async () => {
      const own = await authority("Acme Root");
      const bundle = `${own.certificate}\n${(await made("b")).certificate}`;
      expect(check(running(bundle, "a", "b"), two({ mode: "federated" }))).toEqual([
        {
          path: "weft:clusters[0].trust.root",
          value: "generated",
          message:
            "Root a is a certificate that was provided now. Another one under its name would break every connection.",
          remedy: "Set it back. Or remove a, `pulumi up`, and add it again with the new root.",
        },
      ]);
    });

    it("but may be given as PEM where it is the same certificate", async () => {
      const { certificate, key } = await made("default");
      const wanted = two({ root: { source: "provided", certificate, key } });
      const before = { last: last({ default: "generated" }), live: running(certificate, "default") };
      expect(checkTransition(before, wanted)).toEqual([]);
      const another = await made("default");
      const other = two({
        root: { source: "provided", certificate: another.certificate, key: another.key },
      });
      expect(checkTransition(before, other)).toMatchObject([{ path: "weft:mesh.trust.root.certificate" }]);
    });

    it("and cert-manager's stays where it stands", () => {
      const before = { last: last({ default: "certManager" }, { certManager: held }) };
      const to = (certManager: object) => two({ root: { source: "certManager" }, certManager });
      const refused = (certManager: object) =>
        checkTransition(before, to(certManager)).map(({ path, value }) => [path, value]);
      expect(refused({ cluster: "a" })).toEqual([]);
      expect(refused({ cluster: "b", namespace: "pki" })).toEqual([
        ["weft:mesh.trust.certManager.cluster", "b"],
        ["weft:mesh.trust.certManager.namespace", "pki"],
      ]);
      expect(refused({ cluster: "a", install: false })).toEqual([
        ["weft:mesh.trust.certManager.install", "false"],
      ]);
      // Nothing is held there any more.
      const rotated = { last: last({ new: "generated" }, { certManager: held }) };
      const roots = [{ name: "new", source: "generated", signing: true }];
      expect(checkTransition(rotated, two({ roots }))).toEqual([]);
    });
  });
});

describe("a member stays what it is", () => {
  const namespace = { mesh: "mesh1", member: "a", network: "a" };
  const running = (more: object) => [{ ...live("a")[0]!, namespace: { ...namespace, ...more } }];
  const again =
    "Set it back. Or take the member out, `pulumi up`, add it again, `pulumi up`, and restart its workloads.";

  it("on its network", () => {
    expect(check(running({}), mesh({}, cluster("a")))).toEqual([]);
    expect(check(running({ network: undefined }), mesh({}, cluster("a", { network: "n2" })))).toEqual([]);
    expect(check(running({}), mesh({}, cluster("a", { network: "n2" })))).toEqual([
      {
        path: "weft:clusters[0].network",
        value: "n2",
        message:
          "It is a now, and running proxies keep the network that they started with: other networks would send their requests to addresses that lead nowhere.",
        remedy: again,
      },
    ]);
  });

  it("on the network that the last `up` gave it, whatever a hand has written since", () => {
    const last = lastUp({ members: { a: { role: "primary", network: "a" } } });
    const to = (network: string) => mesh({}, cluster("a", { network }));
    expect(checkTransition({ last, live: running({ network: "elsewhere" }) }, to("a"))).toEqual([]);
    expect(checkTransition({ last, live: running({ network: "n2" }) }, to("n2"))).toMatchObject([
      { path: "weft:clusters[0].network", message: expect.stringMatching(/^It is a now/) as string },
    ]);
  });

  it("as a primary; a remote may become one", () => {
    const remote = mesh({}, cluster("a", { role: "remote", primary: "b" }), cluster("b"));
    expect(check(running({ servedBy: "b" }), remote)).toEqual([]);
    expect(check(running({ servedBy: "b" }), mesh({}, cluster("a"), cluster("b")))).toEqual([]);
    expect(check(running({}), remote)).toEqual([
      {
        path: "weft:clusters[0].role",
        value: "remote",
        message: "It is a primary now: its istiod would be deleted before that of b serves its workloads.",
        remedy: again,
      },
    ]);
  });

  it("in its trust domain, as far as it is known", () => {
    const last = lastUp({ mesh: { id: "mesh1", trustDomain: "cluster.local" } });
    const to = (trustDomain: string) => mesh({ trustDomain }, cluster("a"));
    expect(checkTransition({ last }, to("cluster.local"))).toEqual([]);
    expect(checkTransition({ last: lastUp({ mesh: { id: "mesh1" } }) }, to("acme.example"))).toEqual([]);
    expect(checkTransition({ last }, to("acme.example"))).toEqual([
      {
        path: "weft:mesh.trustDomain",
        value: "acme.example",
        message:
          "It is cluster.local now, and the identity of every workload begins with it: running proxies would refuse each other, and so would every AuthorizationPolicy.",
        remedy: "Set it back. A mesh gets another trust domain only by `pulumi destroy` and `pulumi up`.",
      },
    ]);
  });
});

describe("istiod", () => {
  const running = (istiodVersion: string) => [{ ...live("a")[0]!, istiodVersion }];
  const to = (istio: object, own: object = {}) => mesh({ istio }, cluster("a", { istio: own }));
  const at = (before: string, wanted: MeshSpec) =>
    check(running(before), wanted).map(({ path, value }) => [path, value]);

  it("goes one minor version at a time, up or down", () => {
    expect(at("1.28.3", to({ version: "1.29.5" }))).toEqual([]);
    expect(at("1.31.0", to({ version: "1.30.5" }))).toEqual([]);
    expect(check(running("1.28.3"), to({ version: "1.31.0" }))).toEqual([
      {
        path: "weft:mesh.istio.version",
        value: "1.31.0",
        message: "istiod of a is 1.28.3, and Istio supports steps of one minor version, up or down.",
        remedy:
          "Go to each minor version between them, with a `pulumi up` and a restart of the workloads each.",
      },
    ]);
    expect(at("1.31.0", to({ version: "1.29.5" }))).toEqual([["weft:mesh.istio.version", "1.29.5"]]);
  });

  it("by the member's own version, and by a tag that says one", () => {
    expect(at("1.28.3", to({ version: "1.29.5" }, { version: "1.30.5" }))).toEqual([
      ["weft:clusters[0].istio.version", "1.30.5"],
    ]);
    expect(at("1.28.3", to({ version: "1.29.5", tag: "1.31.0-distroless" }))).toEqual([
      ["weft:mesh.istio.tag", "1.31.0-distroless"],
    ]);
    expect(at("1.30.5", to({ version: "1.30.5", tag: "build-7" }))).toEqual([]);
  });

  it("keeps its revision", () => {
    const revised = (...revisions: string[]) => [
      {
        ...live("a")[0]!,
        istiods: Object.fromEntries(revisions.map((name) => [name, { isReady: true }])),
      },
    ];
    expect(check(revised("default"), to({}))).toEqual([]);
    expect(check(revised("blue"), to({ revision: "blue" }))).toEqual([]);
    expect(check(revised("blue", "green"), to({ revision: "green" }))).toEqual([]);
    const message = (revision: string) =>
      `The running istiod is of revision ${revision}. It would be deleted, and every proxy that it serves would lose its control plane until it is injected again.`;
    const instead =
      "To upgrade, change istio.version: Weft does it in place, member by member. Or use istio.revisions (docs/runbooks/upgrade.md).";
    const path = "weft:mesh.istio.revision";
    expect(check(revised("default"), to({ revision: "blue" }))).toEqual([
      { path, value: "blue", message: message("default"), remedy: `Leave it out. ${instead}` },
    ]);
    expect(check(revised("blue"), to({}))).toEqual([
      { path, value: undefined, message: message("blue"), remedy: `Set it back to blue. ${instead}` },
    ]);
  });
});

describe("a cluster that was made again", () => {
  const last = lastUp({ members: { a: { role: "primary", uid: "old" }, b: { role: "primary" } } });
  const there = (uid?: string) => ({
    ...live("a")[0]!,
    namespace: { uid, mesh: "mesh1", member: "a", network: "a" },
  });
  const gone = { name: "a", tokenGenerations: [] };
  const to = (config: object = {}) => mesh(config, cluster("a"), cluster("b"));
  const problem = {
    path: "weft:clusters[0]",
    value: "kind-a",
    message:
      "The last `pulumi up` left member a in another cluster, or its namespace istio-system was deleted since.",
    remedy:
      "If the way into the cluster is wrong, correct it. If the cluster was made again: weft:mesh.rebuilt: [a] and `pulumi up --refresh`. See docs/changes.md.",
  };

  it("is noticed, empty or with a member of the same name in it", () => {
    expect(checkTransition({ last, live: [there("old")] }, to())).toEqual([]);
    expect(checkTransition({ last, live: [gone] }, to())).toEqual([problem]);
    expect(checkTransition({ last, live: [there("new")] }, to())).toEqual([problem]);
  });

  it("is not guessed at where nothing is known", () => {
    expect(checkTransition({ last }, to())).toEqual([]);
    expect(checkTransition({ live: [there("new")] }, to())).toEqual([]);
    expect(checkTransition({ last, live: [there(undefined)] }, to())).toEqual([]);
    expect(checkTransition({ last, live: [{ ...gone, name: "b" }] }, to())).toEqual([]);
  });

  it("is taken as it is once it is named, with a reminder until the state knows it", () => {
    const named = to({ rebuilt: ["a"] });
    expect(checkTransition({ last, live: [gone] }, named)).toEqual([]);
    expect(stillToBeForgotten({ last, live: [gone] }, named)).toEqual(["a"]);
    expect(stillToBeForgotten({ last, live: [gone] }, to())).toEqual([]);
    const after = lastUp({ members: { a: { role: "primary", uid: "new" } } });
    expect(stillToBeForgotten({ last: after, live: [there("new")] }, named)).toEqual([]);
  });

  it("took cert-manager's roots with it", () => {
    const trust = { root: { source: "certManager" }, certManager: { cluster: "a" } };
    const refused = (removing: string[]) =>
      checkTransition({ last, live: [gone] }, to({ rebuilt: ["a"], trust: { ...trust, removing } }));
    expect(refused([])).toMatchObject([
      {
        path: "weft:mesh.rebuilt",
        value: "a",
        remedy: expect.stringContaining("weft:mesh.trust.removing: [default]") as string,
      },
    ]);
    expect(refused(["default"])).toEqual([]);
  });
});
