/** Pulumi's mocks, recording every resource with its edges, and with keys and certificates that are real. */
import { webcrypto } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import * as pulumi from "@pulumi/pulumi";
import type { Callback } from "@pulumi/pulumi/proto/callback_pb";
import { CallbackServer } from "@pulumi/pulumi/runtime/callbacks";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import * as state from "@pulumi/pulumi/runtime/state";

export interface Recorded {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** Paths of the inputs that are secret. */
  secrets: string[];
  /** Name of the provider; empty: the default one. */
  provider: string;
  /** Read from the cluster, not created. */
  read: boolean;
}

/** The part of the engine's request that mocks are not shown. */
interface Request {
  getName(): string;
  getParent(): string;
  getDependenciesList(): string[];
  /** Not for what is read. */
  getHooks?(): { getBeforeCreateList(): string[] } | undefined;
  /** Not for what is read. */
  getTransformsList?(): Callback[];
  getDeletebeforereplace?(): boolean;
  /** Not for what is read. */
  getIgnorechangesList?(): string[];
  /** Not for what is read. */
  getObject?(): { toJavaScript(): Record<string, unknown> } | undefined;
}

export class Recorder {
  readonly resources: Recorded[] = [];
  private readonly dependencies = new Map<string, string[]>();
  private readonly parents = new Map<string, string>();
  private readonly hooks = new Map<string, string[]>();
  private readonly transforms = new Map<string, pulumi.ResourceTransform[]>();
  private readonly deletedFirst = new Set<string>();
  private readonly ignored = new Map<string, string[]>();
  private readonly secrets = new Map<string, string[]>();

  /** The only resource of this name. */
  named(name: string): Recorded {
    const [found, ...others] = this.resources.filter((resource) => resource.name === name);
    if (found === undefined || others.length > 0) {
      throw new Error(`${others.length + (found ? 1 : 0)} resources are named ${name}`);
    }
    return found;
  }

  has(name: string): boolean {
    return this.resources.some((resource) => resource.name === name);
  }

  /** Names of resources of this type, sorted. */
  ofType(type: string): string[] {
    return this.resources
      .filter((resource) => resource.type === type)
      .map(({ name }) => name)
      .sort();
  }

  parentOf(name: string): string | undefined {
    return this.parents.get(name);
  }

  /** Names of the hooks that run before it is created. */
  beforeCreate(name: string): string[] {
    return this.hooks.get(name) ?? [];
  }

  /** What the engine is to ask about each of its children, wherever they are created. */
  transformsOf(name: string): pulumi.ResourceTransform[] {
    return this.transforms.get(name) ?? [];
  }

  /** Properties whose changes are ignored. */
  ignoredIn(name: string): string[] {
    return this.ignored.get(name) ?? [];
  }

  /** Whether what replaces it is created only when it is gone. */
  isDeletedFirst(name: string): boolean {
    return this.deletedFirst.has(this.named(name).name);
  }

  /** Whether the engine creates the one only after the other, and deletes it before. */
  isAfter(name: string, other: string): boolean {
    this.named(name);
    this.named(other);
    const seen = new Set<string>();
    const waiting = [name];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const dependency of this.dependencies.get(next) ?? []) {
        if (dependency === other) return true;
        if (!seen.has(dependency)) waiting.push(dependency);
        seen.add(dependency);
      }
    }
    return false;
  }

  /** Paths of the inputs that are secret. Mocks are told only which inputs have a secret anywhere in them. */
  secretsOf(name: string): string[] {
    return this.secrets.get(name) ?? [];
  }

  note(request: Request): void {
    const secrets: string[] = [];
    unwrap(request.getObject?.()?.toJavaScript(), "", secrets);
    this.secrets.set(request.getName(), secrets);
    this.dependencies.set(request.getName(), request.getDependenciesList().map(nameOf));
    this.parents.set(request.getName(), nameOf(request.getParent()));
    this.hooks.set(request.getName(), request.getHooks?.()?.getBeforeCreateList() ?? []);
    const callbacks = request.getTransformsList?.() ?? [];
    this.transforms.set(
      request.getName(),
      callbacks.map((callback) => transforms.get(callback.getToken())!),
    );
    this.ignored.set(request.getName(), request.getIgnorechangesList?.() ?? []);
    if (request.getDeletebeforereplace?.()) this.deletedFirst.add(request.getName());
  }
}

function nameOf(urn: string): string {
  return urn.split("::")[3] ?? "";
}

type Register = (this: MockMonitor, request: Request, callback: unknown) => Promise<void>;

