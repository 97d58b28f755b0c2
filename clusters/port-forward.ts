/** A connection to a port of a pod, through its API server and its kubelet: to the pod it comes from its own localhost. */
import { duplexPair, Writable, type Duplex } from "node:stream";
import { ApiServerError, failure, type ApiClient } from "./api-client";
import { libraryConfig } from "./library-config";

export interface PodPort {
  namespace: string;
  pod: string;
  port: number;
  /** Milliseconds until it stands. */
  timeoutMs: number;
}

/** The part of the client's WebSocket that matters here. */
interface Socket {
  terminate(): void;
  onclose: unknown;
}

/**
 * Needs the rights to `get` pods/portforward, because a WebSocket is asked for by GET, and from Kubernetes 1.35 on to `create` it.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/
 * @param api its credentials, its proxy and its time are used; the connection ends with it.
 * @returns destroyed with an ApiServerError where nobody listens at the port. To destroy it ends the connection.
 * @throws ApiServerError
 */
export async function portForward(
  api: ApiClient,
  { namespace, pod, port, timeoutMs }: PodPort,
): Promise<Duplex> {
  const { PortForward } = await import("@kubernetes/client-node");
  const config = await libraryConfig(api, { handshakeTimeout: timeoutMs });
  const { signal } = api.transport.options;

  const [near, far] = duplexPair();
  const complaints = new Writable({
    write: (complaint: Buffer, _, done) => {
      if (complaint.length > 0) near.destroy(new ApiServerError("unreachable", "ECONNREFUSED"));
      done();
    },
  });
  let socket: Socket;
  try {
    const opened: unknown = await new PortForward(config).portForward(
      namespace,
      pod,
      [port],
      far,
      complaints,
      far,
    );
    socket = opened as Socket;
  } catch (error) {
    throw refusal(error as { message?: string; error?: Error });
  }
  const end = () => near.destroy(failure(Object.assign(new Error(), { code: "ABORT_ERR" })));
  signal?.addEventListener("abort", end);
  socket.onclose = () => far.end();
  near.once("close", () => {
    signal?.removeEventListener("abort", end);
    socket.terminate();
  });
  return near;
}

/** The client says in words alone with which status it was refused, or that it took too long. */
function refusal({ message = "", error }: { message?: string; error?: Error }): ApiServerError {
  const [, status] = /server response: (\d{3})/.exec(message) ?? [];
  if (status !== undefined) return new ApiServerError("status", status);
  return message.includes("timed out")
    ? new ApiServerError("timeout", "ETIMEDOUT")
    : failure(error ?? new Error());
}
