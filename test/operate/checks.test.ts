import type { CheckName } from "../../operate/checks";
import { known, unknown, type CredentialFacts, type Fact, type PeerView } from "../../operate/facts/facts";
import { findings, judgeMesh } from "../../operate/report";
import { X509Certificate } from "node:crypto";
import type { CrlArgs } from "../../components/root-ca/crl";
import { serialNumber } from "../../mesh/crl";
import { authority } from "../mesh/authorities";
import { crlOfNow, healthy, input, now, publishCrls, synced, type Sample } from "./healthy";

let sample: Sample;
beforeEach(async () => {
  sample = await healthy();
});

/** The value of a fact, to be changed in place. */
function value<T>(fact: Fact<T>): NonNullable<T> {
  if (!fact.known || fact.value === undefined || fact.value === null) throw new Error("not known");
  return fact.value;
}

/** Everything that the report holds against anybody: "one istiod failed: …". */
function complaints(): string[] {
  return judgeMesh(sample.mesh, sample.facts, now).members.flatMap(({ name, checks }) =>
    checks.flatMap(({ check, issues }) =>
      issues.map(({ kind, message }) => `${name} ${check} ${kind}: ${message}`),
    ),
  );
}

function detailOf(member: string, check: CheckName): string | undefined {
  return judgeMesh(sample.mesh, sample.facts, now)
    .members.find(({ name }) => name === member)!
    .checks.find((result) => result.check === check)?.detail;
}

test("a healthy mesh has nothing held against it, and every check has looked", () => {
  const report = judgeMesh(sample.mesh, sample.facts, now);
  expect(complaints()).toEqual([]);
  expect(report.verdict).toBe("ok");
  expect(report.members.map(({ checks }) => checks.map(({ check }) => check).join(" "))).toEqual([
    "api istiod cacerts trust network keys access peers gateway handshake exposure webhooks",
    "api cacerts trust network gateway handshake webhooks",
    "api istiod cacerts trust network keys access peers gateway handshake exposure webhooks",
  ]);
});

test("an API server that does not answer is one failure, and only its member's", () => {
  const unread = unknown("its API server was not read");
  const dead = Object.fromEntries(Object.keys(sample.of("two")).map((key) => [key, unread]));
  sample.facts.members.set("two", {
    ...(dead as unknown as ReturnType<Sample["of"]>),
    kubectl: "kubectl",
    api: { reachable: false, message: "The API server did not answer within 10 s.", remedy: "Look." },
  });
  expect(complaints()).toEqual(["two api failed: The API server did not answer within 10 s."]);
  expect(judgeMesh(sample.mesh, sample.facts, now).members.map(({ verdict }) => verdict)).toEqual([
    "ok",
    "ok",
    "failed",
  ]);
});

describe("istiod", () => {
  test("that is not there", () => {
    sample.of("one").istiods = known([]);
    expect(complaints()).toEqual([
      "one istiod failed: No istiod runs here: the member's proxies get neither configuration nor certificates.",
    ]);
  });

  test("with replicas that are not ready", () => {
    value(sample.of("one").istiods)[0]!.ready = 1;
    expect(complaints()).toEqual(["one istiod failed: 1 of 2 replicas of istiod are ready."]);
  });

  test("scaled to nothing", () => {
    Object.assign(value(sample.of("one").istiods)[0]!, { ready: 0, replicas: 0 });
    expect(complaints()).toEqual([
      "one istiod failed: istiod is scaled to 0: the member's proxies get neither configuration nor certificates.",
    ]);
  });

  test("two minor versions from another", () => {
    value(sample.of("two").istiods)[0]!.version = "1.32.0";
    expect(complaints()).toEqual([
      "one istiod failed: istiod 1.30.5 is more than one minor version from two, which Istio does not support.",
      "two istiod failed: istiod 1.32.0 is more than one minor version from one, which Istio does not support.",
    ]);
  });

  test("one minor version from another is fine", () => {
    value(sample.of("two").istiods)[0]!.version = "1.31.0";
    expect(complaints()).toEqual([]);
    expect(detailOf("two", "istiod")).toBe("1.31.0");
  });

  test("of a version that does not survive a renewed token", () => {
    value(sample.of("one").istiods)[0]!.version = "1.30.3";
    expect(complaints()).toEqual([
      expect.stringContaining(
        "one istiod failed: When a peer's token or address changes, istiod 1.30.3 loses the peer's endpoints",
      ),
    ]);
  });

  test("of such a version, where stack config says that it is known", async () => {
    sample = await healthy({
      ...input,
      mesh: { ...input.mesh, remoteAccess: { allowBrokenRotation: true } },
    });
    value(sample.of("one").istiods)[0]!.version = "1.30.3";
    expect(complaints()).toEqual([]);
  });
});

