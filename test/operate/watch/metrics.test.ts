import { crlOf } from "../../../components/root-ca/crl";
import { joinPem } from "../../../mesh/pem";
import { known, unknown, type MemberFacts } from "../../../operate/facts/facts";
import { judgeMesh } from "../../../operate/report";
import { exposition, type Look } from "../../../operate/watch/metrics";
import type { Authority } from "../../mesh/authorities";
import { healthy, now, synced, type Sample } from "../healthy";

let sample: Sample;
beforeEach(async () => {
  sample = await healthy();
});

function look(parts: Partial<Look> = {}): Look {
  const { mesh, facts } = sample;
  const ended = new Date(now.getTime() + 1500);
  return { mesh, isCurrent: true, facts, report: judgeMesh(mesh, facts, now), began: now, ended, ...parts };
}

/** The samples of a metric: `{reader="one",peer="two"} 1`. */
async function samples(name: string, parts?: Partial<Look>): Promise<string[]> {
  const lines = (await exposition(look(parts))).split("\n");
  return lines.filter((line) => line.startsWith(`${name}{`)).map((line) => line.slice(name.length));
}

const unread = unknown("its API server was not read");

function unreachable(): MemberFacts {
  return {
    ...(Object.fromEntries(
      Object.keys(sample.of("two")).map((key) => [key, unread]),
    ) as unknown as MemberFacts),
    kubectl: "kubectl",
    api: { reachable: false, message: "No." },
  };
}

test("all that Prometheus is told, word for word", async () => {
  sample = await healthy({
    clusters: [
      { name: "one", context: "one", network: "n1" },
      { name: "two", context: "two", network: "n2" },
    ],
  });
  sample.facts.credentials.set("hash-two", {
    usable: true,
    server: "https://two:6443",
    tokenEnds: new Date("2026-06-02T00:00:00Z"),
    rights: unread,
  });
  sample.facts.members.set("two", unreachable());
  const report: Look["report"] = {
    mesh: "mesh1",
    verdict: "failed",
    members: [
      {
        name: "one",
        role: "primary",
        network: "n1",
        verdict: "ok",
        checks: [{ check: "peers", verdict: "unknown", issues: [] }],
      },
      {
        name: "two",
        role: "primary",
        network: "n2",
        verdict: "failed",
        checks: [{ check: "api", verdict: "failed", issues: [{ kind: "failed", message: "No." }] }],
      },
    ],
  };
  expect(await exposition(look({ report, isCurrent: false }))).toBe(
    `# HELP weft_member_info A member of the mesh, as stack config has it.
# TYPE weft_member_info gauge
weft_member_info{mesh="mesh1",member="one",role="primary",network="n1"} 1
weft_member_info{mesh="mesh1",member="two",role="primary",network="n2"} 1

# HELP weft_member_reachable Whether the member's API server answers.
# TYPE weft_member_reachable gauge
weft_member_reachable{member="one"} 1
weft_member_reachable{member="two"} 0

# HELP weft_member_verdict Whether the member is healthy: 1 at the verdict that holds.
# TYPE weft_member_verdict gauge
weft_member_verdict{member="one",verdict="ok"} 1
weft_member_verdict{member="one",verdict="failed"} 0
weft_member_verdict{member="one",verdict="unknown"} 0
weft_member_verdict{member="two",verdict="ok"} 0
weft_member_verdict{member="two",verdict="failed"} 1
weft_member_verdict{member="two",verdict="unknown"} 0

# HELP weft_check_verdict What a check says of the member: 1 at the verdict that holds.
# TYPE weft_check_verdict gauge
weft_check_verdict{member="one",check="peers",verdict="ok"} 0
weft_check_verdict{member="one",check="peers",verdict="failed"} 0
weft_check_verdict{member="one",check="peers",verdict="unknown"} 1
weft_check_verdict{member="two",check="api",verdict="ok"} 0
weft_check_verdict{member="two",check="api",verdict="failed"} 1
weft_check_verdict{member="two",check="api",verdict="unknown"} 0

# HELP weft_certificate_expiry_timestamp_seconds When the member's intermediate ends, and the root that signed it, in seconds since 1970.
# TYPE weft_certificate_expiry_timestamp_seconds gauge
weft_certificate_expiry_timestamp_seconds{member="one",certificate="intermediate"} ${Date.UTC(2026, 11, 1) / 1000}
weft_certificate_expiry_timestamp_seconds{member="one",certificate="root"} ${Date.UTC(2027, 0, 1) / 1000}

# HELP weft_crl_expiry_timestamp_seconds When the first of the CRLs ends that the member's istiod is given, in seconds since 1970.
# TYPE weft_crl_expiry_timestamp_seconds gauge

# HELP weft_reader_token_expiry_timestamp_seconds When the token ends with which the reader's istiod reads the peer, in seconds since 1970.
# TYPE weft_reader_token_expiry_timestamp_seconds gauge
weft_reader_token_expiry_timestamp_seconds{reader="one",peer="two"} ${Date.UTC(2026, 5, 2) / 1000}

# HELP weft_reader_token_renewal_interval_seconds How often \`pulumi up\` has to run, where the tokens with which the reader's istiod reads the peer are to end.
# TYPE weft_reader_token_renewal_interval_seconds gauge

# HELP weft_peer_synced Whether every replica of the reader's istiod says that it has synced the peer.
# TYPE weft_peer_synced gauge
weft_peer_synced{reader="one",peer="two"} 1

# HELP weft_peer_services The peer's Services with ready endpoints, as far as the reader's istiod takes them up.
# TYPE weft_peer_services gauge
weft_peer_services{reader="one",peer="two"} 3

# HELP weft_peer_services_held Of how many of them the reader's istiod holds an endpoint, in the replica that holds least.
# TYPE weft_peer_services_held gauge
weft_peer_services_held{reader="one",peer="two"} 3

# HELP weft_peer_endpoints The ready endpoints behind the peer's Services, as far as the reader's istiod takes them up.
# TYPE weft_peer_endpoints gauge
weft_peer_endpoints{reader="one",peer="two"} 6

# HELP weft_peer_endpoints_held How many of them the reader's istiod holds, in the replica that holds least.
# TYPE weft_peer_endpoints_held gauge
weft_peer_endpoints_held{reader="one",peer="two"} 6

# HELP weft_config_last_reload_successful Whether the last look found the members: stack config, and the management cluster where there is one.
# TYPE weft_config_last_reload_successful gauge
weft_config_last_reload_successful 0

# HELP weft_last_look_timestamp_seconds When the last complete look ended, in seconds since 1970.
# TYPE weft_last_look_timestamp_seconds gauge
weft_last_look_timestamp_seconds ${Date.UTC(2026, 5, 1) / 1000 + 1.5}

# HELP weft_last_look_duration_seconds How long the last complete look took.
# TYPE weft_last_look_duration_seconds gauge
weft_last_look_duration_seconds 1.5
`,
  );
});

