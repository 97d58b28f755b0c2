import { generateKeyPairSync } from "node:crypto";
import { pemBlocks } from "../../mesh/pem";
import { parseMesh } from "../../mesh/parse";
import { authority, now, type Authority } from "./authorities";
import { cluster, problemsOf } from "./problems-of";

const bagAttributes = (pem: string) =>
  `Bag Attributes\n    friendlyName: acme\n    localKeyID: 01 02\nsubject=CN = Root\n\nissuer=CN = Root\n\n${pem}\n`;
const asText = (pem: string) =>
  `Certificate:\n    Data:\n        Version: 3 (0x2)\n    Signature Value:\n        30:45:02\n${pem}\n`;
const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

let root: Authority, upper: Authority, lower: Authority;
beforeAll(async () => {
  root = await authority("Root");
  upper = await authority("Upper", { issuer: root });
  lower = await authority("Lower", { issuer: upper });
});

const parsedRoot = (certificate: string, key: string) =>
  parseMesh(
    { mesh: { trust: { root: { source: "provided", certificate, key } } }, clusters: [cluster("a")] },
    now,
  ).config.trust.root;

const withIntermediate = (intermediate: object) => ({
  mesh: { trust: { root: { source: "provided", certificate: root.certificate } } },
  clusters: [cluster("a", { trust: { intermediate } })],
});
const parsedIntermediate = (intermediate: object) =>
  parseMesh(withIntermediate(intermediate), now).members[0]!.trust.intermediate;

it.each([
  ["bag attributes", bagAttributes],
  ["the output of `openssl x509 -text`", asText],
  ["Windows line ends", (pem: string) => pem.replaceAll("\n", "\r\n")],
  ["indentation", (pem: string) => pem.replaceAll(/^/gm, "    ")],
])("a certificate and a key with %s are those blocks alone", (_, dressed) => {
  const expected = { source: "provided", certificate: root.certificate.trim(), key: root.key.trim() };
  expect(parsedRoot(dressed(root.certificate), dressed(root.key))).toEqual(expected);
  expect(parsedRoot(root.certificate, root.key)).toEqual(expected);
});

it("a key led by its parameters, or followed by its certificate, is the key alone", async () => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const sec1 = key.export({ type: "sec1", format: "pem" }) as string;
  expect(pemBlocks(parameters + sec1, "PRIVATE KEY")).toEqual([sec1.trim()]);
  expect(parsedRoot(root.certificate, `${parameters}${root.key}\n${root.certificate}`)).toMatchObject({
    key: root.key.trim(),
  });
  const { certificate, key: own } = await authority("Other");
  expect(
    problemsOf({
      mesh: { trust: { root: { source: "provided", certificate, key: `${own}\n${root.key}` } } },
      clusters: [cluster("a")],
    }).map(({ message }) => message),
  ).toEqual(["Expected one private key."]);
});

it("a legacy encrypted key is found, and refused as one", () => {
  const encrypted =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233\n\nAAAA\n-----END RSA PRIVATE KEY-----";
  const { certificate } = root;
  expect(
    problemsOf({
      mesh: { trust: { root: { source: "provided", certificate, key: encrypted } } },
      clusters: [cluster("a")],
    }).map(({ message }) => message),
  ).toEqual(["The key is encrypted, and istiod cannot ask for its passphrase."]);
});

describe("an intermediate and those above it", () => {
  it("may stand in one file, under either key or both", () => {
    const { certificate, key } = lower;
    const file = bagAttributes(certificate) + bagAttributes(upper.certificate);
    const expected = {
      certificate: certificate.trim(),
      key: key.trim(),
      chain: upper.certificate.trim(),
    };
    expect(parsedIntermediate({ certificate, key, chain: upper.certificate })).toEqual(expected);
    expect(parsedIntermediate({ certificate, key, chain: file })).toEqual(expected);
    expect(parsedIntermediate({ certificate: file, key })).toEqual(expected);
  });

  it("are no chain where there is none but itself", () => {
    const { certificate, key } = upper;
    expect(parsedIntermediate({ certificate, key, chain: certificate })).toEqual({
      certificate: certificate.trim(),
      key: key.trim(),
    });
  });

  it("hold no key, which is not dropped in silence", () => {
    const { certificate, key } = upper;
    expect(
      problemsOf(withIntermediate({ certificate: `${key}\n${certificate}`, key })).map(
        ({ path, message }) => [path, message],
      ),
    ).toEqual([
      [
        "weft:clusters[0].trust.intermediate.certificate",
        "Holds a private key as well, and what stands here is published to all workloads.",
      ],
    ]);
  });
});

it("what is no PEM is refused by its form", () => {
  expect(
    problemsOf({
      mesh: { trust: { root: { source: "provided", certificate: "MIIB", key: parameters } } },
      clusters: [cluster("a")],
    }),
  ).toEqual([
    {
      path: "weft:mesh.trust.root.certificate",
      value: "MIIB",
      message: "Expected PEM with a CERTIFICATE block.",
    },
    {
      path: "weft:mesh.trust.root.key",
      value: "(secret)",
      message: "Expected PEM with a PRIVATE KEY block.",
    },
  ]);
});