describe("cacerts", () => {
  test("that is not there", () => {
    sample.of("one").cacerts = known(undefined);
    expect(complaints()).toEqual([
      "one cacerts failed: There is no Secret cacerts: istiod would sign with a root of its own, which no peer trusts.",
    ]);
  });

  test("without a file", () => {
    value(sample.of("one").cacerts).missing = ["root-cert.pem"];
    expect(complaints()).toContainEqual(
      expect.stringContaining("one cacerts failed: Secret cacerts lacks root-cert.pem"),
    );
  });

  test("with a key of another certificate", () => {
    value(sample.of("one").cacerts).keyFits = false;
    expect(complaints()).toEqual(["one cacerts failed: `ca-key.pem` is not the key of `ca-cert.pem`."]);
  });

  test("whose chain leads to no root of its bundle", async () => {
    value(sample.of("one").cacerts).bundle = (await authority("other")).certificate;
    expect(complaints()).toContainEqual(
      "one cacerts failed: CN=root: The chain ends in this root, which is not a trusted one.",
    );
  });

  test("with an intermediate that expires in days", async () => {
    const certificate = (await authority("soon", { issuer: sample.root, to: "2026-06-11" })).certificate;
    Object.assign(value(sample.of("one").cacerts), { certificate, chain: certificate });
    expect(complaints()).toEqual(["one cacerts failed: The intermediate expires in 10 days."]);
  });

  test("with one that has expired", async () => {
    const certificate = (await authority("late", { issuer: sample.root, to: "2026-05-11" })).certificate;
    Object.assign(value(sample.of("one").cacerts), { certificate, chain: certificate });
    expect(complaints()).toEqual(["one cacerts failed: CN=late: Expired on 2026-05-11."]);
  });

  test("under a root that has expired before its intermediate", async () => {
    const root = await authority("old", { to: "2026-05-11" });
    for (const [name, facts] of sample.facts.members) {
      const certificate = (await authority(`${name}-ca`, { issuer: root })).certificate;
      const bundle = root.certificate;
      Object.assign(value(facts.cacerts), { certificate, chain: certificate, bundle });
    }
    expect(findings(judgeMesh(sample.mesh, sample.facts, now), ["failed"])).toMatchObject([
      {
        members: ["one", "three", "two"],
        issue: {
          message: "The root CN=old expired on 2026-05-11: nothing that was issued under it is trusted.",
          remedy: expect.stringMatching(/^Add a new root/) as string,
        },
      },
    ]);
  });

  test("says how many days are left", () => {
    expect(detailOf("one", "cacerts")).toBe("183/214 d");
  });

  test("that may not be read", () => {
    sample.of("one").cacerts = unknown("Secret cacerts: this user may not read them");
    expect(complaints()).toContain(
      "one cacerts unreadable: Not known: Secret cacerts: this user may not read them.",
    );
    expect(judgeMesh(sample.mesh, sample.facts, now).verdict).toBe("unknown");
  });
});

