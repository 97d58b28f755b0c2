import { X509Certificate } from "node:crypto";
import { crlOf, type CrlArgs } from "../../components/root-ca/crl";
import { serialNumber } from "../../mesh/crl";
import { lastUp } from "../../mesh/last-up";
import type { LiveMember } from "../../mesh/live-member";
import { parseMesh } from "../../mesh/parse";
import { revocationOf } from "../../mesh/revocation";
import { checkTransition } from "../../mesh/transitions";
import { KeyUsageFlags } from "@peculiar/x509";
import { authority, now, type Authority } from "./authorities";
import { cluster, problemsOf } from "./problems-of";

const mesh = (trust: object, ...clusters: object[]) => parseMesh({ mesh: { trust }, clusters }, now);
const generations = (trust: object, ...clusters: object[]) =>
  Object.fromEntries(
    mesh(trust, ...clusters).members.map(({ name, trust: own, remoteAccess }) => [
      name,
      [own.intermediateGeneration, remoteAccess.generation],
    ]),
  );

const serialOf = ({ certificate }: Authority) => serialNumber(new X509Certificate(certificate).serialNumber);
const crl = ({ certificate, key }: Authority, more: Partial<CrlArgs> = {}) =>
  crlOf({ certificate, key, serials: [], before: "", lifetimeDays: 100, now, ...more });

const issued = (serial: string, more: object = {}) => ({
  serial,
  generation: 1,
  root: "default",
  ends: "2026-12-01T00:00:00.000Z",
  ...more,
});

describe("generations", () => {
  const clusters = [cluster("a"), cluster("b"), cluster("r", { role: "remote", primary: "a" })];

  it("are the mesh's, or the member's own", () => {
    const own = cluster("b", { trust: { intermediateGeneration: 5 } });
    expect(generations({ intermediateGeneration: 3 }, cluster("a"), own)).toEqual({ a: [3, 1], b: [5, 1] });
  });

  it("of a revoked primary: a new intermediate for it, and new tokens for all, which it held or by which it is read", () => {
    expect(generations({ revoked: [{ member: "a" }] }, ...clusters)).toEqual({
      a: [2, 2],
      b: [1, 2],
      r: [1, 2],
    });
  });

  it("of a revoked remote, which holds no tokens: new ones for it alone", () => {
    expect(generations({ revoked: [{ member: "r" }] }, ...clusters)).toEqual({
      a: [1, 1],
      b: [1, 1],
      r: [2, 2],
    });
  });

  it("of one that has left: new tokens for all", () => {
    expect(generations({ revoked: [{ member: "gone" }] }, ...clusters)).toEqual({
      a: [1, 2],
      b: [1, 2],
      r: [1, 2],
    });
  });

  it("rise again where a revoked member loses another key, and by a number alone do not", () => {
    const lost = cluster("a", { trust: { intermediateGeneration: 2 } });
    expect(generations({ revoked: [{ member: "a" }] }, lost, cluster("b"))).toEqual({ a: [3, 3], b: [1, 3] });
    expect(generations({ revoked: [{ serial: "0A" }] }, cluster("a"))).toEqual({ a: [1, 1] });
  });
});

