import { once } from "node:events";
import http from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ApiServerError } from "../../clusters/api-client";
import { resolveKubeconfigs } from "../../clusters/kubeconfig";
import { preflight } from "../../clusters/preflight";
import { proxyFor } from "../../clusters/proxy";
import { parseMesh } from "../../mesh/parse";
import { type FakeApiServer, type Identity, makeIdentity, startFakeApiServer } from "./fake-api-server";

const variables = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
beforeEach(() => variables.forEach((name) => delete process.env[name]));
afterAll(() => {
  for (const name of variables) if (before[name] !== undefined) process.env[name] = before[name];
});

function choose(url: string, environment: Record<string, string>, own?: string): string | undefined {
  Object.assign(process.env, environment);
  return proxyFor(new URL(url), own);
}

test("no proxy is taken when none is named", () => {
  expect(choose("https://10.0.0.5:6443", {})).toBeUndefined();
});

test("the kubeconfig's proxy wins, even where the environment says none", () => {
  const environment = { HTTPS_PROXY: "http://env:1", NO_PROXY: "*" };
  expect(choose("https://10.0.0.5", environment, "socks5://own:1080")).toBe("socks5://own:1080");
});

test("the proxy is the one for the scheme, in either spelling", () => {
  const environment = { https_proxy: "http://secure:1", HTTP_PROXY: "plain:2" };
  expect(choose("https://api.example", environment)).toBe("http://secure:1");
  expect(choose("http://api.example", environment)).toBe("http://plain:2");
});

test.each([
  ["https://127.0.0.1:6443", ""],
  ["https://localhost:6443", ""],
  ["https://[::1]:6443", ""],
  ["https://10.1.2.3:6443", "192.168.0.1, 10.0.0.0/8"],
  ["https://10.1.2.3:6443", "10.1.2.3"],
  ["https://[fd00::1]:6443", "fd00::/8"],
  ["https://api.example.com", "example.com"],
  ["https://example.com", "example.com"],
  ["https://api.example.com", ".example.com"],
  ["https://api.example.com", "*.Example.com"],
  ["https://api.example.com:6443", "example.com:6443"],
  ["https://api.example.com", "*"],
])("%s goes without a proxy when NO_PROXY is '%s'", (url, NO_PROXY) => {
  expect(choose(url, { HTTPS_PROXY: "http://proxy:1", NO_PROXY })).toBeUndefined();
});

test.each([
  ["https://11.1.2.3:6443", "10.0.0.0/8"],
  ["https://example.com", ".example.com"],
  ["https://notexample.com", "example.com"],
  ["https://api.example.com:6443", "example.com:443"],
  ["https://api.example.com", "10.0.0.0/8,,fd00::/8"],
])("%s goes through the proxy when NO_PROXY is '%s'", (url, NO_PROXY) => {
  expect(choose(url, { HTTPS_PROXY: "http://proxy:1", NO_PROXY })).toBe("http://proxy:1");
});

test.each(["http://", "ftp://proxy", "http://a b"])("'%s' in the environment is no proxy", (HTTPS_PROXY) => {
  expect(() => choose("https://10.0.0.5:6443", { HTTPS_PROXY })).toThrow(
    new ApiServerError("proxy", "HTTPS_PROXY"),
  );
});

describe("a cluster is reached by the name that the proxy resolves,", () => {
  const host = "api.behind.example";
  let identity: Identity;
  let server: FakeApiServer;
  beforeAll(async () => {
    identity = await makeIdentity([host]);
  });
  beforeEach(async () => {
    server = await startFakeApiServer(identity, ({ path }) =>
      path === "/version"
        ? { gitVersion: "v1.34.0" }
        : path.endsWith("accessreviews")
          ? { status: { allowed: true } }
          : undefined,
    );
  });
  afterEach(() => server.close());

  async function listening(proxy: Server): Promise<number> {
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    return (proxy.address() as AddressInfo).port;
  }

  function tunnel(downstream: Socket, greeting: string | Buffer) {
    const upstream = connect(server.port, "127.0.0.1", () => {
      downstream.write(greeting);
      upstream.pipe(downstream).pipe(upstream);
    });
    upstream.on("error", () => downstream.destroy());
    downstream.on("error", () => upstream.destroy());
  }

  async function look(proxyUrl: string) {
    const kubeconfig = server.kubeconfig({
      server: `https://${host}:6443`,
      cluster: { "proxy-url": proxyUrl },
    });
    const mesh = parseMesh({
      mesh: { istio: { charts: { oci: "oci://registry.example/charts" } } },
      clusters: [{ name: "a", kubeconfig }],
    });
    expect(await preflight(mesh, await resolveKubeconfigs(mesh), { warn: () => {} })).toHaveLength(1);
  }

  test("through an HTTP proxy", async () => {
    const tunnels: (string | undefined)[] = [];
    const proxy = http.createServer().on("connect", (request: http.IncomingMessage, downstream: Socket) => {
      tunnels.push(request.url);
      tunnel(downstream, "HTTP/1.1 200 OK\r\n\r\n");
    });
    await look(`http://127.0.0.1:${await listening(proxy)}`);
    proxy.close();
    expect(new Set(tunnels)).toEqual(new Set([`${host}:6443`]));
  });

  test("through a SOCKS proxy", async () => {
    const asked: string[] = [];
    // https://www.rfc-editor.org/rfc/rfc1928
    const proxy = createServer((downstream) => {
      downstream.once("data", () => {
        downstream.write(Buffer.from([5, 0]));
        downstream.once("data", (request: Buffer) => {
          const isName = request[3] === 3;
          asked.push(isName ? request.subarray(5, 5 + request[4]!).toString() : "(an address)");
          tunnel(downstream, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        });
      });
    });
    await look(`socks5://127.0.0.1:${await listening(proxy)}`);
    proxy.close();
    expect(new Set(asked)).toEqual(new Set([host]));
  });
});