describe("crls", () => {
  const publish = (ofRoot?: Partial<CrlArgs>) => publishCrls(sample, ofRoot);
  beforeEach(async () => {
    sample = await healthy({ ...input, mesh: { ...input.mesh, trust: { revoked: [] } } });
    await publish();
  });

  test("that are good, with the days that they have left", () => {
    expect(complaints()).toEqual([]);
    expect(["one", "three", "two"].map((member) => detailOf(member, "crls"))).toEqual([
      "100 d",
      "100 d",
      "100 d",
    ]);
  });

  test("that are not there, or cannot be read", () => {
    value(sample.of("one").cacerts).crls = "";
    value(sample.of("three").cacerts).crls = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----";
    expect(complaints()).toEqual([
      "one crls failed: Secret cacerts has no `ca-crl.pem`: whose intermediate is revoked is still accepted.",
      "three crls failed: `ca-crl.pem` cannot be read.",
    ]);
  });

  test("that end soon, or have ended", async () => {
    await publish({ now: new Date("2026-03-12T00:00:00Z") });
    expect(complaints()[0]).toBe(
      "one crls failed: The CRL of CN=root ends in 19 days: then proxies refuse everybody whom this CA vouches for.",
    );
    await publish({ now: new Date("2026-02-01T00:00:00Z") });
    expect(complaints()[0]).toBe(
      "one crls failed: The CRL of CN=root has ended: proxies refuse everybody whom this CA vouches for.",
    );
  });

  test("without that of a CA of the chain, by which istiod takes none", async () => {
    value(sample.of("three").cacerts).crls = await crlOfNow(sample.root);
    expect(complaints()).toEqual([
      "three crls failed: `ca-crl.pem` has no CRL of CN=three-ca: istiod takes none of it, and proxies refuse whom this CA vouches for.",
    ]);
  });

  test("that revoke whom istiod signs by", async () => {
    const serial = serialNumber(
      new X509Certificate(sample.intermediates.get("two")!.certificate).serialNumber,
    );
    await publish({ serials: [serial] });
    expect(complaints()).toEqual([
      `two crls failed: The intermediate ${serial} is revoked, and istiod signs by it: proxies refuse the workloads of this member.`,
    ]);
  });

  test("that istiod does not hand on", () => {
    sample.of("one").servedCrls = known("");
    sample.of("two").servedCrls = unknown("ConfigMaps: this user may not read them");
    // It is that of its primary.
    sample.of("three").servedCrls = known(undefined);
    expect(complaints()).toEqual([
      "one crls failed: istiod does not hand on the CRLs that stand in Secret cacerts.",
    ]);
  });
});

describe("trust", () => {
  test("a root that a peer does not have", async () => {
    const other = await authority("other");
    const own = await authority("two-ca", { issuer: other });
    Object.assign(value(sample.of("two").cacerts), {
      certificate: own.certificate,
      chain: own.certificate,
      bundle: other.certificate,
    });
    expect(complaints()).toEqual([
      expect.stringContaining(
        "one trust failed: two does not trust the root that this member signs under (default, ",
      ),
      expect.stringContaining("three trust failed: two does not trust the root"),
      expect.stringContaining("two trust failed: one, three do not trust the root"),
    ]);
    const found = findings(judgeMesh(sample.mesh, sample.facts, now), ["failed"]);
    expect(found.map(({ members }) => members)).toEqual([["one", "three"], ["two"]]);
  });

  test("of members that need not trust each other", async () => {
    sample = await healthy({
      mesh: { istio: { version: "1.30.5" }, trust: { mode: "federated" } },
      clusters: [
        { name: "one", context: "one", trust: { trusts: ["two"] } },
        { name: "two", context: "two", trust: { trusts: ["one"] } },
        { name: "zed", context: "zed", trust: { trusts: [] } },
      ],
    });
    const other = await authority("other");
    const own = await authority("zed-ca", { issuer: other });
    Object.assign(value(sample.of("zed").cacerts), {
      certificate: own.certificate,
      chain: own.certificate,
      bundle: other.certificate,
    });
    expect(complaints()).toEqual([]);
  });
});

