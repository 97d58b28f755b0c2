/** Does an east-west gateway speak TLS as a member of the mesh? */
import tls from "node:tls";
import { known, unknown, type Fact, type Handshake } from "./facts";

export interface HandshakeTarget {
  /** IP address or host name. */
  host: string;
  port: number;
  /** The service to ask for: `outbound_.5000_._.helloworld.sample.svc.cluster.local`. */
  serverName: string;
  /** PEM of the roots that the member trusts. */
  roots: string;
  timeoutMs: number;
}

/**
 * Begins a handshake as a proxy of another network does, but shows no certificate: how the gateway's side looks shows before.
 * A gateway passes on only what asks with Istio's protocol for a service with proxies of its own
 * (builtAutoPassthroughFilterChains in pilot/pkg/networking/core/gateway.go).
 */
export function handshake({
  host,
  port,
  serverName,
  roots,
  timeoutMs,
}: HandshakeTarget): Promise<Fact<Handshake>> {
  return new Promise((resolve) => {
    let connected = false;
    const socket = tls.connect({
      host,
      port,
      servername: serverName,
      ALPNProtocols: ["istio"],
      ca: roots,
      // Certificates of workloads name a SPIFFE identity, not a host.
      checkServerIdentity: () => undefined,
      // The verdict is wanted, not the connection.
      rejectUnauthorized: false,
    });
    const timer = setTimeout(() => finish(unknown(`${host}:${port} does not answer here`)), timeoutMs);
    const finish = (fact: Fact<Handshake>) => {
      clearTimeout(timer);
      resolve(fact);
      socket.destroy();
    };
    socket.on("connect", () => (connected = true));
    socket.on("secureConnect", () => {
      const code = String(socket.authorizationError);
      finish(known(socket.authorized ? { outcome: "trusted" } : { outcome: "untrusted", code }));
    });
    const ended = (code: string) =>
      finish(
        connected
          ? known({ outcome: "closed", code })
          : unknown(`${host}:${port} is not reached from here (${code})`),
      );
    socket.on("error", (error: NodeJS.ErrnoException) => ended(error.code ?? "ERR_UNKNOWN"));
    socket.on("close", () => ended("closed"));
  });
}