let current = new Recorder();
const monitor = MockMonitor.prototype as unknown as Record<"registerResource" | "readResource", Register>;
for (const method of ["registerResource", "readResource"] as const) {
  const original = monitor[method];
  monitor[method] = function (request, callback) {
    current.note(request);
    return original.call(this, request, callback);
  };
}

// Mocks know no hooks.
Object.assign(monitor, {
  registerResourceHook: (_: unknown, callback: (error: null, reply: object) => void) => callback(null, {}),
});

/** Mocks say that they know no transforms; the store is not in the SDK's types. */
const { getStore: store } = state as unknown as { getStore: () => object };

/** Transforms by the token under which the engine would call them back. */
const transforms = new Map<string, pulumi.ResourceTransform>();
const callbackServer = CallbackServer.prototype as unknown as { registerTransform: RegisterTransform };
type RegisterTransform = (this: CallbackServer, transform: pulumi.ResourceTransform) => Promise<Callback>;
const { registerTransform } = callbackServer;
callbackServer.registerTransform = async function (transform) {
  const callback = await registerTransform.call(this, transform);
  transforms.set(callback.getToken(), transform);
  return callback;
};

export interface RecordOptions {
  /** Record a preview, in which what these resources come to is unknown: they are to be created. @default none, an `up`. */
  created?: (name: string) => boolean;
}

/** Runs a program under mocks, until every resource of it is registered. */
export async function record(program: () => unknown, { created }: RecordOptions = {}): Promise<Recorder> {
  const recorder = new Recorder();
  current = recorder;
  await pulumi.runtime.setMocks(
    {
      newResource: async (args) => {
        const inputs = unwrap(args.inputs) as Record<string, unknown>;
        const { type, name, provider, id = "" } = args;
        recorder.resources.push({
          type,
          name,
          inputs,
          secrets: recorder.secretsOf(name),
          provider: nameOf(provider ?? ""),
          read: id !== "",
        });
        return {
          id: id || idOf(name, inputs),
          state: {
            ...(args.inputs as object),
            ...(created?.(name) ? {} : await outputsOf(type, name, inputs as unknown as Inputs, id)),
          },
        };
      },
      call: ({ token }) => {
        throw new Error(`unexpected call of ${token}`);
      },
    },
    "weft",
    "test",
    created !== undefined,
    "organization",
  );
  Object.assign(store(), { supportsTransforms: true });
  await program();
  // Pulumi waits for ever for an input that failed; the failure is an unhandled rejection.
  let failed: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => process.once("unhandledRejection", (failed = reject)));
  try {
    await Promise.race([pulumi.runtime.disconnect(), failure]);
  } finally {
    process.removeListener("unhandledRejection", failed);
  }
  return recorder;
}

/** Address that a load balancer gives to the Service read under this name. */
export function addressOf(name: string): string {
  return `192.0.2.${[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 250}`;
}

/** The value of an output, and whether it is secret. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
  const value = await new Promise<T>((resolve) => output.apply((known) => resolve(known)));
  return { value, secret: await pulumi.isSecret(output) };
}

/** Mocks get secrets as the protocol carries them: a record with this key. */
const secretMark = "4dabf18193072939515e22adb298388d";

/** Stands for an input that a preview does not know. */
export const unknown = pulumi.runtime.unknownValue;

function secret(value: unknown) {
  return { [secretMark]: "1b47061264138c4ac30d75fd1eb44270", value };
}

function unwrap(value: unknown, path = "", secrets: string[] = []): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (pulumi.isUnknown(value)) return unknown;
  if (Array.isArray(value)) return value.map((item, index) => unwrap(item, `${path}[${index}]`, secrets));
  const entries = value as Record<string, unknown>;
  if (secretMark in entries) {
    secrets.push(path);
    return unwrap(entries["value"], path, secrets);
  }
  return Object.fromEntries(
    Object.entries(entries).map(([key, item]) => [key, unwrap(item, path ? `${path}.${key}` : key, secrets)]),
  );
}

/** An object's namespace and name, as the kubernetes provider has it. */
function idOf(name: string, inputs: Record<string, unknown>): string {
  const named = (inputs["metadata"] ?? inputs) as { namespace?: string; name?: string };
  return named.namespace === undefined ? `id-of-${name}` : `${named.namespace}/${named.name}`;
}

interface Inputs {
  subject: Record<"organization" | "commonName" | "locality", string>;
  privateKeyPem: string;
  certRequestPem: string;
  caCertPem: string;
  caPrivateKeyPem: string;
  metadata: { namespace: string };
  spec: CertificateSpec;
  type?: string;
  version?: string;
}

interface CertificateSpec {
  secretName: string;
  commonName: string;
  subject?: { localities: string[] };
  issuerRef: { name: string };
}