describe("network", () => {
  test("with another label on the namespace", () => {
    sample.of("one").networkLabel = known("n9");
    expect(complaints()).toEqual([
      "one network failed: Label topology.istio.io/network of namespace istio-system says n9, and stack config n1: istiod would send requests for this network astray.",
    ]);
  });

  test("without a network in istiod's values", () => {
    sample.of("one").networkValue = known(undefined);
    expect(complaints()).toEqual([
      expect.stringContaining("one network failed: `global.network` of istiod's values names no network"),
    ]);
  });

  test("with another label on the gateway", () => {
    value(sample.of("three").gateway).network = "n9";
    expect(complaints()).toEqual([
      expect.stringContaining("of Service istio-eastwestgateway says n9, and stack config n3"),
    ]);
  });

  test("with a label on the gateway where istiods are told of its addresses", async () => {
    const [one, ...others] = input.clusters;
    sample = await healthy({
      ...input,
      clusters: [{ ...one!, eastWest: { addresses: ["gw.example"] } }, ...others],
    });
    expect(complaints().filter((complaint) => complaint.startsWith("one network"))).toEqual([
      "one network failed: Service istio-eastwestgateway has label topology.istio.io/network: istiods take its load balancer's address, not `eastWest.addresses`.",
    ]);
    value(sample.of("one").gateway).network = undefined;
    expect(complaints()).toEqual([]);
  });

  test("of a remote whose proxies are injected with another", () => {
    const [hook] = value(sample.of("three").webhooks);
    hook!.target = { service: "istiod", namespace: "istio-system", path: "/inject/cluster/three/net/n9" };
    expect(complaints()).toEqual([
      expect.stringContaining("three network failed: The injection webhook's path says n9"),
    ]);
  });
});

describe("what to type", () => {
  const remedies = () =>
    findings(judgeMesh(sample.mesh, sample.facts, now), ["failed"]).map(({ issue }) => issue.remedy);

  test("where something is missing: an up", () => {
    sample.of("two").networkLabel = known(undefined);
    sample.of("two").cacerts = known(undefined);
    value(sample.of("two").peerKeys).pop();
    delete value(sample.of("two").istioGateways)["cross-network-gateway"];
    expect(new Set(remedies())).toEqual(
      new Set(["`pulumi up --refresh` sets it right.", "`pulumi up --refresh` writes the keys."]),
    );
  });

  test("where somebody has set a field: an up that takes it back", () => {
    sample.of("two").networkLabel = known("elsewhere");
    value(sample.of("two").cacerts).keyFits = false;
    value(sample.of("two").istioGateways)["cross-network-gateway"]!.selector = { istio: "other" };
    sample.facts.credentials.set("hash-one", { usable: false, reason: "it is no kubeconfig" });
    expect(new Set(remedies())).toEqual(
      new Set(["`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh` sets it right."]),
    );
  });
});

describe("keys", () => {
  test("a member without one", () => {
    value(sample.of("one").peerKeys).pop();
    expect(complaints()).toEqual(["one keys failed: No key for two: istiod sees none of its services."]);
    expect(detailOf("one", "keys")).toBe("1/2");
  });

  test("an orphan", () => {
    value(sample.of("one").peerKeys).push({ cluster: "gone", secret: "istio-remote-gone", credentials: "?" });
    expect(detailOf("one", "keys")).toBe("2/2");
    expect(complaints()).toEqual([
      expect.stringContaining(
        "one keys failed: An orphan: key gone in Secret istio-remote-gone leads to no member",
      ),
    ]);
  });

  test("an orphan in Weft's own Secret, which an up does not see unless it was Weft's", () => {
    value(sample.of("one").peerKeys).push({ cluster: "gone", secret: "weft-peers", credentials: "?" });
    expect(findings(judgeMesh(sample.mesh, sample.facts, now), ["failed"])[0]?.issue.remedy).toBe(
      '`pulumi up` takes it out, if stack config has changed; if not, `kubectl --context one -n istio-system patch secret weft-peers --type merge -p \'{"data":{"gone":null}}\'`.',
    );
  });

  test("one of a member that is not to be read", async () => {
    const clusters = input.clusters.map((entry) =>
      entry.name === "two" ? { ...entry, reads: ["one"] } : entry,
    );
    sample = await healthy({ ...input, clusters });
    expect(complaints()).toEqual([]);
    expect(detailOf("two", "keys")).toBe("1/1");
    value(sample.of("two").peerKeys).push({
      cluster: "three",
      secret: "weft-peers",
      credentials: "hash-three",
    });
    expect(complaints()).toEqual([
      "two keys failed: Key three in Secret weft-peers leads to a member that this one is not to read, and istiod reads it all the same.",
    ]);
  });

  test("one in two Secrets", () => {
    value(sample.of("one").peerKeys).push({
      cluster: "two",
      secret: "istio-remote-two",
      credentials: "hash-two",
    });
    expect(complaints()).toEqual([
      expect.stringContaining("Key two is in more than one Secret (weft-peers, istio-remote-two)"),
    ]);
  });
});