test("each check of each member has one verdict, and it is that of status", async () => {
  sample.of("two").gateway = known(undefined);
  sample.of("one").handshake = unknown("not reached");
  const { report } = look();
  const expected = report.members.flatMap(({ name, checks }) =>
    checks.map(({ check, verdict }) => `{member="${name}",check="${check}",verdict="${verdict}"} 1`),
  );
  const found = await samples("weft_check_verdict");
  expect(found.filter((line) => line.endsWith(" 1"))).toEqual(expected);
  expect(found).toHaveLength(3 * expected.length);
  expect(expected).toEqual(
    expect.arrayContaining([
      '{member="two",check="gateway",verdict="failed"} 1',
      '{member="one",check="handshake",verdict="unknown"} 1',
    ]),
  );
});

describe("a reader's view", () => {
  const replicas = (...views: ReturnType<typeof synced>[]) => {
    sample.of("one").istiodViews = known(
      views.map((view, index) => ({
        pod: `istiod-${index}`,
        deployment: "istiod",
        peers: known(new Map([["two", view]])),
      })),
    );
  };
  const ofTwo = async (name: string) =>
    (await samples(name))
      .filter((line) => line.startsWith('{reader="one",peer="two"}'))
      .map((line) => line.split(" ")[1]);

  test("of several replicas is that of the one that holds least", async () => {
    replicas(synced(), synced("a.x", "b.x"), synced("a.x"));
    expect(await ofTwo("weft_peer_synced")).toEqual(["1"]);
    expect(await ofTwo("weft_peer_services")).toEqual(["3"]);
    expect(await ofTwo("weft_peer_services_held")).toEqual(["1"]);
    expect(await ofTwo("weft_peer_endpoints")).toEqual(["6"]);
    expect(await ofTwo("weft_peer_endpoints_held")).toEqual(["2"]);
  });

  test("is not synced where one replica is not", async () => {
    replicas(synced(), { ...synced(), state: "timeout" });
    expect(await ofTwo("weft_peer_synced")).toEqual(["0"]);
  });

  test("of a peer that it does not read: not synced, and nothing is held against it", async () => {
    replicas(synced());
    expect(await samples("weft_peer_synced")).toContain('{reader="one",peer="three"} 0');
    expect((await samples("weft_peer_services_held")).join()).not.toContain('{reader="one",peer="three"}');
  });

  test("has no numbers where it is not known what the peer has", async () => {
    replicas({ state: "synced", services: unread });
    expect(await ofTwo("weft_peer_synced")).toEqual(["1"]);
    expect(await ofTwo("weft_peer_services")).toEqual([]);
    expect(await ofTwo("weft_peer_endpoints_held")).toEqual([]);
  });

  test("is absent where no replica answers, and so is a remote's, which has no istiod", async () => {
    sample.of("one").istiodViews = known([
      { pod: "istiod-1", deployment: "istiod", peers: unknown("no answer") },
    ]);
    expect(await samples("weft_peer_synced")).toEqual([
      '{reader="two",peer="one"} 1',
      '{reader="two",peer="three"} 1',
    ]);
  });
});

