/** A provider plugin as the engine sees it: a process that prints its port and answers calls of Pulumi's provider protocol. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as service from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

type Message = Record<string, unknown>;
type Call = (request: Message, done: (error: ServiceError | null, answer: Message) => void) => void;

const requests: Record<string, new () => Message> = {
  CheckConfig: messages.CheckRequest,
  DiffConfig: messages.DiffRequest,
  Configure: messages.ConfigureRequest,
  Check: messages.CheckRequest,
  Diff: messages.DiffRequest,
  Create: messages.CreateRequest,
  Read: messages.ReadRequest,
  Update: messages.UpdateRequest,
  Delete: messages.DeleteRequest,
} as unknown as Record<string, new () => Message>;

export class ProviderPlugin {
  private constructor(
    private readonly process: ChildProcess,
    private readonly client: Client,
  ) {}

  /** Starts the plugin's program. */
  static async start(program: string): Promise<ProviderPlugin> {
    const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    const [port] = (await Promise.race([
      once(createInterface(child.stdout), "line"),
      once(child, "exit").then(([code]) => {
        throw new Error(`${program} exited with ${code} before it served`);
      }),
    ])) as [string];
    const { ResourceProviderClient } = service as unknown as {
      ResourceProviderClient: new (
        address: string,
        c: ReturnType<typeof credentials.createInsecure>,
      ) => Client;
    };
    return new ProviderPlugin(
      child,
      new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure()),
    );
  }

  async stop(): Promise<void> {
    this.client.close();
    const exit = once(this.process, "exit");
    this.process.kill();
    await exit;
  }

  /**
   * Makes one call.
   * @param request in protobuf's JSON form, as recorded
   * @returns the answer in the same form: default values are left out
   * @throws ServiceError when the plugin answers with an error
   */
  async call(method: string, request: JsonObject): Promise<JsonObject> {
    const Request = requests[method];
    if (!Request) throw new Error(`no call ${method} in the provider protocol, or not one that was recorded`);
    const call = methodNamed(this.client, method) as Call;
    const answer = await new Promise<Message>((resolve, reject) =>
      call(toMessage(new Request(), request), (error, message) => (error ? reject(error) : resolve(message))),
    );
    return method.startsWith("Diff")
      ? fromDiff(answer as unknown as messages.DiffResponse)
      : fromMessage(answer);
  }
}

/** Finds a method of a generated class, whose names differ from protobuf's JSON names in case alone. */
function methodNamed(message: object, name: string): (...args: unknown[]) => unknown {
  for (let p: unknown = message; p; p = Object.getPrototypeOf(p)) {
    const found = Object.getOwnPropertyNames(p).find((n) => n.toLowerCase() === name.toLowerCase());
    if (found) return ((message as Message)[found] as (...args: unknown[]) => unknown).bind(message);
  }
  throw new Error(`the provider protocol has no ${name} here`);
}

function toMessage(message: Message, json: JsonObject): Message {
  for (const [key, value] of Object.entries(json)) {
    if (Array.isArray(value)) methodNamed(message, `set${key}List`)(value);
    else if (key === "variables") {
      const variables = methodNamed(message, "getVariablesMap")() as Map<string, Json>;
      for (const [name, text] of Object.entries(value as JsonObject)) variables.set(name, text);
    } else if (value !== null && typeof value === "object") {
      methodNamed(message, `set${key}`)(Struct.fromJavaScript(value));
    } else methodNamed(message, `set${key}`)(value);
  }
  return message;
}

function nameIn(enumeration: object, value: number): string {
  return Object.entries(enumeration).find(([, number]) => number === value)![0];
}

/** The first value of an enumeration is the default: protobuf's JSON form does not name it. */
function fromDiff(message: messages.DiffResponse): JsonObject {
  const detailedDiff: JsonObject = {};
  for (const [path, difference] of message.getDetaileddiffMap().entries()) {
    const kind: number = difference.getKind();
    detailedDiff[path] = {
      ...(kind === 0 ? {} : { kind: nameIn(messages.PropertyDiff.Kind, kind) }),
      ...(difference.getInputdiff() ? { inputDiff: true } : {}),
    };
  }
  const changes: number = message.getChanges();
  const rest = fromMessage(message as unknown as Message);
  delete rest.detaileddiffMap;
  return {
    ...rest,
    ...(changes === 0 ? {} : { changes: nameIn(messages.DiffResponse.DiffChanges, changes) }),
    ...(Object.keys(detailedDiff).length === 0 ? {} : { detailedDiff }),
  };
}

function fromMessage(message: Message): JsonObject {
  const json: JsonObject = {};
  const plain = methodNamed(message, "toObject")() as Record<string, unknown>;
  for (const [key, value] of Object.entries(plain)) {
    const name = camelCase[key] ?? key;
    if (value === undefined || value === "" || value === false || value === 0) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    const field =
      key.endsWith("List") || key.endsWith("Map") ? undefined : methodNamed(message, `get${key}`)();
    if (field instanceof Struct) json[name] = field.toJavaScript();
    else json[name] = value as Json;
  }
  return json;
}

/** Names of answers' fields that generated messages write in lower case. */
const camelCase: Record<string, string> = {
  acceptresources: "acceptResources",
  acceptsecrets: "acceptSecrets",
  supportspreview: "supportsPreview",
  supportsautonamingconfiguration: "supportsAutonamingConfiguration",
  hasdetaileddiff: "hasDetailedDiff",
  deletebeforereplace: "deleteBeforeReplace",
  diffsList: "diffs",
  replacesList: "replaces",
};
