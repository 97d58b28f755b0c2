/** From a stack's config to one that the lab can converge: the same mesh, without a credential of the stack in it. */
import { isMap } from "../../mesh/istio-values";
import { settingsIn } from "../../mesh/settings";
import { LabError } from "../error";
import type { StackFile } from "../engine/config";
import type { StandInCa, StandIns } from "./stand-ins";

export type Json = Record<string, unknown>;

/** What says how a cluster is reached; the lab has its own. */
const access = ["context", "kubeconfig", "kubeconfigPath", "apiServer"];

/** `weft:mesh` and `weft:clusters` as they are written. */
export interface StackConfig {
  mesh: Json;
  clusters: Json[];
}

/**
 * Reads a `Pulumi.<stack>.yaml`.
 * @throws ConfigError when it is not one
 * @throws LabError when there is no mesh in it, or all of it is encrypted
 */
export function readStackConfig(text: string, file: string): StackConfig {
  const config = settingsIn(text, file);
  const mesh = valueOf(config, "weft:mesh", file) ?? {};
  const clusters = valueOf(config, "weft:clusters", file) ?? [];
  if (!isMap(mesh)) throw new LabError(`${file}: weft:mesh is not a map.`);
  if (
    !Array.isArray(clusters) ||
    !clusters.every((entry) => isMap(entry) && typeof entry.name === "string")
  ) {
    throw new LabError(`${file}: weft:clusters is not a list of clusters, each with a name.`);
  }
  return { mesh, clusters: clusters as Json[] };
}

function valueOf(config: Json, key: string, file: string): unknown {
  const value = config[key];
  if (isEncrypted(value)) {
    throw new LabError(
      `${file}: all of ${key} is encrypted, so nothing can be said of it without the stack's key. Encrypt the single values in it: pulumi config set --secret --path.`,
    );
  }
  return value;
}

/** Whether CAs or CRLs are given in it. */
export function hasOwnCas({ mesh, clusters }: StackConfig): boolean {
  return [mesh.trust, ...clusters.map(({ trust }) => trust)].some((trust) => {
    if (!isMap(trust)) return false;
    const { root, roots, intermediate } = trust;
    const cas = [root, intermediate, ...(Array.isArray(roots) ? (roots as unknown[]) : [])];
    return cas.some((ca) => isMap(ca) && (ca.certificate ?? ca.crl) !== undefined);
  });
}

/** The config that the lab converges. Nothing of it is secret to the stack. */
export async function withoutCredentials(
  { mesh, clusters }: StackConfig,
  standIns: StandIns,
): Promise<StackFile> {
  const written = isMap(mesh.trust) ? mesh.trust : {};
  const signer = providedSigner(written);
  // A CRL that is given is none of a stand-in.
  const trust = hasOwnCas({ mesh, clusters }) ? without(written, ["revoked"]) : written;
  return {
    config: {
      "weft:mesh": plain(
        {
          ...without(mesh, ["membership"]),
          ...(mesh.trust === undefined ? {} : { trust: await meshTrust(trust, standIns) }),
          ...(isMap(mesh.loadBalancer) ? { loadBalancer: without(mesh.loadBalancer, ["network"]) } : {}),
        },
        standIns,
      ),
      "weft:clusters": await Promise.all(
        clusters.map(async (entry) => {
          const name = entry.name as string;
          const kept = {
            ...without(entry, access),
            ...(isMap(entry.trust) ? { trust: await memberTrust(entry.trust, signer, standIns) } : {}),
            ...(isMap(mesh.loadBalancer) && entry.addresses === undefined
              ? { addresses: standIns.addresses(name) }
              : {}),
          };
          // For the parser; the lab puts its own in its place.
          return { ...plain(kept, standIns), name, context: name };
        }),
      ),
    },
  };
}

async function meshTrust(trust: Json, standIns: StandIns): Promise<Json> {
  const { root, roots, certManager } = trust;
  const standInRoot = async (written: unknown) =>
    isMap(written)
      ? {
          ...without(written, ["crl"]),
          ...(written.source === "provided" && given(written, await standIns.root(written.certificate))),
        }
      : written;
  return {
    ...trust,
    ...(root === undefined ? {} : { root: await standInRoot(root) }),
    ...(Array.isArray(roots) ? { roots: await Promise.all(roots.map(standInRoot)) } : {}),
    // What is there already on the stack's cluster is not on the lab's.
    ...(isMap(certManager) ? { certManager: without(certManager, ["install"]) } : {}),
  };
}

async function memberTrust(trust: Json, signer: unknown, standIns: StandIns): Promise<Json> {
  const { root, intermediate, ...rest } = trust;
  const issuer = isMap(root) ? root.certificate : signer;
  return {
    ...rest,
    ...(isMap(root) ? { root: given(root, await standIns.root(root.certificate)) } : {}),
    ...(isMap(intermediate)
      ? { intermediate: given(intermediate, await standIns.intermediate(intermediate.certificate, issuer)) }
      : {}),
  };
}

/** Certificate of the provided root that signs, as it is written. */
function providedSigner({ root, roots }: Json): unknown {
  const provided = [root, ...(Array.isArray(roots) ? (roots as unknown[]) : [])].filter(
    (written): written is Json => isMap(written) && written.source === "provided",
  );
  return (provided.find(({ signing }) => signing === true) ?? provided[0])?.certificate;
}

/** The stand-in of a CA, with a key where the original has one. Its chain is the stand-in's root alone. */
function given(original: Json, { certificate, key }: StandInCa): Json {
  return { certificate, ...(original.key === undefined ? {} : { key }) };
}

/** A text in the place of every encrypted value. */
function plain<T>(value: T, standIns: StandIns): T {
  return JSON.parse(JSON.stringify(value), (_, node: unknown) =>
    isEncrypted(node) ? standIns.text(node.secure) : node,
  ) as T;
}

/** https://www.pulumi.com/docs/iac/concepts/secrets/ */
function isEncrypted(value: unknown): value is { secure: string } {
  return isMap(value) && typeof value.secure === "string" && Object.keys(value).length === 1;
}

function without(map: Json, keys: string[]): Json {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
