import { isLoopback, loopbackProblem, peerAddress } from "../../mesh/peer-address";
import { parseMesh } from "../../mesh/parse";

it.each([
  "https://127.0.0.1:6443",
  "https://127.8.9.10",
  "https://localhost:6443",
  "https://LOCALHOST.:6443",
  "https://api.cluster1.localhost",
  "https://0.0.0.0:6443",
  "https://[::1]:6443",
  "https://[::]:6443",
  "https://[::ffff:127.0.0.1]:6443",
])("%s is a loopback address", (url) => {
  expect(isLoopback(url)).toBe(true);
});

it.each([
  "https://10.0.0.5:6443",
  "https://128.0.0.1",
  "https://localhost.example",
  "https://[fd00::1]:6443",
  "https://kubernetes.default.svc",
  "no URL",
])("%s is not", (url) => {
  expect(isLoopback(url)).toBe(false);
});

it("the server of a kubeconfig is judged like `apiServer`, which is what to set", () => {
  const mesh = parseMesh({
    clusters: [
      { name: "b", context: "kind-b" },
      { name: "a", context: "kind-a" },
    ],
  });
  expect(loopbackProblem(mesh, mesh.members[1]!, "https://127.0.0.1:6443")).toEqual({
    path: "weft:clusters[0].apiServer",
    value: "https://127.0.0.1:6443",
    message: "A loopback address: from a it does not lead to the API server of b.",
    remedy: "Set it to the URL at which the API server is reached from the other clusters.",
  });
  expect(loopbackProblem(mesh, mesh.members[1]!, "https://10.0.0.5:6443")).toBeUndefined();
});

describe("the address for the peers", () => {
  const kubeconfig = { server: "https://proxy", insecureSkipTlsVerify: false, tlsServerName: "teleport" };

  test("is the kubeconfig's server, and its certificate has the name that the kubeconfig expects", () => {
    expect(peerAddress({}, kubeconfig)).toEqual(kubeconfig);
  });

  test("is `apiServer` where it is given, and its certificate has that host's name", () => {
    expect(peerAddress({ apiServer: { url: "https://10.0.0.5:6443" } }, kubeconfig)).toEqual({
      server: "https://10.0.0.5:6443",
      insecureSkipTlsVerify: false,
    });
  });

  const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  test.each([
    ["PEM", pem],
    ["base64", Buffer.from(pem).toString("base64")],
  ])("has the CA that is given as %s, the name and the proxy, and is verified by it", (_, caData) => {
    const apiServer = {
      url: "https://east.internal",
      caData,
      tlsServerName: "east",
      proxyUrl: "http://bastion:1",
    };
    expect(peerAddress({ apiServer }, { ...kubeconfig, insecureSkipTlsVerify: true })).toEqual({
      server: "https://east.internal",
      insecureSkipTlsVerify: false,
      caData: Buffer.from(pem).toString("base64"),
      tlsServerName: "east",
      proxyUrl: "http://bastion:1",
    });
  });
});
