/** Pulumi mocks that record every resource, with certificates that are real. */
import { webcrypto } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import "reflect-metadata"; // needed by @peculiar/x509
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface Recorded {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** Paths of the inputs that are secret. */
  secrets: string[];
  /** Name of the provider. */
  provider: string | undefined;
  read: boolean;
}

export class Recorder {
  readonly resources: Recorded[] = [];

  /** Resources of a type, sorted by name. */
  ofType(type: string): Recorded[] {
    return this.sorted().filter((resource) => resource.type === type);
  }

  named(name: string): Recorded {
    const found = this.resources.filter((resource) => resource.name === name);
    if (found.length !== 1) throw new Error(`${found.length} resources are named ${name}`);
    return found[0]!;
  }

  sorted(): Recorded[] {
    return [...this.resources].sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
  }
}

/** Starts a program under mocks. To be awaited before a module that creates resources is imported. */
export async function record(): Promise<Recorder> {
  const recorder = new Recorder();
  await pulumi.runtime.setMocks(
    {
      newResource: async (args) => {
        const secrets: string[] = [];
        const inputs = unwrap(args.inputs, "", secrets) as Record<string, unknown>;
        recorder.resources.push({
          type: args.type,
          name: args.name,
          inputs,
          secrets,
          provider: args.provider?.split("::")[3],
          read: args.id !== undefined && args.id !== "",
        });
        return {
          id: args.id || idOf(args),
          state: { ...args.inputs, ...(await outputsOf({ ...args, inputs })) },
        };
      },
      call: () => {
        throw new Error("no function is called");
      },
    },
    "weft",
    "test",
    false,
  );
  return recorder;
}

/** Resolves once every resource of the program is registered. */
export async function settled(): Promise<void> {
  await pulumi.runtime.disconnect();
}

/** The value of an output, and whether it is secret. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
  const value = await new Promise<T>((resolve) => output.apply((known) => resolve(known as T)));
  return { value, secret: await pulumi.isSecret(output) };
}

/** Mocks get secrets as the protocol carries them: a record with this key. */
const secretMark = "4dabf18193072939515e22adb298388d";

function unwrap(value: unknown, path: string, secrets: string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => unwrap(item, `${path}[${index}]`, secrets));
  const record = value as Record<string, unknown>;
  if (secretMark in record) {
    secrets.push(path);
    return unwrap(record["value"], path, secrets);
  }
  return Object.fromEntries(
    Object.entries(record).map(([key, item]) => [
      key,
      unwrap(item, path === "" ? key : `${path}.${key}`, secrets),
    ]),
  );
}

function idOf({ inputs, name, type }: MockResourceArgs): string {
  const input = inputs as { namespace?: string; name?: string };
  return type === "kubernetes:helm.sh/v3:Release" ? `${input.namespace}/${input.name}` : `${name}-id`;
}

interface TlsInputs {
  subject: Subject;
  privateKeyPem: string;
  certRequestPem: string;
  caCertPem: string;
  caPrivateKeyPem: string;
}

interface Subject {
  organization: string;
  commonName: string;
  locality: string;
}

async function outputsOf(args: MockResourceArgs): Promise<Record<string, unknown>> {
  const inputs = args.inputs as TlsInputs & { stringData?: Record<string, string> };
  switch (args.type) {
    case "tls:index/privateKey:PrivateKey":
      return { privateKeyPem: secret(await newKey()) };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: JSON.stringify(inputs) };
    case "tls:index/selfSignedCert:SelfSignedCert":
      return { certPem: await sign(inputs.subject, inputs.privateKeyPem, inputs.privateKeyPem) };
    case "tls:index/locallySignedCert:LocallySignedCert": {
      const request = JSON.parse(inputs.certRequestPem) as TlsInputs;
      const issuer = new x509.X509Certificate(inputs.caCertPem).subject;
      return {
        certPem: await sign(request.subject, request.privateKeyPem, inputs.caPrivateKeyPem, issuer),
      };
    }
    case "kubernetes:core/v1:Secret":
      return { data: { ...base64(inputs.stringData), ...tokenOf(args) } };
    case "kubernetes:core/v1:Service":
      return { status: { loadBalancer: { ingress: [{ ip: `address-of-${args.name}` }] } } };
    case "kubernetes:helm.sh/v3:Release":
      return { status: { version: args.inputs.version as string | undefined } };
    default:
      return {};
  }
}

function tokenOf({ inputs, name }: MockResourceArgs): Record<string, string> {
  const { type } = inputs as { type?: string };
  return type === "kubernetes.io/service-account-token"
    ? base64({ token: `token-of-${name}`, "ca.crt": `ca-of-${name}` })
    : {};
}

function base64(data: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
}

function secret(value: unknown) {
  return { [secretMark]: "1b47061264138c4ac30d75fd1eb44270", value };
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
  return { privateKey, publicKey } as webcrypto.CryptoKeyPair;
}

async function sign(subject: Subject, key: string, signer: string, issuer?: string): Promise<string> {
  const name = `O=${subject.organization}, CN=${subject.commonName}, L=${subject.locality}`;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: issuer ?? name,
    publicKey: (await keysOf(key)).publicKey,
    signingKey: (await keysOf(signer)).privateKey,
    notBefore: new Date("2026-01-01"),
    notAfter: new Date("2036-01-01"),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return certificate.toString("pem");
}
