import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import fc from "fast-check";
import { crlOf, type CrlArgs } from "../../../components/root-ca/crl";
import { crlsIn, isListOf, serialNumber } from "../../../mesh/crl";
import { joinPem } from "../../../mesh/pem";
import { authority, type Authority, type AuthorityOptions } from "../../mesh/authorities";

jest.setTimeout(60_000);

const now = new Date("2026-06-01T00:00:00Z");
const later = (days: number) => new Date(now.getTime() + days * 24 * 3_600_000);

const sign = ({ certificate, key }: Authority, more: Partial<CrlArgs> = {}) =>
  crlOf({ certificate, key, serials: [], before: "", lifetimeDays: 365, now, ...more });

const only = (pem: string) => {
  const [crl, ...others] = crlsIn(pem);
  expect(others).toEqual([]);
  return crl!;
};

describe("the list of a CA", () => {
  let root: Authority;
  beforeAll(async () => {
    root = await authority("Root", { subject: "CN=Root CA, O=Istio, L=default", keyId: true });
  });

  test("says whose it is, who is revoked, and when it ends", async () => {
    const crl = only(await sign(root, { serials: ["0A", "F1E2"] }));
    expect(crl).toMatchObject({
      issuer: "CN=Root CA, O=Istio, L=default",
      number: BigInt(now.getTime() / 1000),
      thisUpdate: later(-1),
      nextUpdate: later(365),
    });
    expect([...crl.revoked]).toEqual([
      ["0A", now],
      ["F1E2", now],
    ]);
    expect(isListOf(crl, new X509Certificate(root.certificate))).toBe(true);
  });

  test.each<[string, AuthorityOptions]>([
    ["an RSA key", { algorithm: "RSA" }],
    ["a CA without key identifier", {}],
  ])("is signed by %s, too", async (_, options) => {
    const ca = await authority("Other", options);
    const crl = only(await sign(ca));
    expect(isListOf(crl, new X509Certificate(ca.certificate))).toBe(true);
    expect(isListOf(crl, new X509Certificate(root.certificate))).toBe(false);
  });

  test("takes keys as openssl has written them", async () => {
    for (const [algorithm, type] of [
      ["ECDSA", "sec1"],
      ["RSA", "pkcs1"],
    ] as const) {
      const ca = await authority("Old", { algorithm });
      const key = createPrivateKey(ca.key).export({ format: "pem", type }).toString();
      expect(isListOf(only(await sign({ ...ca, key })), new X509Certificate(ca.certificate))).toBe(true);
    }
  });

  test("is not that of a CA of the same name with another key", async () => {
    const twin = await authority("Root", { subject: root.name });
    const crl = only(await sign(twin));
    expect(isListOf(crl, new X509Certificate(root.certificate))).toBe(false);
  });

  test("is kept, text for text, while it says what it should and has a third of its life left", async () => {
    const first = await sign(root, { serials: ["0A"] });
    const again = (more: Partial<CrlArgs>) =>
      sign(root, { serials: ["0A"], before: joinPem([first]), ...more });
    expect((await again({})).trim()).toBe(first.trim());
    expect((await again({ now: later(365 - 122) })).trim()).toBe(first.trim());
    const renewed = only(await again({ now: later(365 - 121) }));
    expect(renewed.nextUpdate).toEqual(later(365 - 121 + 365));
    // Whoever was revoked was so from then on.
    expect(renewed.revoked.get("0A")).toEqual(now);
    expect([...only(await again({ serials: ["0A", "0B"], now: later(1) })).revoked]).toEqual([
      ["0A", now],
      ["0B", later(1)],
    ]);
  });

  test("of another CA is not kept in its place", async () => {
    const before = await sign(await authority("Root", { subject: root.name }));
    expect(isListOf(only(await sign(root, { before })), new X509Certificate(root.certificate))).toBe(true);
  });

  test("has a higher number than those before, whatever the clock says, and serials in one form", async () => {
    const step = fc.record({
      hours: fc.integer({ min: -2000, max: 20_000 }),
      serials: fc.uniqueArray(
        fc.bigInt({ min: 1n, max: 2n ** 159n - 1n }).map((serial) => serialNumber(serial.toString(16))),
        { maxLength: 4 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        let before = "";
        for (const { hours, serials } of steps) {
          const at = new Date(now.getTime() + hours * 3_600_000);
          const pem = await sign(root, { serials, before, now: at });
          const crl = only(pem);
          expect([...crl.revoked.keys()].sort()).toEqual(serials.toSorted());
          expect(crl.nextUpdate! > at).toBe(true);
          const isKept = pem.trim() === before.trim();
          const least = before === "" || isKept ? 0n : only(before).number! + 1n;
          expect(crl.number! >= least).toBe(true);
          before = pem;
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("OpenSSL, which looks at a chain as Envoy does", () => {
  const today = new Date();
  let root: Authority, lost: Authority, renewed: Authority, other: Authority;
  const serialOf = ({ certificate }: Authority) =>
    serialNumber(new X509Certificate(certificate).serialNumber);
  beforeAll(async () => {
    const years = { from: "2020-01-01", to: "2120-01-01", keyId: true };
    root = await authority("Root", { ...years, subject: "CN=Root CA, O=Istio, L=default" });
    const below = { ...years, issuer: root };
    // A member's old and new intermediate have one name.
    lost = await authority("a", { ...below, subject: "CN=Intermediate CA, L=a" });
    renewed = await authority("a", { ...below, subject: "CN=Intermediate CA, L=a" });
    other = await authority("b", { ...below, subject: "CN=Intermediate CA, L=b" });
  });

  /** Why a workload of this intermediate is refused; undefined where it is let in. */
  async function refusal(intermediate: Authority, crl: string[]): Promise<string | undefined> {
    const leaf = await authority("leaf", {
      issuer: intermediate,
      ca: false,
      serves: ["leaf.example"],
      from: "2020-01-01",
      to: "2120-01-01",
    });
    const server = tls.createServer({
      cert: joinPem([leaf.certificate, intermediate.certificate]),
      key: leaf.key,
    });
    server.on("tlsClientError", () => undefined);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const socket = tls.connect({
      port: (server.address() as AddressInfo).port,
      servername: "leaf.example",
      ca: root.certificate,
      ...(crl.length > 0 && { crl }),
      rejectUnauthorized: false,
    });
    try {
      await once(socket, "secureConnect");
      return socket.authorized ? undefined : String(socket.authorizationError);
    } finally {
      socket.destroy();
      server.close();
    }
  }

  test("lets in whom the lists do not name, and not who stands below a revoked intermediate", async () => {
    const crls = await Promise.all([
      sign(root, { serials: [serialOf(lost)], now: today }),
      sign(renewed, { now: today }),
      sign(other, { now: today }),
    ]);
    expect(await refusal(other, crls)).toBeUndefined();
    expect(await refusal(renewed, crls)).toBeUndefined();
    expect(await refusal(lost, crls)).toBe("CERT_REVOKED");
    // With nothing to read of the old one's own list, even so.
    expect(await refusal(lost, [...crls, await sign(lost, { now: today })])).toBe("CERT_REVOKED");
  });

  test("refuses everybody whose chain has a CA without a list: so each has one", async () => {
    const ofRoot = await sign(root, { now: today });
    expect(await refusal(other, [ofRoot])).toBe("UNABLE_TO_GET_CRL");
    expect(await refusal(other, [])).toBeUndefined();
  });

  test("refuses everybody by a list that has ended", async () => {
    const crls = await Promise.all([root, other].map((ca) => sign(ca, { now: new Date("2020-06-01") })));
    expect(await refusal(other, crls)).toBe("CRL_HAS_EXPIRED");
  });
});
