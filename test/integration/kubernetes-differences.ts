/** Where an answer of the double may differ from the recorded one, and why. Whatever is not listed here must be equal. */
import { chartVersion, decode, isObject, type World } from "./kubernetes-replay";
import type { Json, JsonObject } from "./provider-plugin";

interface Rule {
  /** Path of the value in the answer: `properties.metadata.uid`. */
  readonly at: RegExp;
  /** Types of the resources (end of their names). @default all */
  readonly of?: RegExp;
  /** What the double's value must look like. */
  readonly form: (own: Json, recorded: Json, context: Context) => boolean;
  readonly reason: string;
}

interface Context {
  readonly urn: string;
  readonly world: World;
  /** The last key of the path. */
  readonly key: string;
  /** The names of field managers here, by those that were recorded. */
  readonly managers: Map<string, string>;
}

const text = (pattern: RegExp) => (own: Json) => typeof own === "string" && pattern.test(own);
const isTime = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const isUid = text(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const isIp = text(/^\d+\.\d+\.\d+\.\d+$/);
const manager = /^pulumi-kubernetes-[0-9a-f]{8}$/;

const rules: readonly Rule[] = [
  {
    at: /\bmetadata\.uid$|service-account\.uid"\]$/,
    form: isUid,
    reason: "the API server makes it",
  },
  {
    at: /\bmetadata\.resourceVersion$/,
    form: text(/^\d+$/),
    reason: "the API server counts it",
  },
  {
    at: /\bmetadata\.creationTimestamp$|\.managedFields\[\d+\]\.time$/,
    form: isTime,
    reason: "of its moment",
  },
  {
    at: /__fieldManager$|\.managedFields\[\d+\]\.manager$/,
    form: (own, recorded, { managers }) => {
      if (typeof own !== "string" || typeof recorded !== "string") return false;
      if (!manager.test(recorded)) return own === recorded;
      if (!managers.has(recorded)) managers.set(recorded, own);
      return manager.test(own) && managers.get(recorded) === own;
    },
    reason: "random, but the same wherever the recorded one is the same",
  },
  {
    at: /\bdata(\.[^.]+|\["[^"]+"\])$/,
    of: /-(cacerts|peers)$/,
    form: (own, recorded, { urn, key, world }) =>
      own === (placeholder(recorded) ? world.secretValue(urn, key) : recorded),
    reason: "the recording has placeholders: it must be what the Secret was given",
  },
  {
    at: /\bdata\.token$/,
    of: /-reader-token-\d$/,
    form: (own, recorded) =>
      placeholder(recorded) && typeof own === "string" && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(decode(own)),
    reason: "the recording has a placeholder: it must be a JWT",
  },
  {
    at: /\bdata\["ca\.crt"\]$/,
    of: /-reader-token-\d$/,
    form: (own, recorded) =>
      placeholder(recorded) &&
      typeof own === "string" &&
      decode(own).startsWith("-----BEGIN CERTIFICATE-----"),
    reason: "the recording has a placeholder: it must be a certificate",
  },
  {
    at: /(^|\.)(version|appVersion)$/,
    of: /-(base|istiod|eastwest)$/,
    form: (own, recorded) => recorded === "1.0.0" && own === chartVersion,
    reason: "the stand-in charts have another version",
  },
  {
    at: /\.labels\["(app\.kubernetes\.io\/version|helm\.sh\/chart)"\]$/,
    of: /-eastwest-service$/,
    form: (own, recorded) => typeof recorded === "string" && own === recorded.replace("1.0.0", chartVersion),
    reason: "the stand-in charts have another version",
  },
  {
    at: /(^|\.)resourceNames$/,
    of: /-(base|istiod|eastwest)$/,
    form: (own, recorded) =>
      isObject(recorded) && areNames(own) && Object.keys(own).every((kind) => kind in recorded),
    reason: "the stand-in charts hold less; no kind that the real ones do not hold",
  },
  {
    at: /\bspec\.(clusterIP|clusterIPs\[0\])$|\bingress\[0\]\.ip$/,
    of: /-eastwest-service$/,
    form: isIp,
    reason: "the cluster gives it",
  },
  {
    at: /\bspec\.ports\[\d+\]\.nodePort$/,
    of: /-eastwest-service$/,
    form: (own) => typeof own === "number" && own >= 30000 && own <= 32767,
    reason: "the cluster gives it",
  },
];

const placeholder = (recorded: Json) =>
  typeof recorded === "string" && /^<base64 of \d+ characters>$/.test(recorded);

function areNames(own: Json): own is JsonObject {
  return (
    isObject(own) &&
    Object.keys(own).length > 0 &&
    Object.values(own).every(
      (names) => Array.isArray(names) && names.every((name) => typeof name === "string"),
    )
  );
}

/** The recorded answer with the double's own values where a rule lets them differ and they have the rule's form. */
export class Differences {
  private readonly managers = new Map<string, string>();

  constructor(private readonly world: World) {}

  expected(urn: string, recorded: Json, own: Json, at = ""): Json {
    const key = /\["([^"]+)"\]$/.exec(at)?.[1] ?? at.split(".").at(-1)!;
    const rule = rules.find((rule) => rule.at.test(at) && (rule.of?.test(urn) ?? true));
    if (rule) {
      return rule.form(own, recorded, { urn, key, world: this.world, managers: this.managers })
        ? own
        : recorded;
    }
    if (Array.isArray(recorded)) {
      const elements = Array.isArray(own) ? own : [];
      return recorded.map((value, i) => this.expected(urn, value, elements[i] ?? null, `${at}[${i}]`));
    }
    if (isObject(recorded)) {
      const fields = isObject(own) ? own : {};
      const isSecret = secretMark in recorded;
      return Object.fromEntries(
        Object.entries(recorded).map(([field, value]) => [
          field,
          this.expected(urn, value, fields[field] ?? null, isSecret ? at : join(at, field)),
        ]),
      );
    }
    return recorded;
  }
}

const secretMark = "4dabf18193072939515e22adb298388d";

function join(at: string, field: string): string {
  if (/[."[\]]/.test(field)) return `${at}["${field}"]`;
  return at === "" ? field : `${at}.${field}`;
}
