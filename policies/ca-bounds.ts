import type { ReportViolation, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { certificatesIn, isCacerts, lifetimeOf } from "./cacerts";
import { at, isKind, violation } from "./resource";

const defaults = {
  rootDays: { min: 365, max: 3660 },
  intermediateDays: { min: 7, max: 732 },
  curves: ["P256", "P384"],
  minRsaBits: 3072,
};
type Bounds = typeof defaults;

const range = (what: string, bounds: { min: number; max: number }) => ({
  type: "object" as const,
  properties: { min: { type: "number" as const }, max: { type: "number" as const } },
  required: ["min", "max"],
  default: bounds,
  description: `Days ${what} may be valid.`,
});

/**
 * The key of a root is worth as much as every workload's identity for as long as the root is valid; an intermediate, whose
 * key lies in a cluster, should be worth that for a shorter time, and must not be able to make further CAs.
 */
export const caBounds: ResourceValidationPolicy = {
  name: "ca-bounds",
  description: "CAs have strong keys, bounded lifetimes, and intermediates a path length.",
  enforcementLevel: "mandatory",
  configSchema: {
    properties: {
      rootDays: range("a root", defaults.rootDays),
      intermediateDays: range("an intermediate", defaults.intermediateDays),
      curves: {
        type: "array",
        items: { type: "string" },
        default: defaults.curves,
        description: "Curves of ECDSA keys.",
      },
      minRsaBits: { type: "number", default: defaults.minRsaBits, description: "Shortest RSA key, in bits." },
    },
  },
  validateResource(args, report) {
    const bounds = { ...defaults, ...args.getConfig<Partial<Bounds>>() };
    if (args.type === "tls:index/privateKey:PrivateKey") checkTlsKey(args, bounds, report);
    if (args.type === "tls:index/selfSignedCert:SelfSignedCert") checkTlsCa(args, "root", bounds, report);
    if (args.type === "tls:index/locallySignedCert:LocallySignedCert")
      checkTlsCa(args, "intermediate", bounds, report);
    if (isKind(args.type, "cert-manager.io", "Certificate")) checkCertManagerCa(args, bounds, report);
    if (isCacerts(args.type, args.props)) checkWrittenCa(args, bounds, report);
  },
};

/** Where nothing is set the tls provider takes P224 and 2048 bits. https://www.pulumi.com/registry/packages/tls/api-docs/privatekey/ */
function checkTlsKey({ name, props }: ResourceValidationArgs, bounds: Bounds, report: ReportViolation) {
  const algorithm = at(props, "algorithm");
  if (algorithm === "RSA") {
    checkRsa(name, "rsaBits", at(props, "rsaBits") ?? 2048, bounds, report);
  } else if (algorithm === "ECDSA") {
    checkCurve(name, "ecdsaCurve", at(props, "ecdsaCurve") ?? "P224", bounds, report);
  } else {
    refuseAlgorithm(name, "algorithm", algorithm, report);
  }
}

function checkTlsCa(
  { name, props }: ResourceValidationArgs,
  kind: "root" | "intermediate",
  bounds: Bounds,
  report: ReportViolation,
) {
  if (at(props, "isCaCertificate") !== true) return;
  checkDays(name, "validityPeriodHours", at(props, "validityPeriodHours"), kind, bounds, report);
  const length = at(props, "maxPathLength");
  if (kind === "intermediate" && typeof length !== "number") {
    report(
      violation({
        resource: name,
        path: "maxPathLength",
        message: "an intermediate without a path length may sign further CAs, which nobody would know of.",
        remedy: "Set it to 0.",
      }),
    );
  }
  if (kind === "root" && length === 0) {
    report(
      violation({
        resource: name,
        path: "maxPathLength",
        value: length,
        message: "this root may not have intermediates, so no certificate of a workload would be valid.",
        remedy: "Set it to 1, or leave it out.",
      }),
    );
  }
}

/** https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateSpec: 90 days and RSA 2048 where nothing is set. */
function checkCertManagerCa(
  { name, props }: ResourceValidationArgs,
  bounds: Bounds,
  report: ReportViolation,
) {
  if (at(props, "spec", "isCA") !== true) return;
  const algorithm = at(props, "spec", "privateKey", "algorithm") ?? "RSA";
  const size = at(props, "spec", "privateKey", "size");
  if (algorithm === "RSA") {
    checkRsa(name, "spec.privateKey.size", size ?? 2048, bounds, report);
  } else if (algorithm === "ECDSA") {
    checkCurve(name, "spec.privateKey.size", `P${typeof size === "number" ? size : 256}`, bounds, report);
  } else {
    refuseAlgorithm(name, "spec.privateKey.algorithm", algorithm, report);
  }
  // A Certificate does not say whether its issuer signs itself: what is as long-lived as a root counts as one.
  const hours = goHours(at(props, "spec", "duration") ?? "2160h");
  const kind = hours !== undefined && hours > bounds.intermediateDays.max * 24 ? "root" : "intermediate";
  checkDays(name, "spec.duration", hours, kind, bounds, report);
}

/** The intermediate that istiod signs with, wherever it comes from: its key lies in a cluster. */
function checkWrittenCa({ name, props }: ResourceValidationArgs, bounds: Bounds, report: ReportViolation) {
  const [certificate] = certificatesIn(props, "ca-cert.pem");
  if (certificate === undefined) return;
  const path = 'data["ca-cert.pem"]';
  const { asymmetricKeyType: type, asymmetricKeyDetails: key } = certificate.publicKey;
  if (type === "rsa") checkRsa(name, path, key?.modulusLength, bounds, report);
  else if (type === "ec")
    checkCurve(name, path, curveNames[key?.namedCurve ?? ""] ?? key?.namedCurve, bounds, report);
  else refuseAlgorithm(name, path, type, report);
  const hours = Math.round(lifetimeOf(certificate) / 3_600_000);
  const remedy = "Have it issued for a time between them, or leave it out: then Weft makes one.";
  checkDays(name, path, hours, "intermediate", bounds, report, remedy);
}

/** OpenSSL's names of curves. */
const curveNames: Record<string, string> = { prime256v1: "P256", secp384r1: "P384", secp521r1: "P521" };

function checkDays(
  resource: string,
  path: string,
  hours: unknown,
  kind: "root" | "intermediate",
  bounds: Bounds,
  report: ReportViolation,
  remedy = `Set weft:mesh.trust.${kind}LifetimeDays to a value between them.`,
) {
  if (typeof hours !== "number") return;
  const { min, max } = kind === "root" ? bounds.rootDays : bounds.intermediateDays;
  if (hours >= min * 24 && hours <= max * 24) return;
  report(
    violation({
      resource,
      path,
      value: hours,
      message: `${kind === "root" ? "a root" : "an intermediate"} valid for ${Math.round(hours / 24)} days, where ${min} to ${max} are allowed.`,
      remedy,
    }),
  );
}

function checkRsa(
  resource: string,
  path: string,
  bits: unknown,
  { minRsaBits }: Bounds,
  report: ReportViolation,
) {
  if (typeof bits !== "number" || bits >= minRsaBits) return;
  report(
    violation({
      resource,
      path,
      value: bits,
      message: `an RSA key of a CA has at least ${minRsaBits} bits.`,
      remedy: "Use RSA with 4096 bits, or ECDSA on P256 (weft:mesh.trust.algorithm).",
    }),
  );
}

function checkCurve(
  resource: string,
  path: string,
  curve: unknown,
  { curves }: Bounds,
  report: ReportViolation,
) {
  if (typeof curve !== "string" || curves.includes(curve)) return;
  report(
    violation({
      resource,
      path,
      value: curve,
      message: `an ECDSA key of a CA is on ${curves.join(" or ")}.`,
      remedy: "Use P256 (weft:mesh.trust.algorithm: ECDSA-P256).",
    }),
  );
}

function refuseAlgorithm(resource: string, path: string, algorithm: unknown, report: ReportViolation) {
  if (typeof algorithm !== "string") return;
  report(
    violation({
      resource,
      path,
      value: algorithm,
      message: "a CA's key is ECDSA or RSA.",
      remedy: "Use ECDSA on P256 (weft:mesh.trust.algorithm: ECDSA-P256).",
    }),
  );
}

/** Hours of a Go duration such as `8760h` or `2160h0m0s`. */
function goHours(duration: unknown): number | undefined {
  if (typeof duration !== "string") return undefined;
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  if (parts === null) return undefined;
  const [hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return hours! + minutes! / 60 + seconds! / 3600;
}
