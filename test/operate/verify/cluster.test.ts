import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { stringify } from "yaml";
import type { Member } from "../../../mesh/mesh-spec";
import { sampleCluster } from "../../../operate/verify/cluster";
import { makeIdentity, type Identity } from "../../clusters/fake-api-server";

// Compiling the client takes a while.
jest.setTimeout(60_000);

let identity: Identity;
let server: https.Server;
/** What the API server answers, by path: an object, or a status; what is not here is 404. */
let answers: Record<string, object | number>;
/** What it does with an exec. */
let onExec: ((socket: Duplex, path: string) => void) | undefined;

beforeAll(async () => {
  identity = await makeIdentity();
});
beforeEach(async () => {
  onExec = undefined;
  answers = {
    "/api/v1/namespaces/sample/pods?labelSelector=app=helloworld": {
      items: [pod("helloworld-v1-a"), pod("helloworld-v1-b", "Pending"), pod("helloworld-v1-c")],
    },
    "/api/v1/namespaces/sample/pods?labelSelector=app=curl": { items: [pod("curl-a")] },
    "/api/v1/nodes": { items: [{ metadata: { name: "node-1" } }] },
  };
  server = https.createServer({ cert: identity.cert, key: identity.key }, (request, response) => {
    const answer = answers[decodeURIComponent(request.url!)];
    response.statusCode = typeof answer === "number" ? answer : answer === undefined ? 404 : 200;
    response.end(JSON.stringify(answer ?? {}));
  });
  server.on("upgrade", (request, socket) => {
    if (onExec === undefined) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const [protocol] = request.headers["sec-websocket-protocol"]!.split(",");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    socket.on("error", () => socket.destroy());
    // All that a client of exec without stdin has to say is that it closes the connection.
    socket.on("data", () => socket.destroy());
    onExec(socket, decodeURIComponent(request.url!));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function pod(name: string, phase = "Running") {
  return { metadata: { name }, status: { phase } };
}

/** A frame of the exec protocol: channel 1 is stdout, 3 the status. */
function send(socket: Duplex, channel: number, text: string): void {
  const data = Buffer.from(text);
  socket.write(Buffer.concat([Buffer.from([0x82, data.length + 1, channel]), data]));
}

function member(): Promise<Awaited<ReturnType<typeof sampleCluster>>> {
  const { port } = server.address() as AddressInfo;
  const kubeconfig = stringify({
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
    clusters: [
      {
        name: "here",
        cluster: {
          server: `https://127.0.0.1:${port}`,
          "certificate-authority-data": Buffer.from(identity.ca).toString("base64"),
        },
      },
    ],
    users: [{ name: "me", user: { token: "s3cr3t-token" } }],
  });
  return sampleCluster({ name: "a", path: "weft:clusters[0]", kubeconfig } as Member, 10_000);
}

test("the pods of helloworld are those that run", async () => {
  expect(await (await member()).helloworlds()).toEqual(["helloworld-v1-a", "helloworld-v1-c"]);
});

test("a command runs in the curl container, and its output is what it printed", async () => {
  let asked = "";
  onExec = (socket, path) => {
    asked = path;
    send(socket, 1, "Hello ");
    send(socket, 1, "world\n");
    send(socket, 3, JSON.stringify({ status: "Success" }));
  };
  expect(await (await member()).run(["sh", "-c", "true"])).toBe("Hello world\n");
  expect(asked).toContain("/api/v1/namespaces/sample/pods/curl-a/exec?");
  expect(asked).toContain("command=sh&command=-c&command=true&container=curl");
});

test("a command that cannot be run is an error that says why and what to try", async () => {
  const failure = { status: "Failure", reason: "InternalError", message: "container not found" };
  onExec = (socket) => send(socket, 3, JSON.stringify(failure));
  await expect((await member()).run(["true"])).rejects.toThrow(
    /^a: the command could not be run in pod curl-a: container not found\. `kubectl .*-n sample exec curl-a/,
  );
});

test("a refused exec is an error that names no token", async () => {
  const error = await (await member()).run(["true"]).catch((thrown: Error) => thrown);
  expect(String(error)).toMatch(
    /could not be run in pod curl-a: .*403.* needs the right to create pods\/exec/,
  );
  expect(String(error)).not.toContain("s3cr3t");
});

test("a connection that is lost is no measurement", async () => {
  onExec = (socket) => {
    send(socket, 1, "half");
    socket.destroy();
  };
  await expect((await member()).run(["true"])).rejects.toThrow("the connection was closed");
});

test("simulated nodes are told from real ones before anything else is looked for", async () => {
  const simulated = { metadata: { name: "n", annotations: { "kwok.x-k8s.io/node": "fake" } } };
  answers = { "/api/v1/nodes": { items: [simulated] } };
  await expect((await member()).helloworlds()).rejects.toThrow(
    "a: no request can be sent: its nodes are simulated by KWOK, and no workload runs in its pods.",
  );
});

test("who may not look at nodes may verify all the same", async () => {
  answers["/api/v1/nodes"] = 403;
  expect(await (await member()).helloworlds()).toEqual(["helloworld-v1-a", "helloworld-v1-c"]);
});

test("where no sample runs, the error says what to set", async () => {
  answers = {};
  await expect((await member()).helloworlds()).rejects.toThrow(
    "a: no pod of helloworld runs in namespace sample. Does stack config have `weft:mesh.sample: {}`",
  );
});
