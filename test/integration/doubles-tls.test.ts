/**
 * Replays every recorded call of the real tls provider to its double, step by step, and compares the answers.
 *
 * What is normalised, and why:
 * - PEM blocks: the recording holds placeholders. Requests get the material that the double itself made for that resource, or for
 *   the resource that the recorded program takes it from (`sources`); answers must hold the same material.
 * - What a creation makes (`generated`): random or of its moment. It must have the recorded form; from then on the double's own
 *   value stands wherever the recorded one does, in requests and in answers.
 * Everything else must be equal. No difference stays.
 */
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Json, type JsonObject, ProviderPlugin } from "./provider-plugin";

interface Call {
  method: string;
  request: JsonObject;
  response: JsonObject;
}

const fixtures = path.join(__dirname, "../fixtures/recordings");
const steps = fs
  .readdirSync(fixtures)
  .filter((file) => file.startsWith("tls-"))
  .sort();

const placeholder = /^<PEM:(.*)>$/;
const secretMark = "4dabf18193072939515e22adb298388d";

/** Properties whose value a creation makes, with the form that the recorded values have. */
const generated: Record<string, RegExp> = {
  id: /^([0-9a-f]{40}|\d{30,39})$/,
  publicKeyFingerprintMd5: /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/,
  publicKeyFingerprintSha256: /^SHA256:[A-Za-z0-9+/]{43}$/,
  publicKeyOpenssh: /^ecdsa-sha2-nistp256 [A-Za-z0-9+/]+=*\n$/,
  validityStartTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/,
  validityEndTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/,
};

/** Where the recorded program takes an input from. */
function sources(resource: string, property: string): string {
  const member = resource.split("-")[0]!;
  const from: Record<string, string> = {
    "root.privateKeyPem": "root-key.privateKeyPem",
    [`${member}-csr.privateKeyPem`]: `${member}-key.privateKeyPem`,
    [`${member}-intermediate.caCertPem`]: "root.certPem",
    [`${member}-intermediate.caPrivateKeyPem`]: "root-key.privateKeyPem",
    [`${member}-intermediate.certRequestPem`]: `${member}-csr.certRequestPem`,
  };
  return from[`${resource}.${property}`] ?? `${resource}.${property}`;
}

/** What stands in the double's world for what was recorded. */
class Counterparts {
  readonly pem = new Map<string, string>();
  private readonly values = new Map<string, string>();

  /**
   * Takes from the answer to a creation what the double made.
   * @returns the properties that have another form than the recorded ones
   */
  learn(resource: string, recorded: JsonObject, own: JsonObject): string[] {
    const misshapen: string[] = [];
    for (const [property, was] of Object.entries(recorded)) {
      const [before, now] = [plain(was), plain(own[property] ?? null)];
      if (typeof before !== "string") continue;
      const pem = placeholder.exec(before)?.[1];
      const form =
        pem === undefined
          ? generated[property]
          : new RegExp(`^-----BEGIN ${pem}-----\n[^-]+-----END ${pem}-----\n$`);
      if (!form || this.pem.has(sources(resource, property))) continue;
      if (typeof now !== "string" || !form.test(now)) misshapen.push(property);
      else if (pem === undefined) this.values.set(before, now);
      else this.pem.set(`${resource}.${property}`, now);
    }
    return misshapen;
  }

  translate(resource: string, value: Json, property = ""): Json {
    if (Array.isArray(value)) return value.map((v) => this.translate(resource, v, property));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([k, v]) => [
          k,
          this.translate(resource, v, k === "value" && secretMark in value ? property : k),
        ]),
      );
    }
    if (typeof value !== "string") return value;
    if (!placeholder.test(value)) return this.values.get(value) ?? value;
    const material = this.pem.get(sources(resource, property));
    if (material === undefined) throw new Error(`nothing was made for ${resource}.${property}`);
    return material;
  }
}

function plain(value: Json): Json {
  return value !== null && typeof value === "object" && secretMark in value ? value.value! : value;
}

let plugin: ProviderPlugin;
const counterparts = new Counterparts();

beforeAll(async () => {
  plugin = await ProviderPlugin.start(path.join(__dirname, "../../lab/engine/bin/pulumi-resource-tls"));
});

afterAll(() => plugin.stop());

test("all steps with calls of the tls provider are recorded", () => {
  expect(steps).toHaveLength(16);
});

// Each step goes on with what the steps before it made.
test.each(steps)("the double answers as the real provider did: %s", async (file) => {
  const calls = fs
    .readFileSync(path.join(fixtures, file), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Call);
  expect(calls.length).toBeGreaterThan(0);
  for (const { method, request, response } of calls) {
    const resource = request.name as string;
    const answer = await plugin.call(method, counterparts.translate(resource, request) as JsonObject);
    const made = method === "Create" && request.preview !== true ? (response.properties as JsonObject) : {};
    expect(counterparts.learn(resource, made, answer.properties as JsonObject)).toEqual([]);
    expect({ method, resource, answer }).toEqual({
      method,
      resource,
      answer: counterparts.translate(resource, response),
    });
  }
});

test.each(["c1", "c2"])(
  "the intermediate of %s is a CA that the root signed, for the request's key",
  (member) => {
    const root = new X509Certificate(counterparts.pem.get("root.certPem")!);
    const intermediate = new X509Certificate(counterparts.pem.get(`${member}-intermediate.certPem`)!);
    expect(intermediate.ca).toBe(true);
    expect(intermediate.verify(root.publicKey)).toBe(true);
    expect(intermediate.checkIssued(root)).toBe(true);
    expect(intermediate.subject).toBe(`L=${member}\nO=Weft\nCN=Intermediate CA`);
    expect(intermediate.publicKey.export({ type: "spki", format: "pem" })).toBe(
      counterparts.pem.get(`${member}-key.publicKeyPem`),
    );
  },
);

test("a key that is none is refused in the real provider's words, and not shown", async () => {
  const urn = "urn:pulumi:dev::test::tls:index/certRequest:CertRequest::it";
  await expect(plugin.call("Create", { urn, properties: { privateKeyPem: "not a key" } })).rejects.toThrow(
    "Failed to parse private key PEM: failed to decode PEM block: decoded bytes 0, undecoded 9",
  );
});
