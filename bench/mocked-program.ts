/**
 * The program for a mesh of so many members against Pulumi's mocks, in a process of its own. Prints, as JSON, what it took: `Mocked`
 * without what it was asked for.
 *
 * Arguments: the number of members, and how many each reads; all of them without it.
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import type { ResolvedKubeconfig } from "../clusters/kubeconfig";
import { Mesh } from "../components/mesh/mesh";
import { certifyCa } from "../lab/certificates";
import { lastUp } from "../mesh/last-up";
import { parseMesh } from "../mesh/parse";
import { revocationOf } from "../mesh/revocation";
import type { MockedCost } from "./mocked";

/** Bytes of a reader's token, as a real one has them. */
const TOKEN_BYTES = 900;

/** All certificates are the same two: what they cost is not the program's. */
async function outputs(): Promise<(type: string, name: string) => object> {
  const root = await certifyCa("CN=root");
  const intermediate = await certifyCa("CN=intermediate", root);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const token = { token: base64("t".repeat(TOKEN_BYTES)), "ca.crt": base64(root.certificate) };
  return (type, name) => {
    switch (type) {
      case "tls:index/privateKey:PrivateKey":
        return { privateKeyPem: intermediate.key };
      case "tls:index/certRequest:CertRequest":
        return { certRequestPem: "a request" };
      case "tls:index/selfSignedCert:SelfSignedCert":
        return { certPem: root.certificate };
      case "tls:index/locallySignedCert:LocallySignedCert":
        return { certPem: intermediate.certificate };
      case "kubernetes:core/v1:Secret":
        return name.includes("-token") ? { data: token } : {};
      case "kubernetes:core/v1:Namespace":
        return { metadata: { name, uid: `uid-of-${name}` } };
      case "kubernetes:core/v1:Service":
        return { status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } };
      case "kubernetes:helm.sh/v3:Release":
        return { status: { version: "1.31.0" } };
      default:
        return {};
    }
  };
}

/** @param reads how many each reads, the next ones in the list; undefined: everybody */
function stack(count: number, reads: number | undefined) {
  const names = Array.from({ length: count }, (_, index) => `cluster${index}`);
  const after = (index: number) =>
    Array.from({ length: Math.min(reads!, count - 1) }, (_, step) => names[(index + step + 1) % count]!);
  return names.map((name, index) => ({
    name,
    context: name,
    ...(reads !== undefined && { reads: after(index) }),
  }));
}

function kubeconfigOf(name: string): ResolvedKubeconfig {
  const given = { kubeconfig: "{}", path: "weft:clusters", context: name, origin: "the benchmark" };
  const server = `https://${name}.example.com:6443`;
  return { ...given, server, insecureSkipTlsVerify: false, cluster: {}, user: {} };
}

async function main(count: number, reads: number | undefined): Promise<void> {
  const outputsOf = await outputs();
  const cost = { resources: 0, inputBytes: 0 };
  // Mocks know no hooks.
  Object.assign(MockMonitor.prototype, {
    registerResourceHook: (_: unknown, callback: (error: null, reply: object) => void) => callback(null, {}),
  });
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs, id }) => {
      cost.resources++;
      cost.inputBytes += Buffer.byteLength(JSON.stringify(inputs));
      return { id: id || `id-of-${name}`, state: { ...(inputs as object), ...outputsOf(type, name) } };
    },
    call: ({ token }) => {
      throw new Error(`unexpected call of ${token}`);
    },
  });

  const before = process.resourceUsage();
  const started = process.hrtime.bigint();
  const mesh = parseMesh({ clusters: stack(count, reads) });
  const names = mesh.members.map(({ name }) => name);
  new Mesh("mesh", {
    mesh,
    kubeconfigs: new Map(names.map((name) => [name, kubeconfigOf(name)])),
    live: [],
    revocation: revocationOf(mesh, lastUp(undefined), [], new Date()),
    requestToken: ({ cluster }) => Promise.resolve(`token of ${cluster}`),
    providers: Object.fromEntries(
      names.map((name) => [name, new kubernetes.Provider(name, { kubeconfig: "{}" })]),
    ),
  });
  await pulumi.runtime.disconnect();
  const after = process.resourceUsage();
  const measured: MockedCost = {
    ...cost,
    seconds: Number(process.hrtime.bigint() - started) / 1e9,
    cpuSeconds: (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6,
    peakMiB: (after.maxRSS - before.maxRSS) / 1024,
  };
  console.log(JSON.stringify(measured));
}

const [count, reads] = process.argv.slice(2);
void main(Number(count), reads === undefined ? undefined : Number(reads));
