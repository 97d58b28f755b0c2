/**
 * The forms that a value can have. Every error text is the expected form: schema-problems.ts puts "Expected …" before it.
 */
import { isIP } from "node:net";
import { z } from "zod";
import { parseAddressRange } from "../address-range";
import { serialNumber } from "../crl";
import { pemBlocks } from "../pem";

/**
 * Marks a value that must never be shown, not even in the error that refuses it.
 * Ask with `secrets.get(schema)`: `has` does not see the mark on what `describe` made of a marked schema.
 */
export const secrets = z.registry<{ secret: true }>();

/** Marks a text that only people read, so that it may hold anything, a secret too. */
export const prose = z.registry<{ prose: true }>();

export const written = (form: string, pattern?: RegExp) => {
  const string = z.string({ error: form }).trim().min(1, { error: form });
  return pattern === undefined ? string : string.regex(pattern, { error: form });
};
export const whole = (min: number, max?: number) => {
  const error = max === undefined ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`;
  const number = z.int({ error }).min(min, { error });
  return max === undefined ? number : number.max(max, { error });
};
export const flag = () => z.boolean({ error: "true or false" });

export const text = written("text");
const dnsLabel = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
export const dns1123 = written(
  "a DNS-1123 label (lower-case letters, digits and '-', at most 63 characters)",
  new RegExp(`^${dnsLabel}$`),
);
/** What Istio takes for a host of a Gateway: no short name, no address (ValidateWildcardDomain in pkg/config/validation). */
export const routeHost = written(
  "a DNS name in lower case of two labels or more, the first of which may be '*'",
  new RegExp(`^(?=.{1,253}$)(?!.*\\.\\d+$)(\\*|${dnsLabel})(\\.${dnsLabel})+$`),
);
export const serviceName = written("a Service as name.namespace", new RegExp(`^${dnsLabel}\\.${dnsLabel}$`));
export const labelValue = written(
  "a Kubernetes label value (letters, digits, '-', '_' and '.', at most 63 characters)",
  /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
);
const hostForm = "an IP address or a DNS name; its port goes into `port`";
const dnsName = new RegExp(`^(?=.{1,253}$)(?!(.*\\.)?\\d+$)${dnsLabel}(\\.${dnsLabel})*$`, "i");
/** An address of a link alone (`fe80::1%eth0`) leads nobody else anywhere. */
export const host = written(hostForm).refine(
  (text) => (isIP(text) !== 0 && !text.includes("%")) || dnsName.test(text),
  { error: hostForm },
);
export const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: "a CIDR such as 10.0.0.0/8" });
const addressRangeForm = "an IPv4 range such as 10.89.1.200-10.89.1.220, or an IPv4 CIDR";
export const addressRange = written(addressRangeForm).refine((range) => parseAddressRange(range), {
  error: addressRangeForm,
});
export const port = whole(1, 65535);
export const days = whole(1);
export const semver = written(
  "a version of three numbers such as 1.30.5, without a leading v",
  /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/,
);
export const url = (protocol: RegExp, form: string) => z.url({ protocol, error: form });
/** What stands around the blocks is left out, and so is what is neither a certificate nor a private key (EC PARAMETERS, for one). */
export const pem = (label: "CERTIFICATE" | "PRIVATE KEY") => {
  const error = `PEM with a ${label} block`;
  return z
    .string({ error })
    .overwrite((text) => {
      // A key beside a certificate is not left out: rules.ts says that it does not belong there.
      const labels = label === "CERTIFICATE" ? [label, "PRIVATE KEY"] : [label];
      return labels.flatMap((wanted) => pemBlocks(text, wanted)).join("\n");
    })
    .regex(new RegExp(`^-----BEGIN [A-Z0-9 ]*${label}-----`), { error });
};
/** Lists alone: what openssl prints around them is left out. */
export const crls = (() => {
  const error = "PEM with X509 CRL blocks";
  return z
    .string({ error })
    .overwrite((text) => pemBlocks(text, "X509 CRL").join("\n"))
    .regex(/^-----BEGIN X509 CRL-----/, { error });
})();
const hexadecimal = /^[0-9A-Fa-f]{1,2}(:?[0-9A-Fa-f]{2})*$/;
export const serial = written(
  "a serial number in hexadecimal, as `openssl x509 -serial` prints it",
  hexadecimal,
).overwrite((text) => (hexadecimal.test(text) ? serialNumber(text) : text));
export const values = z.record(z.string(), z.unknown(), { error: "a map of Helm values" });
/** Keys of labels and annotations: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
export const objectKeys = <Values extends z.ZodType<Record<string, string>>>(values: Values, of: string) => {
  const key = new RegExp(
    `^((?=[^/]{1,253}/)${dnsLabel}(\\.${dnsLabel})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`,
  );
  return values.refine((map) => Object.keys(map).every((name) => key.test(name)), {
    error: `${of} whose keys are names such as example.com/team`,
  });
};
export const annotations = z.record(z.string(), z.string({ error: "text" }), { error: "a map of text" });