describe("who is revoked", () => {
  const last = lastUp({
    mesh: {
      issued: {
        a: [
          issued("0A"),
          issued("0B"),
          issued("0C", { generation: 2 }),
          issued("0D", { ends: "2026-05-01T00:00:00Z" }),
        ],
        gone: [issued("F0", { root: "other" })],
      },
    },
  });
  const revoked = (trust: object, live: LiveMember[] = []) =>
    revocationOf(mesh(trust, cluster("a"), cluster("b")), last, live, now);

  it("is every intermediate of a member up to its generation that has not ended", () => {
    expect(revoked({ revoked: [{ member: "a" }] }).revoked.map(({ serial }) => serial)).toEqual(["0A", "0B"]);
    const second = revoked({ revoked: [{ member: "a" }], intermediateGeneration: 2 });
    expect(second.revoked.map(({ serial }) => serial)).toEqual(["0A", "0B", "0C"]);
  });

  it("is every one of a member that has left, under its root, and a number under the root that it is known of", () => {
    expect(revoked({ revoked: [{ member: "gone" }] }).revoked).toEqual([issued("F0", { root: "other" })]);
    expect(revoked({ revoked: [{ serial: "00:f0" }, { serial: "99" }] }).revoked).toEqual([
      { serial: "F0", root: "other" },
      { serial: "99", root: undefined },
    ]);
  });

  it("is nobody without the key, and with an empty list nobody yet", () => {
    expect(revoked({})).toMatchObject({ publishes: false, revoked: [] });
    expect(revoked({ revoked: [] })).toMatchObject({ publishes: true, revoked: [] });
  });

  it("is what the member has, where no up has written it down, and not what it got since", async () => {
    const [first, second] = [await authority("first"), await authority("second")];
    const has = (own: Authority, intermediateGeneration?: number): LiveMember[] => [
      {
        name: "b",
        tokenGenerations: [],
        signingRoot: "default",
        intermediate: own.certificate,
        intermediateGeneration,
      },
    ];
    const found = (live: LiveMember[]) =>
      revoked({ revoked: [{ member: "b" }] }, live).revoked.map(({ serial }) => serial);
    expect(found(has(first))).toEqual([serialOf(first)]);
    expect(found(has(second, 2))).toEqual([]);
  });
});