describe("access", () => {
  const found = (facts: CredentialFacts) => {
    sample.facts.credentials.set("hash-two", facts);
    return complaints();
  };
  const server = "https://two:6443";
  const good = { authenticated: true, lacking: [], excess: [] };

  test("a token that is not accepted", () => {
    expect(found({ usable: true, server, rights: known({ ...good, authenticated: false }) })).toEqual([
      "one access failed: two does not accept the token in its key (401): istiod does not see it change any more.",
    ]);
  });

  test("a token that ends is good while a third of its life is left, and told from then on", () => {
    const [two] = sample.mesh.members.filter(({ name }) => name === "two");
    const ending = (left: number, authenticated = true) =>
      found({
        usable: true,
        server,
        tokenEnds: new Date(now.getTime() + left * 60_000),
        rights: known({ ...good, authenticated }),
      });
    expect(ending(5)).toEqual([]);
    two!.remoteAccess.tokenLifetimeHours = 3;
    expect(ending(60)).toEqual([]);
    expect(ending(59)).toEqual([
      "one access failed: The token in the key for two ends in 59 min, and no `pulumi up` has renewed it, though one is to run every 60 min.",
    ]);
    expect(ending(-180, false)).toEqual([
      "one access failed: The token in the key for two ended 3 h ago: istiod does not see two change any more.",
    ]);
  });

  test("a reader that may not read", () => {
    expect(found({ usable: true, server, rights: known({ ...good, lacking: ["list secrets"] }) })).toEqual([
      "one access failed: The key for two may not list secrets: istiod does not finish syncing it.",
    ]);
  });

  test("a reader that may write", () => {
    expect(found({ usable: true, server, rights: known({ ...good, excess: ["delete secrets"] }) })).toEqual([
      "one access failed: The key for two may delete secrets, which istiod never does: whoever reads the key may do it too.",
    ]);
  });

  test("a reader that may do anything at all is told in a line", () => {
    const excess = [
      "bind roles",
      "create pods",
      "delete pods",
      "delete secrets",
      "patch pods",
      "update pods",
    ];
    expect(found({ usable: true, server, rights: known({ ...good, excess }) })).toEqual([
      expect.stringContaining("may bind roles, create pods, delete pods, delete secrets, 2 more, which"),
    ]);
  });

  test("a key that is no kubeconfig", () => {
    expect(found({ usable: false, reason: "it uses `exec`" })).toEqual([
      "one access failed: The key for two is of no use to istiod: it uses `exec`.",
    ]);
  });

  test("an address that only the peers reach is no reason to doubt", () => {
    expect(found({ usable: true, server, rights: unknown("no route") })).toEqual([
      "one access unseen: Not known: whether the key for two is good: no route.",
    ]);
    expect(judgeMesh(sample.mesh, sample.facts, now).verdict).toBe("ok");
  });
});

