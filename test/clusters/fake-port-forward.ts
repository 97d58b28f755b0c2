/** Port-forwards of a fake API server, to HTTP servers in this process. */
import { createHash } from "node:crypto";
import http from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import type { FakeApiServer } from "./fake-api-server";

/** An HTTP server behind a port of a pod; a status with which the API server refuses; or what the kubelet complains of. */
export type Pod = http.RequestListener | number | { complaint: string } | "silence";

/**
 * Speaks Kubernetes' WebSocket protocol for port-forward: channel 0 carries the data, 1 what went wrong, and the port begins each
 * (staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go).
 */
export function forwardPorts(
  server: FakeApiServer,
  podAt: (path: string, headers: http.IncomingHttpHeaders) => Pod,
): void {
  server.onUpgrade = ({ url = "", headers }, socket) => {
    const pod = podAt(url, headers);
    if (pod === "silence") return;
    if (typeof pod === "number") return void socket.end(`HTTP/1.1 ${pod} Refused\r\n\r\n`);
    const accept = createHash("sha1")
      .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const [protocol] = headers["sec-websocket-protocol"]!.split(",");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    const port = Buffer.alloc(2);
    port.writeUInt16LE(Number(new URL(url, server.url).searchParams.get("ports")));
    send(socket, 0, port);
    send(socket, 1, port);
    if (typeof pod === "object") return send(socket, 1, Buffer.from(pod.complaint));

    const [near, far] = duplexPair();
    const behind = http.createServer(pod);
    behind.emit("connection", far);
    near.on("data", (data: Buffer) => {
      for (let at = 0; at < data.length; at += 1000) send(socket, 0, data.subarray(at, at + 1000));
    });
    near.on("end", () => socket.end());
    far.on("close", () => socket.end());
    socket.on("close", () => near.destroy());
    receive(socket, (data) => near.write(data));
  };
}

function send(socket: Duplex, channel: number, data: Buffer): void {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(data.length + 1);
  socket.write(Buffer.concat([Buffer.from([0x82, 126]), length, Buffer.from([channel]), data]));
}

/** What comes on channel 0: frames of clients are masked. */
function receive(socket: Duplex, on: (data: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 4) return;
      const short = rest[1]! & 0x7f;
      const header = short === 126 ? 4 : 2;
      const length = short === 126 ? rest.readUInt16BE(2) : short;
      if (rest.length < header + 4 + length) return;
      const mask = rest.subarray(header, header + 4);
      const payload = Buffer.from(rest.subarray(header + 4, header + 4 + length));
      for (let at = 0; at < length; at++) payload[at]! ^= mask[at % 4]!;
      if (rest[0] === 0x82 && payload[0] === 0) on(payload.subarray(1));
      rest = rest.subarray(header + 4 + length);
    }
  });
}