describe("refused in stack config", () => {
  let root: Authority, between: Authority, intermediate: Authority;
  beforeAll(async () => {
    root = await authority("Root");
    between = await authority("Between", { issuer: root });
    intermediate = await authority("Intermediate", { issuer: between });
  });

  const keyless = (more: object = {}) => ({ source: "provided", certificate: root.certificate, ...more });
  const given = () => ({
    trust: {
      intermediate: {
        certificate: intermediate.certificate,
        key: intermediate.key,
        chain: between.certificate,
      },
    },
  });
  const inTrust = (trust: object, ...clusters: object[]) =>
    problemsOf({ mesh: { trust }, clusters: clusters.length > 0 ? clusters : [cluster("a")] });

  it("is what names neither a member nor a number", () => {
    expect(inTrust({ revoked: ["a"] })).toMatchObject([
      { path: "weft:mesh.trust.revoked[0]", message: "Expected a map with `member` or `serial`." },
    ]);
    expect(inTrust({ revoked: [{ serial: "xyz" }] })).toMatchObject([
      {
        path: "weft:mesh.trust.revoked[0].serial",
        message: "Expected a serial number in hexadecimal, as `openssl x509 -serial` prints it.",
      },
    ]);
    expect(inTrust({ revoked: [{ serial: "3a:0f" }] })).toEqual([]);
  });

  it("is a member whose intermediate is given, or the number by which it signs", async () => {
    const lists = (await Promise.all([crl(root), crl(between)])).join("\n");
    const trust = (revoked: object) => ({ root: keyless({ crl: lists }), revoked: [revoked] });
    expect(inTrust(trust({ member: "a" }), cluster("a", given()))).toEqual([
      {
        path: "weft:mesh.trust.revoked[0].member",
        value: "a",
        message: "Its intermediate is given, and Weft cannot make another in its place.",
        remedy:
          "Give a another in trust.intermediate, and name the old one here by its number: {serial: …}, as `openssl x509 -noout -serial` prints it.",
      },
    ]);
    const remote = cluster("r", { role: "remote", primary: "a" });
    expect(inTrust(trust({ member: "r" }), cluster("a", given()), remote)).toMatchObject([
      { value: "r", remedy: expect.stringMatching(/^Give a another/) as string },
    ]);
    expect(inTrust(trust({ serial: serialOf(intermediate) }), cluster("a", given()))).toMatchObject([
      {
        path: "weft:mesh.trust.revoked[0].serial",
        value: serialOf(intermediate),
        message: "a signs its workloads by this intermediate: nobody would accept them.",
      },
    ]);
    const generation = { trust: { ...given().trust, intermediateGeneration: 2 } };
    expect(inTrust({ root: keyless() }, cluster("a", generation))).toMatchObject([
      { path: "weft:clusters[0].trust.intermediateGeneration", value: "2" },
    ]);
  });

  it("is a CA without a list, of which Weft has no key", async () => {
    const path = "weft:mesh.trust.root.crl";
    const missing = (own: object) => inTrust({ root: keyless(own), revoked: [] }, cluster("a", given()));
    expect(missing({})).toMatchObject([
      {
        path,
        message: expect.stringContaining("the list of CN=Root, and of CN=Between, whose key") as string,
      },
    ]);
    expect(missing({ crl: await crl(root) })).toMatchObject([
      { path, message: expect.stringContaining("the list of CN=Between, whose key") as string },
    ]);
    expect(missing({ crl: await crl(between), key: root.key })).toEqual([]);
    expect(
      inTrust({ root: { source: "certManager" }, certManager: { cluster: "a" }, revoked: [] }),
    ).toMatchObject([
      { path, message: expect.stringContaining("the list of root default, whose key") as string },
    ]);
    // Weft has, or makes, all keys.
    expect(inTrust({ root: keyless({ key: root.key }), revoked: [] })).toEqual([]);
    expect(inTrust({ revoked: [] })).toEqual([]);
  });

  it("is a list that a proxy would not take", async () => {
    const stranger = await authority("Stranger");
    const problem = (list: string) =>
      inTrust({ root: keyless({ crl: list, key: root.key }), revoked: [] }).map(({ path, message }) => [
        path,
        message,
      ]);
    const path = "weft:mesh.trust.root.crl";
    expect(problem(await crl(stranger))).toEqual([[path, "Not signed by CN=Root."]]);
    expect(problem(await crl(root, { now: new Date("2026-01-01") }))).toEqual([
      [path, "It ended on 2026-04-11. Proxies refuse everybody by it."],
    ]);
    expect(problem(await crl(root, { now: new Date("2026-08-01") }))).toEqual([
      [path, "It is not valid before 2026-07-31."],
    ]);
    expect(problem("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----")).toEqual([
      [path, "Not a CRL: the PEM cannot be read."],
    ]);
    expect(problem(root.certificate)).toEqual([[path, "Expected PEM with X509 CRL blocks."]]);
    expect(problem(await crl(root))).toEqual([]);
  });

  it("is a list that nothing asks for", async () => {
    expect(inTrust({ root: keyless({ crl: await crl(root), key: root.key }) })).toMatchObject([
      { path: "weft:mesh.trust.root.crl", remedy: expect.stringContaining("to `[]`") as string },
    ]);
  });

  it("is a CA that may not sign lists", async () => {
    const bare = await authority("Bare", { keyUsage: KeyUsageFlags.keyCertSign });
    const { certificate, key } = bare;
    expect(inTrust({ root: { source: "provided", certificate, key }, revoked: [] })).toEqual([
      {
        path: "weft:mesh.trust.root.certificate",
        value: "CN=Bare",
        message: "Its key usage leaves out CRL signing, so istiod and proxies accept no CRL of it.",
        remedy: "Have it issued again under the same key, with `cRLSign` beside `keyCertSign`.",
      },
    ]);
    expect(inTrust({ root: { source: "provided", certificate, key } })).toEqual([]);
  });

  it("is an istiod that knows no lists, or is told not to", () => {
    const problems = problemsOf({
      mesh: {
        trust: { revoked: [] },
        istio: { version: "1.26.8", values: { pilot: { env: { PILOT_ENABLE_CA_CRL: "false" } } } },
      },
      clusters: [cluster("a")],
    });
    expect(problems.map(({ path, message }) => [path, message])).toEqual(
      expect.arrayContaining([
        ["weft:mesh.trust.revoked", "istiod 1.26.8 of a knows no CRLs."],
        [
          "weft:mesh.istio.values.pilot.env.PILOT_ENABLE_CA_CRL",
          "With `trust.revoked` istiod has to read CRLs, as it does unless it is told not to.",
        ],
      ]),
    );
  });
});