describe("istiod's own view", () => {
  const unreached = { known: false, reason: "its API server was not read" } as const;

  /** The replicas of one's istiod say this of two, and that three is as it should be; undefined: nothing of two. */
  function said(...views: (PeerView | undefined)[]): string[] {
    sample.of("one").istiodViews = known(
      views.map((view, index) => ({
        pod: `istiod-${index}`,
        deployment: "istiod",
        peers: known(new Map([["three", synced()], ...(view ? ([["two", view]] as const) : [])])),
      })),
    );
    return complaints();
  }

  test.each([
    ["timeout", "istiod does not get through to two (timeout)"],
    ["closed", "istiod does not get through to two (closed)"],
    ["syncing", "istiod is still reading two for the first time."],
  ])("a peer that is %s, whatever is held of it", (state, message) => {
    expect(said({ ...synced("a.b"), state })).toEqual([
      expect.stringContaining(`one peers failed: ${message}`),
    ]);
    expect(detailOf("one", "peers")).toBe("1/2 held");
  });

  test("a peer that it does not read", () => {
    expect(said(undefined)).toEqual(["one peers failed: istiod does not read two."]);
  });

  test("a peer that is synced, and of which it holds nothing: restart it", () => {
    expect(said(synced("a.x", "b.x", "c.x"))).toEqual([
      "one peers failed: istiod says that two is synced, and holds no endpoints of a.x, b.x, c.x (3 of 3 Services): requests for them do not get to two.",
    ]);
    expect(detailOf("one", "peers")).toBe("1/2 held");
    expect(remedies()).toEqual([
      "`kubectl --context one -n istio-system rollout restart deployment/istiod` makes it read them anew.",
    ]);
    expect(unread()).toEqual([["two"]]);
  });

  test("of a version that is known for it: restart it, and upgrade", () => {
    value(sample.of("one").istiods)[0]!.version = "1.30.3";
    said(synced("a.x", "b.x", "c.x"));
    expect(remedies()).toContain(
      "`kubectl --context one -n istio-system rollout restart deployment/istiod` makes it read them anew. And set `istio.version` to 1.30.4 or later: when a peer's token or address changes, istiod 1.30.3 loses the peer's endpoints for good, without an error, until it is restarted (https://github.com/istio/istio/issues/61043).",
    );
  });

  test("one of its replicas lacks one Service: the rest of the peer is read", () => {
    expect(said(synced(), synced("a.x"))).toEqual([
      "one peers failed: istiod (istiod-1) says that two is synced, and holds no endpoints of a.x (1 of 3 Services): requests for them do not get to two.",
    ]);
    expect(unread()).toEqual([undefined]);
  });

  test("what a peer has is not known: nor is whether it is held, and that is no reason to doubt", () => {
    expect(said({ state: "synced", services: unreached })).toEqual([
      "one peers unseen: Not known: whether istiod holds the endpoints of two: its API server was not read.",
    ]);
    expect(judgeMesh(sample.mesh, sample.facts, now).verdict).toBe("ok");
  });

  test.each([
    [unknown("no pod")],
    [known(["a", "b"].map((pod) => ({ pod, deployment: "istiod", peers: unknown("no pod") })))],
  ])("of pods that cannot answer is not known, not green, and no reason to doubt", (views) => {
    sample.of("one").istiodViews = views;
    expect(complaints()).toEqual(["one peers unseen: Not known: no pod."]);
    const { verdict, members } = judgeMesh(sample.mesh, sample.facts, now);
    expect(verdict).toBe("ok");
    expect(members[0]!.checks.find(({ check }) => check === "peers")!.verdict).toBe("unknown");
  });

  test("a replica that does not answer hides nothing of what another one says", () => {
    said(synced("a.x"));
    value(sample.of("one").istiodViews).push({
      pod: "istiod-9",
      deployment: "istiod",
      peers: unknown("no answer"),
    });
    expect(complaints()).toEqual([
      expect.stringContaining("one peers failed: istiod says that two is synced"),
      "one peers unseen: Not known: no answer.",
    ]);
  });

  const peerIssues = () =>
    judgeMesh(sample.mesh, sample.facts, now)
      .members[0]!.checks.filter(({ check }) => check === "peers")
      .flatMap(({ issues }) => issues);
  const remedies = () => peerIssues().map(({ remedy }) => remedy);
  const unread = () => peerIssues().map((issue) => issue.unread);
});