/** What cert-manager has issued, by namespace and name of the Secret. An Issuer has the name of its CA's Secret. */
const issued = new Map<string, Record<"tls.crt" | "tls.key" | "ca.crt", string>>();

async function issue(namespace: string, { secretName, commonName, subject, issuerRef }: CertificateSpec) {
  const key = await newKey();
  const ca = issued.get(`${namespace}/${issuerRef.name}`);
  const names = { organization: "cert-manager", commonName, locality: subject?.localities[0] ?? "none" };
  const issuer = ca && new x509.X509Certificate(ca["tls.crt"]).subject;
  const crt = await certificate(names, key, ca?.["tls.key"] ?? key, issuer);
  issued.set(`${namespace}/${secretName}`, {
    "tls.crt": crt,
    "tls.key": key,
    "ca.crt": ca?.["tls.crt"] ?? crt,
  });
}

async function outputsOf(type: string, name: string, inputs: Inputs, id: string): Promise<object> {
  switch (type) {
    case "tls:index/privateKey:PrivateKey":
      return { privateKeyPem: secret(await newKey()) };
    case "tls:index/certRequest:CertRequest":
      // Whoever signs it needs the subject and the public key; the private one has it.
      return { certRequestPem: JSON.stringify(inputs) };
    case "tls:index/selfSignedCert:SelfSignedCert":
      return { certPem: await certificate(inputs.subject, inputs.privateKeyPem, inputs.privateKeyPem) };
    case "tls:index/locallySignedCert:LocallySignedCert": {
      const request = JSON.parse(inputs.certRequestPem) as Inputs;
      const issuer = new x509.X509Certificate(inputs.caCertPem).subject;
      const { subject, privateKeyPem } = request;
      return { certPem: await certificate(subject, privateKeyPem, inputs.caPrivateKeyPem, issuer) };
    }
    case "kubernetes:cert-manager.io/v1:Certificate":
      await issue(inputs.metadata.namespace, inputs.spec);
      return {};
    case "kubernetes:core/v1:Secret":
      if (issued.has(id)) return { data: secret(base64(issued.get(id)!)) };
      return inputs.type === "kubernetes.io/service-account-token"
        ? { data: secret(base64({ token: `token-of-${name}`, "ca.crt": `ca-of-${name}` })) }
        : { metadata: { ...inputs.metadata, uid: `uid-of-${name}` } };
    case "kubernetes:core/v1:Namespace":
      return { metadata: { ...inputs.metadata, uid: `uid-of-${name}` } };
    case "kubernetes:core/v1:Service":
      return { status: { loadBalancer: { ingress: [{ ip: addressOf(name) }] } } };
    case "kubernetes:helm.sh/v3:Release":
      return { status: { version: inputs.version } };
    default:
      return {};
  }
}

export function base64(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A root as a person might bring it. */
export async function newRoot(name: string): Promise<{ certificate: string; key: string }> {
  const key = await newKey();
  const subject = { organization: "Example", commonName: "Root", locality: name };
  return { certificate: await certificate(subject, key, key), key };
}

/** An intermediate as a person might bring it. */
export async function newIntermediate(
  name: string,
  issuer: { certificate: string; key: string },
): Promise<{ certificate: string; key: string }> {
  const key = await newKey();
  const subject = { organization: "Example", commonName: "Intermediate", locality: name };
  const issuerName = new x509.X509Certificate(issuer.certificate).subject;
  return { certificate: await certificate(subject, key, issuer.key, issuerName), key };
}

async function newKey(): Promise<string> {
  const { privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
}

async function keysOf(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const pkcs8 = x509.PemConverter.decodeFirst(pem);
  const privateKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", privateKey);
  const publicKey = await webcrypto.subtle.importKey("jwk", { kty, crv, x, y }, algorithm, true, ["verify"]);
  return { privateKey, publicKey };
}

/** @param issuer what signs it, for a year; without it a root of ten years. */
async function certificate(
  subject: Inputs["subject"],
  key: string,
  signer: string,
  issuer?: string,
): Promise<string> {
  const day = 24 * 3600 * 1000;
  const [from, to] =
    issuer === undefined ? ["2026-01-01", "2036-01-01"] : [Date.now() - day, Date.now() + 364 * day];
  const name = `O=${subject.organization}, CN=${subject.commonName}, L=${subject.locality}`;
  const signed = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: issuer ?? name,
    publicKey: (await keysOf(key)).publicKey,
    signingKey: (await keysOf(signer)).privateKey,
    notBefore: new Date(from),
    notAfter: new Date(to),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return `${signed.toString("pem")}\n`;
}
