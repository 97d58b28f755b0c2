import { X509Certificate } from "node:crypto";
import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { at, isKind, violation } from "./resource";

const secretName = "cacerts";

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
          : isKind(resource.type, "core", "Secret") && at(resource.props, "metadata", "name") === secretName
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
  const intermediate = certificates(file(props, "ca-cert.pem"))[0];
  if (intermediate === undefined) return undefined;
  const issuers = [
    ...certificates(file(props, "cert-chain.pem")),
    ...certificates(file(props, "root-cert.pem")),
  ];
  const root = rootOf(intermediate, issuers);
  if (root === undefined) return undefined;
  const end = Date.parse(intermediate.validTo);
  if (end <= Date.parse(root.validTo) && lifetime(intermediate) < lifetime(root)) return undefined;
  return {
    path: 'data["ca-cert.pem"]',
    message: `the intermediate is valid from ${day(intermediate.validFrom)} to ${day(intermediate.validTo)}, its root from ${day(root.validFrom)} to ${day(root.validTo)}.`,
    remedy: "Issue an intermediate that ends before its root, or rotate the root first (docs/trust.md).",
  };
}

function file(props: unknown, name: string): string {
  const data = at(props, "data", name);
  if (typeof data === "string") return Buffer.from(data, "base64").toString("utf8");
  const text = at(props, "stringData", name);
  return typeof text === "string" ? text : "";
}

/** Whether the PEM can be read at all is for the program to say, with the setting it came from. */
function certificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
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

const lifetime = ({ validFrom, validTo }: X509Certificate) => Date.parse(validTo) - Date.parse(validFrom);
const day = (time: string) => new Date(time).toISOString().slice(0, 10);