describe("the gateway", () => {
  test("that is not there", () => {
    sample.of("two").gateway = known(undefined);
    expect(complaints()).toEqual([
      "two gateway failed: There is no Service istio-eastwestgateway: other networks do not reach this member.",
    ]);
  });

  test("without an address", () => {
    value(sample.of("two").gateway).addresses = [];
    expect(complaints()).toEqual([
      expect.stringContaining(
        "two gateway failed: Service istio-eastwestgateway (LoadBalancer) has no address",
      ),
    ]);
  });

  test("without its port", () => {
    value(sample.of("two").gateway).ports = [443];
    expect(complaints()).toEqual([
      "two gateway failed: Service istio-eastwestgateway does not open port 15443.",
    ]);
  });

  test("that shows a certificate of another mesh", () => {
    sample.of("two").handshake = known({ outcome: "untrusted", code: "SELF_SIGNED_CERT_IN_CHAIN" });
    expect(complaints()).toEqual([
      expect.stringContaining("two handshake failed: What answers behind the gateway shows a certificate"),
    ]);
  });

  test("that closes the connection, where no workload is known to be there", () => {
    sample.of("two").handshake = known({ outcome: "closed", code: "ECONNRESET" });
    expect(complaints()).toEqual([expect.stringContaining("two handshake unseen: ")]);
  });

  test("that closes the connection, where the sample is there", async () => {
    sample = await healthy({ ...input, mesh: { ...input.mesh, sample: {} } });
    sample.of("two").handshake = known({ outcome: "closed", code: "ECONNRESET" });
    expect(complaints()).toEqual([
      expect.stringContaining(
        "two handshake failed: The gateway accepts a connection and closes it (ECONNRESET)",
      ),
    ]);
  });

  test("that is not reached from here", () => {
    sample.of("two").handshake = unknown("no route");
    expect(complaints()).toEqual(["two handshake unseen: Not known: no route."]);
  });
});

describe("Istio's Gateways", () => {
  test("one that is missing", () => {
    sample.of("one").istioGateways = known({});
    expect(complaints()).toEqual([
      "one exposure failed: There is no Gateway cross-network-gateway: other networks do not reach its services.",
      "one exposure failed: There is no Gateway istiod-gateway: its remotes do not reach istiod.",
    ]);
  });

  test("one that exposes more than it should", () => {
    const server = value(sample.of("one").istioGateways)["cross-network-gateway"]!.servers[0]!;
    Object.assign(server, { port: 443, mode: "PASSTHROUGH", hosts: ["*"] });
    expect(complaints()).toEqual([
      "one exposure failed: Gateway cross-network-gateway has been changed: its ports are 443 instead of 15443; the TLS mode of 443 is PASSTHROUGH instead of AUTO_PASSTHROUGH; the hosts of 443 are * instead of *.local.",
    ]);
  });

  test("one that asks more of its pods than to be the gateway's", () => {
    value(sample.of("one").istioGateways)["cross-network-gateway"]!.selector["app"] = "other";
    expect(complaints()).toEqual([
      "one exposure failed: Gateway cross-network-gateway is for pods that also have the label app: the east-west gateway's are not given what it says.",
    ]);
    // An up would leave it: the provider did not write it.
    expect(findings(judgeMesh(sample.mesh, sample.facts, now), ["failed"])[0]?.issue.remedy).toBe(
      '`kubectl --context one -n istio-system patch gateways.networking.istio.io cross-network-gateway --type merge -p \'{"spec":{"selector":{"app":null}}}\'`',
    );
  });

  test("one that speaks another protocol", () => {
    value(sample.of("one").istioGateways)["cross-network-gateway"]!.servers[0]!.protocol = "HTTP";
    expect(complaints()).toEqual([
      "one exposure failed: Gateway cross-network-gateway has been changed: the protocol of 15443 is HTTP instead of TLS.",
    ]);
  });

  test("istiod's, where there is no remote to reach it", () => {
    const gateways = value(sample.of("two").istioGateways);
    gateways["istiod-gateway"] = value(sample.of("one").istioGateways)["istiod-gateway"]!;
    expect(complaints()).toEqual([
      "two exposure failed: Gateway istiod-gateway exposes what nobody of this mesh needs.",
    ]);
  });
});

