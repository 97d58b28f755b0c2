import { parse } from "yaml";
import { peerKubeconfig } from "../../mesh/peer-kubeconfig";

const access = {
  cluster: "a",
  server: "https://a",
  token: "t",
  caData: "Q0E=",
  insecureSkipTlsVerify: false,
};

test("names cluster, context and user after the peer, and trusts its CA", () => {
  expect(
    peerKubeconfig({
      ...access,
      cluster: "cluster2",
      server: "https://10.0.0.6:6443",
      token: "the-token",
    }),
  ).toBe(`apiVersion: v1
clusters:
  - cluster:
      certificate-authority-data: Q0E=
      server: https://10.0.0.6:6443
    name: cluster2
contexts:
  - context:
      cluster: cluster2
      user: cluster2
    name: cluster2
current-context: cluster2
kind: Config
preferences: {}
users:
  - name: cluster2
    user:
      token: the-token
`);
});

test("skips verification only when told so, and then carries no CA", () => {
  const text = peerKubeconfig({ ...access, insecureSkipTlsVerify: true });
  expect(text).toContain("insecure-skip-tls-verify: true");
  expect(text).not.toContain("certificate-authority-data");
});

test("expects another name in the certificate when told so", () => {
  expect(peerKubeconfig({ ...access, tlsServerName: "kubernetes" })).toContain("tls-server-name: kubernetes");
  expect(peerKubeconfig(access)).not.toContain("tls-server-name");
});

test("leads through a proxy when told so", () => {
  expect(peerKubeconfig({ ...access, proxyUrl: "http://bastion:3128" })).toContain(
    "proxy-url: http://bastion:3128\n",
  );
  expect(peerKubeconfig(access)).not.toContain("proxy-url");
});

test("long tokens stay on one line", () => {
  const token = "x".repeat(2000);
  expect(peerKubeconfig({ ...access, token })).toContain(`token: ${token}\n`);
});

test.each(["y", "n", "yes", "no", "on", "off", "true", "null", "012", "0b1", "0o7", "1e3", "2026-11-21"])(
  "%s is text to Go's parsers too, which read YAML 1.1",
  (name) => {
    const text = peerKubeconfig({ ...access, cluster: name, token: name });
    for (const schema of ["yaml-1.1", "core"] as const) {
      expect(parse(text, { schema })).toMatchObject({
        clusters: [{ name }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
        users: [{ name, user: { token: name } }],
      });
    }
  },
);