describe("refused of a mesh that runs", () => {
  let root: Authority;
  beforeAll(async () => {
    root = await authority("Root");
  });
  const step = (last: object, trust: object, live: LiveMember[] = []) =>
    checkTransition({ last: lastUp(last), live, now }, mesh(trust, cluster("a"), cluster("b")));

  it("is a name that nobody has or had", () => {
    const last = { mesh: { issued: { gone: [issued("F0")] } } };
    expect(step(last, { revoked: [{ member: "gone" }, { member: "b" }] })).toEqual([]);
    expect(step(last, { revoked: [{ member: "gome" }] })).toMatchObject([
      {
        path: "weft:mesh.trust.revoked[0].member",
        value: "gome",
        message: "No member has this name, and no intermediate of it that is still valid is known.",
      },
    ]);
  });

  it("is to trust again whom a list has revoked, until it has ended", async () => {
    const last = {
      mesh: {
        issued: { a: [issued("0A"), issued("0B", { generation: 2 })] },
        crls: await crl(root, { serials: ["0A"] }),
      },
    };
    expect(step(last, { revoked: [{ member: "a" }] })).toEqual([]);
    expect(step(last, { revoked: [{ serial: "0A" }] })).toEqual([]);
    for (const trust of [{}, { revoked: [] }, { revoked: [{ member: "b" }] }]) {
      expect(step(last, trust)).toEqual([
        {
          path: "weft:mesh.trust.revoked",
          message:
            "An intermediate of a is revoked that is valid until 2026-12-01: whoever has its key would be trusted again.",
          remedy: "Keep {member: a} until then.",
        },
      ]);
    }
    const ended = { mesh: { ...last.mesh, issued: { a: [issued("0A", { ends: "2026-05-31T00:00:00Z" })] } } };
    expect(step(ended, {})).toEqual([]);
    const second = { mesh: { ...last.mesh, crls: await crl(root, { serials: ["0A", "0B"] }) } };
    expect(step(second, { revoked: [{ member: "a" }] })).toMatchObject([
      { path: "weft:clusters[0].trust.intermediateGeneration" },
    ]);
  });

  it("is a list that is given and leaves out who is revoked", async () => {
    const trust = async (...serials: string[]) => ({
      root: {
        source: "provided",
        certificate: root.certificate,
        crl: await crl(root, { serials }),
        key: root.key,
      },
      revoked: [{ member: "a" }, { serial: "77" }],
    });
    const last = { mesh: { issued: { a: [issued("0A")] } } };
    expect(step(last, await trust("0A", "77"))).toEqual([]);
    expect(step(last, await trust("0B"))).toMatchObject([
      {
        path: "weft:mesh.trust.root.crl",
        message: "Does not revoke 0A, 77, which `trust.revoked` does.",
      },
    ]);
  });

  it("is a list that is not of the root that cert-manager holds", async () => {
    const live: LiveMember[] = [
      { name: "a", tokenGenerations: [1], roots: ["default"], rootBundle: root.certificate },
    ];
    const trust = async (by: Authority) => ({
      root: { source: "certManager", crl: await crl(by) },
      certManager: { cluster: "a" },
      revoked: [],
    });
    const ofList = (problems: { path: string }[]) => problems.filter(({ path }) => path.endsWith(".crl"));
    expect(ofList(step({}, await trust(root), live))).toEqual([]);
    expect(ofList(step({}, await trust(await authority("Other")), live))).toMatchObject([
      { value: "CN=Other", message: "Not signed by root default, as cert-manager holds it." },
    ]);
  });

  it("is a token that an istiod would not survive, with the way out where it cannot wait", () => {
    const live: LiveMember[] = ["a", "b"].map((name) => ({
      name,
      tokenGenerations: [1],
      istiodVersion: "1.30.3",
    }));
    const problems = checkTransition(
      { live, now },
      parseMesh(
        {
          mesh: { istio: { version: "1.30.5" }, trust: { revoked: [{ member: "a" }] } },
          clusters: [cluster("a"), cluster("b")],
        },
        now,
      ),
    );
    expect(problems).toMatchObject([
      {
        path: "weft:mesh.trust.revoked",
        message: expect.stringContaining(
          "It renews the token of a, and a new one would reach istiod 1.30.3 of b",
        ) as string,
        remedy: expect.stringContaining("allowBrokenRotation: true") as string,
      },
      { message: expect.stringContaining("It renews the token of b") as string },
    ]);
  });
});
