/** An API server in this process: real TLS with a CA of its own, and answers given by the test. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { authority } from "../mesh/authorities";

export interface Identity {
  /** PEM. */
  ca: string;
  cert: string;
  key: string;
}

/** A CA, and a certificate by it for the names. */
export async function makeIdentity(
  names: string[] = ["127.0.0.1"],
  notAfter = new Date(Date.now() + 3_600_000),
): Promise<Identity> {
  const from = new Date(Date.now() - 7_200_000);
  const ca = await authority("fake-ca", { from, to: new Date(Date.now() + 3_600_000) });
  const { certificate, key } = await authority("fake", {
    issuer: ca,
    ca: false,
    from,
    to: notAfter,
    serves: names,
  });
  return { ca: ca.certificate, cert: certificate, key };
}

export interface Request {
  method: string;
  path: string;
  headers: NodeJS.Dict<string | string[]>;
  body?: unknown;
}
/** A status other than 200, with a body. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly body: object,
  ) {}
}

/** A status alone, or what to answer with 200, a Buffer as it is; undefined: 404; "silence": no answer at all. */
export type Answer = number | object | "silence" | undefined;

export interface FakeApiServer {
  url: string;
  port: number;
  requests: Request[];
  /** How many connections are open. */
  connections(): Promise<number>;
  close(): Promise<void>;
  /** What to do with a request for another protocol. Default: 403. */
  onUpgrade: (request: IncomingMessage, socket: Duplex) => void;
  /** A kubeconfig that leads here. */
  kubeconfig(parts?: { cluster?: object; user?: object; server?: string }): string;
}

/** @param headers of every answer. */
export async function startFakeApiServer(
  identity: Identity,
  answer: (request: Request) => Answer | Promise<Answer>,
  headers: Record<string, string> = {},
): Promise<FakeApiServer> {
  const requests: Request[] = [];
  const server = https.createServer({ cert: identity.cert, key: identity.key }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => void respond());
    const respond = async () => {
      const text = Buffer.concat(chunks).toString();
      const request: Request = {
        method: incoming.method!,
        path: incoming.url!,
        headers: incoming.headers,
        ...(text === "" ? {} : { body: JSON.parse(text) as unknown }),
      };
      requests.push(request);
      const given = await answer(request);
      if (given === "silence") return;
      const body = given instanceof Refusal ? given.body : given;
      response.statusCode =
        given instanceof Refusal
          ? given.status
          : typeof given === "number"
            ? given
            : given === undefined
              ? 404
              : 200;
      response.setHeader("Content-Type", "application/json");
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (Buffer.isBuffer(body)) return response.end(body);
      response.end(
        JSON.stringify(typeof body === "object" ? body : { kind: "Status", code: response.statusCode }),
      );
    };
  });
  // Longer than any test: idle connections are for the client to close.
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  const fake: FakeApiServer = {
    url,
    port,
    requests,
    onUpgrade: (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"),
    connections: () => promisify(server.getConnections.bind(server))(),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      await closed;
    },
    kubeconfig: (parts) =>
      stringify({
        "current-context": "here",
        contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
        clusters: [
          {
            name: "here",
            cluster: {
              server: parts?.server ?? url,
              "certificate-authority-data": Buffer.from(identity.ca).toString("base64"),
              ...parts?.cluster,
            },
          },
        ],
        users: [{ name: "me", user: parts?.user ?? { token: "s3cr3t-token" } }],
      }),
  };
  const upgraded: Duplex[] = [];
  server.on("upgrade", (request, socket) => {
    upgraded.push(socket);
    socket.on("error", () => socket.destroy());
    fake.onUpgrade(request, socket);
  });
  return fake;
}
