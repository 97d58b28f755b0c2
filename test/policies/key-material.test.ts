import { generateKeyPairSync } from "node:crypto";
import { keyMaterial } from "../../policies/key-material";
import { base64, kubeconfig, privateKey } from "./samples";
import { secret, unknown } from "./run";

test("a private key is found, whatever its format", () => {
  const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  for (const key of [privateKey, rsa.export({ type: "pkcs1", format: "pem" }) as string]) {
    expect(keyMaterial({ key })).toEqual([
      { path: "key", keys: ["key"], kind: "private key", secret: false },
    ]);
  }
});

test("base64 hides nothing", () => {
  expect(keyMaterial({ data: { "ca-key.pem": base64(privateKey) } })).toMatchObject([
    { path: 'data["ca-key.pem"]' },
  ]);
  expect(keyMaterial({ data: { cluster2: base64(kubeconfig) } })).toMatchObject([{ kind: "kubeconfig" }]);
});

test("a kubeconfig is found as YAML and as JSON", () => {
  const json = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [],
    users: [{ name: "a", user: { token: "t" } }],
  });
  for (const text of [kubeconfig, json, JSON.stringify(JSON.parse(json), null, 2)]) {
    expect(keyMaterial({ text })).toMatchObject([{ kind: "kubeconfig" }]);
  }
});

test("certificates, public keys and other objects are no key material", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const text = publicKey.export({ type: "spki", format: "pem" });
  expect(
    keyMaterial({
      text,
      certificate: "-----BEGIN CERTIFICATE-----\nMIIB\n",
      other: "kind: ConfigMap\nusers: 3",
    }),
  ).toEqual([]);
});

test("a mark holds for everything under it", () => {
  expect(keyMaterial({ data: secret({ a: { b: [privateKey] } }), c: privateKey })).toMatchObject([
    { path: "data.a.b[0]", secret: true },
    { path: "c", secret: false },
  ]);
});

test("nothing is found where nothing is, or nothing is known", () => {
  expect(keyMaterial({})).toEqual([]);
  expect(keyMaterial({ a: null, b: [1, true], c: unknown })).toEqual([]);
});
