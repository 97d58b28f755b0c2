import type { X509Certificate } from "node:crypto";
import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { certificatesIn, isCacerts, lifetimeOf } from "./cacerts";
import { at, violation } from "./resource";

/** What an intermediate signs after its root has ended is valid for nobody, and Istio tells no one beforehand. */
export const intermediateWithinRoot: StackValidationPolicy = {
  name: "intermediate-within-root",
  description: "An intermediate is valid for a shorter time than its root, and not beyond it.",
  enforcementLevel: "mandatory",
  validateStack({ resources }, report) {
    for (const resource of resources) {
      const found =
        resource.type === "tls:index/locallySignedCert:LocallySignedCert"
          ? generated(resource)
          : isCacerts(resource.type, resource.props)
            ? written(resource)
            : undefined;
      if (found !== undefined) report(violation({ resource: resource.name, ...found }), resource.urn);
    }
  },
};

type Finding = { path: string; value?: unknown; message: string; remedy: string };

/** In a preview there is no certificate yet: what counts is what the two are asked to be. */
function generated({ props, propertyDependencies }: PolicyResource): Finding | undefined {
  const root = propertyDependencies.caCertPem?.find(
    ({ type }) => type === "tls:index/selfSignedCert:SelfSignedCert",
  );
  const hours = at(props, "validityPeriodHours");
  const rootHours = at(root?.props, "validityPeriodHours");
  if (typeof hours !== "number" || typeof rootHours !== "number" || hours < rootHours) return undefined;
  return {
    path: "validityPeriodHours",
    value: hours,
    message: `it is not valid for a shorter time than its root ${root?.name} (${rootHours} hours).`,
    remedy: "Lower weft:mesh.trust.intermediateLifetimeDays, or raise rootLifetimeDays.",
  };
}

/** Certificates from anywhere, as istiod will read them. */
function written({ props }: PolicyResource): Finding | undefined {
  const intermediate = certificatesIn(props, "ca-cert.pem")[0];
  if (intermediate === undefined) return undefined;
  const issuers = [...certificatesIn(props, "cert-chain.pem"), ...certificatesIn(props, "root-cert.pem")];
  const root = rootOf(intermediate, issuers);
  if (root === undefined) return undefined;
  const end = Date.parse(intermediate.validTo);
  if (end <= Date.parse(root.validTo) && lifetimeOf(intermediate) < lifetimeOf(root)) return undefined;
  return {
    path: 'data["ca-cert.pem"]',
    message: `the intermediate is valid from ${day(intermediate.validFrom)} to ${day(intermediate.validTo)}, its root from ${day(root.validFrom)} to ${day(root.validTo)}.`,
    remedy: "Issue an intermediate that ends before its root, or rotate the root first (docs/trust.md).",
  };
}

/** The self-signed end of the chain; each step goes to a certificate that was not passed before. */
function rootOf(certificate: X509Certificate, issuers: X509Certificate[]): X509Certificate | undefined {
  const issuer = issuers.find((candidate) => certificate.checkIssued(candidate));
  if (issuer === undefined || issuer.checkIssued(issuer)) return issuer;
  return rootOf(
    issuer,
    issuers.filter((other) => other.fingerprint256 !== issuer.fingerprint256),
  );
}

const day = (time: string) => new Date(time).toISOString().slice(0, 10);