describe("the way to istiod behind its Gateway", () => {
  test("that is missing", () => {
    sample.of("one").istiodRoute = known(undefined);
    expect(complaints()).toEqual([
      "one exposure failed: There is no VirtualService istiod-vs: what remotes send to the gateway ends there.",
    ]);
  });

  test("that leads elsewhere", () => {
    sample.of("one").istiodRoute = known({ gateways: ["other"], destinations: { 15012: "other:15012" } });
    expect(complaints()).toEqual([
      "one exposure failed: VirtualService istiod-vs has been changed: it is not for Gateway istiod-gateway; " +
        "15012 leads to other:15012 instead of istiod.istio-system.svc.cluster.local:15012; " +
        "15017 leads to nobody instead of istiod.istio-system.svc.cluster.local:443.",
    ]);
  });

  test("is no matter where no remote needs it", () => {
    sample.of("two").istiodRoute = unknown("not read");
    expect(complaints()).toEqual([]);
  });
});

describe("webhooks", () => {
  test("that lead to nobody", () => {
    sample.of("two").endpoints = known({});
    expect(complaints()).toEqual([
      expect.stringContaining(
        "two webhooks failed: istio-sidecar-injector, istio-validator lead to Service istiod.istio-system, behind which nobody is ready",
      ),
    ]);
  });

  test("one that leads elsewhere than the others", () => {
    value(sample.of("two").webhooks)[1]!.target = { service: "nobody", namespace: "istio-system", path: "/" };
    expect(findings(judgeMesh(sample.mesh, sample.facts, now), ["failed"])).toMatchObject([
      {
        members: ["two"],
        check: "webhooks",
        issue: {
          message: expect.stringMatching(/^istio-validator leads to Service nobody.istio-system/) as string,
          remedy:
            "It is not a Service of istiod: `helm --kube-context two -n istio-system get manifest istiod | kubectl --context two apply -f -` sets it right.",
        },
      },
    ]);
  });

  test("that are not there", () => {
    sample.of("two").webhooks = known([]);
    expect(complaints()).toEqual([
      expect.stringContaining("two webhooks failed: There is no injection webhook"),
      expect.stringContaining("two webhooks failed: There is no validation webhook"),
    ]);
  });

  test("of a remote that are not there: one cause, one failure", () => {
    sample.of("three").webhooks = known([]);
    expect(complaints()).toEqual([
      expect.stringContaining("three webhooks failed: There is no injection webhook"),
    ]);
  });

  test("without a CA, next to an istiod that runs and one that may not", () => {
    for (const hook of value(sample.of("two").webhooks)) hook.hasCaBundle = false;
    expect(complaints()).toEqual([
      "two webhooks failed: istio-sidecar-injector, istio-validator have no caBundle: the API server does not trust istiod.",
    ]);
    sample.of("two").istiodViews = unknown("no answer");
    expect(complaints()).toContainEqual(expect.stringContaining("two webhooks unseen: "));
  });

  test("of a remote that lead past its primary", () => {
    sample.of("three").endpoints = known({ istiod: ["192.0.2.99"] });
    expect(complaints()).toEqual([
      "three webhooks failed: istio-sidecar-injector leads to 192.0.2.99, and the istiod of one is at 192.0.2.0: pods of this member cannot be injected.",
    ]);
  });
});
