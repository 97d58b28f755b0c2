/** Whom a member trusts and who vouches for it: as its Secret says, and as its istiod serves it. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import tls from "node:tls";
import { AdmissionregistrationV1Api, CoreV1Api } from "@kubernetes/client-node";
import { settles } from "./eventually";
import { kubeConfig, namespace } from "./harness";
import { inWords, type Members, toIstiod } from "./holdings";

/** By the names of authorities. */
export interface Trust {
  bundle: string[];
  /** From the member's own to the root. */
  chain: string[];
}

/** Each link of the chain is verified. */
export function trustIn(files: Record<string, string>): Trust {
  const chain = certificatesOf(files["cert-chain.pem"]!);
  for (const [index, link] of chain.slice(0, -1).entries()) {
    expect(link.verify(chain[index + 1]!.publicKey)).toBe(true);
  }
  return { bundle: certificatesOf(files["root-cert.pem"]!).map(nameOf), chain: chain.map(nameOf) };
}

const certificatesOf = (pem: string) =>
  pem
    .split(/(?<=-----END CERTIFICATE-----)\s*/)
    .filter((block) => block !== "")
    .map((block) => new X509Certificate(block));

/** The locality of a generated CA's subject is its name. */
const nameOf = ({ subject }: X509Certificate) => /L=([^\n]+)/.exec(subject)![1]!;

/**
 * Waits until istiod has given the member's workloads this bundle, and its API server the same for the webhooks, and is itself vouched
 * for by this chain.
 * @param istiodOf the member whose istiod it is: a remote's is its primary's.
 */
export async function istiodServes(
  members: Members,
  member: string,
  trust: Trust,
  istiodOf = member,
): Promise<void> {
  await settles(async () => {
    const roots = await servedRoots(members, member);
    const above = await servingChain(members, istiodOf, roots);
    const webhooks = (await webhookBundles(members, member)).map(namesIn);
    return {
      found: {
        bundle: namesIn(roots),
        webhooks,
        chain: typeof above === "string" ? above : above.map(nameOf),
      },
      wanted: { bundle: trust.bundle, webhooks: webhooks.map(() => trust.bundle), chain: trust.chain },
    };
  });
}

const namesIn = (pem: string) => certificatesOf(pem).map(nameOf);

const configOf = (members: Members, member: string) => kubeConfig(members.cluster(member).kubeconfig);

/** PEM. Every namespace has them, for its workloads. */
async function servedRoots(members: Members, member: string): Promise<string> {
  const core = configOf(members, member).makeApiClient(CoreV1Api);
  const { data } = await core.readNamespacedConfigMap({ name: "istio-ca-root-cert", namespace: "default" });
  return data!["root-cert.pem"]!;
}

/** PEM. Under which the API server accepts istiod where it asks for the proxy to inject. */
async function webhookBundles(members: Members, member: string): Promise<string[]> {
  const hooks = configOf(members, member).makeApiClient(AdmissionregistrationV1Api);
  const { webhooks } = await hooks.readMutatingWebhookConfiguration({ name: "istio-sidecar-injector" });
  return webhooks!.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? "", "base64").toString());
}

/** Waits until istiod is itself signed for by this intermediate. */
export async function istiodIsSignedBy(members: Members, member: string, pem: string): Promise<void> {
  const wanted = new X509Certificate(pem).fingerprint256;
  await settles(async () => {
    const chain = await servingChain(members, member, await servedRoots(members, member));
    return { found: typeof chain === "string" ? chain : chain[0]?.fingerprint256, wanted };
  });
}

/** The authorities above the certificate by which proxies know istiod; in words why they do not, under these roots. */
async function servingChain(
  members: Members,
  member: string,
  roots: string,
): Promise<X509Certificate[] | string> {
  return toIstiod(members, member, 15012, async (socket) => {
    const secure = tls.connect({
      socket,
      ca: roots,
      servername: `istiod.${namespace}.svc`,
      rejectUnauthorized: false,
    });
    await once(secure, "secureConnect");
    if (!secure.authorized) return String(secure.authorizationError);
    const chain: X509Certificate[] = [];
    let issuer = secure.getPeerX509Certificate()!.issuerCertificate;
    while (issuer !== undefined && issuer.fingerprint256 !== chain.at(-1)?.fingerprint256) {
      chain.push(issuer);
      issuer = issuer.issuerCertificate;
    }
    return chain;
  }).catch(inWords);
}
