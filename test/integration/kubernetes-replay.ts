/**
 * The world in which the recorded calls of the kubernetes provider are made again: other clusters, other charts, other keys.
 *
 * The recordings were shortened: `<state>`, `<inputs>` and `<checked>` stand for what the engine would send at that place, the
 * resource's last state, last inputs, and the inputs out of its last Check (each equal to what was recorded there). So the double
 * gets its own answers back, as it would from the engine.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Json, JsonObject } from "./provider-plugin";

export interface Call {
  readonly method: string;
  readonly request: JsonObject & { name: string; urn: string };
  readonly response?: JsonObject;
  readonly error?: readonly string[];
}

const fixtures = path.join(__dirname, "../fixtures/recordings");

export const steps = fs
  .readdirSync(fixtures)
  .filter((file) => file.startsWith("kubernetes-"))
  .sort();

export function callsOf(step: string): Call[] {
  return fs
    .readFileSync(path.join(fixtures, step), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Call);
}

/** Recorded names of the charts (Istio's own tree), and the folders of the stand-ins. */
const charts: Record<string, string> = {
  "CHARTS/base": "base",
  "CHARTS/gateway": "gateway",
  "CHARTS/istio-control/istio-discovery": "istiod",
};
const chartFolder = path.join(__dirname, "../../lab/doubles/charts");

const secretMark = "4dabf18193072939515e22adb298388d";
export const encode = (text: string) => Buffer.from(text).toString("base64");
export const decode = (text: string) => Buffer.from(text, "base64").toString();

/** What a secret wrapper holds; anything else is itself. */
export function bare(value: Json | undefined): Json {
  return isObject(value) && secretMark in value ? value.value! : (value ?? null);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The member whose provider manages a resource: that of its name; the resources that fail are c1's. */
export const memberOf = (resource: string) => /^(c1|c2|dead)/.exec(resource)?.[0] ?? "c1";

/**
 * The answer with the entries of each `managedFields` in an order that no clock decides: the API server sorts them by the second of
 * their last write before it sorts them by manager (`sortEncodedManagedFields` in k8s.io/apimachinery), so two that wrote within one second
 * change places where a second ends between them.
 */
export function withManagersInOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(withManagersInOrder);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      key === "managedFields" && Array.isArray(field)
        ? [...field].sort((a, b) => writer(a).localeCompare(writer(b)))
        : withManagersInOrder(field),
    ]),
  );
}

/** Who wrote an entry of `managedFields`, and how; the random part of a manager's name is no part of it. */
function writer(entry: Json): string {
  const { operation, manager, subresource = "" } = entry as Record<string, string>;
  return [operation, manager!.replace(/-[0-9a-f]{8}$/, ""), subresource].join(" ");
}

export class World {
  /** By URN: what the engine would remember. */
  private readonly states = new Map<string, JsonObject>();
  private readonly inputs = new Map<string, JsonObject>();
  private readonly checked = new Map<string, JsonObject>();
  /** By URN and key: base64 of what a Secret holds. */
  private readonly secrets = new Map<string, string>();

  /** @param kubeconfigs contents, by member */
  constructor(private readonly kubeconfigs: Readonly<Record<string, string>>) {}

  /** The recorded request as it is to be made here. */
  request({ request, method }: Call): JsonObject {
    const { urn } = request;
    const known: Record<string, JsonObject | undefined> = {
      "<state>": this.states.get(urn),
      "<inputs>": this.inputs.get(urn),
      "<checked>": this.checked.get(urn),
    };
    const translated = Object.fromEntries(
      Object.entries(request).map(([field, value]) => {
        if (typeof value !== "string" || !(value in known)) return [field, this.translate(value, request)];
        const own = known[value];
        if (own === undefined) throw new Error(`${method} ${urn}: nothing is known of its ${value}`);
        return [field, own];
      }),
    );
    if (method === "Check") this.noteStringData(urn, translated.news);
    return translated;
  }

  translate(value: Json, request: Call["request"]): Json {
    if (Array.isArray(value)) return value.map((element) => this.translate(element, request));
    if (isObject(value)) {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, this.translate(v, request)]));
    }
    if (typeof value !== "string") return value;
    if (value === "<kubeconfig>") return this.kubeconfigs[memberOf(request.name)]!;
    if (charts[value] !== undefined) return path.join(chartFolder, charts[value]);
    return value
      .replace(
        /<PEM:([A-Z ]+)>/g,
        (_, kind: string) => `-----BEGIN ${kind}-----\nQUJD\n-----END ${kind}-----\n`,
      )
      .replace("<JWT>", () => this.tokenOf(memberOf(request.name) === "c1" ? "c2" : "c1"));
  }

  /** Keeps what the engine would keep of the answer. */
  remember({ method, request }: Call, sent: JsonObject, answer: JsonObject): void {
    const { urn } = request;
    if (method === "Check") this.checked.set(urn, answer.inputs as JsonObject);
    if (request.preview === true) return;
    if (method === "Create" || method === "Update") {
      this.states.set(urn, answer.properties as JsonObject);
      this.inputs.set(urn, (method === "Create" ? sent.properties : sent.news) as JsonObject);
      this.noteToken(urn, answer.properties as JsonObject);
    }
    if (method === "Read" && answer.id !== undefined) {
      this.states.set(urn, answer.properties as JsonObject);
      this.inputs.set(urn, answer.inputs as JsonObject);
    }
  }

  /** Base64 of what the Secret was given, or of what its controller gave it. */
  secretValue(urn: string, key: string): string | undefined {
    return this.secrets.get(`${urn} ${key}`);
  }

  private noteStringData(urn: string, news: Json | undefined): void {
    const data = isObject(news) ? bare(news.stringData) : null;
    for (const [key, value] of Object.entries(isObject(data) ? data : {})) {
      this.secrets.set(`${urn} ${key}`, encode(value as string));
    }
  }

  private noteToken(urn: string, properties: JsonObject): void {
    if (!urn.includes("reader-token")) return;
    const data = bare(properties.data) as JsonObject;
    for (const [key, value] of Object.entries(data)) this.secrets.set(`${urn} ${key}`, value as string);
  }

  private tokenOf(member: string): string {
    const tokens = [...this.secrets].filter(
      ([key]) => key.includes(`::${member}-reader-token`) && / token$/.test(key),
    );
    const last = tokens.at(-1);
    if (last === undefined) throw new Error(`${member} has no token yet`);
    return decode(last[1]);
  }
}

/** Version of the stand-in charts; all are of one. */
export const chartVersion = /^version: (.+)$/m.exec(
  fs.readFileSync(path.join(chartFolder, "base/Chart.yaml"), "utf8"),
)![1]!;