test("of a member that does not answer nothing is said but that, and of the others all", async () => {
  const names = [
    "weft_member_reachable",
    "weft_certificate_expiry_timestamp_seconds",
    "weft_peer_synced",
    "weft_peer_services_held",
  ];
  const before = await Promise.all(names.map((name) => samples(name)));
  sample.facts.members.set("two", unreachable());
  const after = await Promise.all(names.map((name) => samples(name)));
  expect(after[0]).toEqual(['{member="one"} 1', '{member="three"} 1', '{member="two"} 0']);
  const own = /member="two"|reader="two"/;
  expect(after.slice(1)).toEqual(before.slice(1).map((lines) => lines.filter((line) => !own.test(line))));
});

test("a token without end has no end, and of two keys for one peer the first to end counts", async () => {
  const good = { usable: true as const, server: "https://two:6443", rights: unread };
  expect(await samples("weft_reader_token_expiry_timestamp_seconds")).toEqual([]);
  sample.facts.credentials.set("hash-two", { ...good, tokenEnds: new Date(2000_000) });
  sample.facts.credentials.set("hash-twin", { ...good, tokenEnds: new Date(1000_000) });
  expect(await samples("weft_reader_token_expiry_timestamp_seconds")).toEqual([
    '{reader="one",peer="two"} 2000',
  ]);
  const { peerKeys } = sample.of("one");
  if (peerKeys.known) peerKeys.value.push({ cluster: "two", secret: "by-hand", credentials: "hash-twin" });
  expect(await samples("weft_reader_token_expiry_timestamp_seconds")).toEqual([
    '{reader="one",peer="two"} 1000',
  ]);
});

test("how often a token is to be renewed is told of those that are to end", async () => {
  const name = "weft_reader_token_renewal_interval_seconds";
  expect(await samples(name)).toEqual([]);
  sample.mesh.members.find((member) => member.name === "two")!.remoteAccess.tokenLifetimeHours = 24;
  expect(await samples(name)).toEqual(['{reader="one",peer="two"} 28800']);
});

test("a certificate that cannot be read, and one that no root has signed, have no end", async () => {
  const { cacerts } = sample.of("one");
  if (!cacerts.known || cacerts.value === undefined) throw new Error("no cacerts");
  cacerts.value.bundle = "";
  cacerts.value.certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const found = await samples("weft_certificate_expiry_timestamp_seconds");
  expect(found).toHaveLength(4);
  expect(found.join()).not.toContain('member="one"');
});

test("of a member's CRLs the first to end counts, and where they cannot be read none does", async () => {
  const sign = (ca: Authority, lifetimeDays: number) =>
    crlOf({ ...ca, serials: [], before: "", lifetimeDays, now });
  const text = joinPem([await sign(sample.root, 90), await sign(sample.intermediates.get("one")!, 30)]);
  const crls = { one: text, two: "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----" };
  for (const [name, pem] of Object.entries(crls)) {
    const { cacerts } = sample.of(name);
    if (!cacerts.known || cacerts.value === undefined) throw new Error("no cacerts");
    cacerts.value.crls = pem;
  }
  expect(await samples("weft_crl_expiry_timestamp_seconds")).toEqual([
    `{member="one"} ${Date.UTC(2026, 6, 1) / 1000}`,
  ]);
});
