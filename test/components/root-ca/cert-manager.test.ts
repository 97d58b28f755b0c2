import { X509Certificate } from "node:crypto";
import { certificatesOf } from "../../../components/root-ca/certificate-chain";
import type { Recorder } from "../mocks";
import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

const clusters = [cluster("a"), cluster("b")];
const certificates = "kubernetes:cert-manager.io/v1:Certificate";
const certManager = { cluster: "b" };

const files = (recorder: Recorder, member: string) =>
  recorder.named(`mesh-${member}-cacerts`).inputs["stringData"] as Record<string, string>;

describe("a root by cert-manager", () => {
  const woven = weave({ mesh: { trust: { root: { source: "certManager" }, certManager } }, clusters });

  test("is issued on the management cluster, after cert-manager is there", async () => {
    const { recorder } = await woven;
    expect(recorder.ofType(certificates)).toEqual([
      "mesh-trust-a-intermediate-certificate-default",
      "mesh-trust-b-intermediate-certificate-default",
      "mesh-trust-default-anchor",
      "mesh-trust-default-certificate",
    ]);
    for (const name of recorder.ofType(certificates)) {
      expect(recorder.named(name)).toMatchObject({
        provider: "b",
        inputs: {
          metadata: { namespace: "cert-manager", annotations: { "pulumi.com/waitFor": "condition=Ready" } },
        },
      });
      expect(recorder.isAfter(name, "mesh-trust-cert-manager-chart")).toBe(true);
    }
    expect(recorder.named("mesh-trust-cert-manager-chart").inputs).toEqual({
      installCRDs: true,
      helmOptions: { name: "cert-manager", namespace: "cert-manager", version: "v1.21.2", timeout: 600 },
    });
  });

  test("lives as long as a generated one, and keeps its key", async () => {
    const { recorder } = await woven;
    expect(recorder.named("mesh-trust-default-certificate").inputs["spec"]).toEqual({
      isCA: true,
      usages: ["digital signature", "content commitment", "key encipherment", "cert sign", "crl sign"],
      duration: "87600h0m0s",
      renewBefore: "29200h0m0s",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
      secretName: "weft-root-default",
      commonName: "Root CA",
      subject: { organizations: ["Istio"], localities: ["default"] },
      issuerRef: { group: "cert-manager.io", kind: "Issuer", name: "weft-self-signed-default" },
    });
    expect(recorder.named("mesh-trust-a-intermediate-certificate-default").inputs["spec"]).toEqual({
      isCA: true,
      usages: ["digital signature", "content commitment", "key encipherment", "cert sign", "crl sign"],
      duration: "8760h0m0s",
      renewBefore: "2920h0m0s",
      privateKey: { algorithm: "ECDSA", size: 256 },
      secretName: "weft-member-a-default",
      commonName: "Intermediate CA",
      subject: { organizations: ["Istio"], localities: ["a"] },
      dnsNames: ["istiod.istio-system.svc"],
      issuerRef: { group: "cert-manager.io", kind: "Issuer", name: "weft-root-default" },
    });
  });

  test("has an anchor whose common name is no longer than X.509 allows", async () => {
    const name = "r".repeat(63);
    const roots = [{ name, source: "certManager" as const, signing: true }];
    const { recorder } = await weave({ mesh: { trust: { roots, certManager } }, clusters });
    const { spec } = recorder.named(`mesh-trust-${name}-anchor`).inputs as { spec: { commonName: string } };
    expect(spec.commonName).toBe(`Anchor of ${"r".repeat(54)}`);
  });

  test("fills the members' cacerts, and its own key is never read", async () => {
    const { recorder } = await woven;
    const own = files(recorder, "a");
    expect(new X509Certificate(own["ca-cert.pem"]!).subject).toBe("O=cert-manager\nCN=Intermediate CA\nL=a");
    const [intermediate, root] = certificatesOf(own["cert-chain.pem"]!);
    expect(intermediate!.verify(root!.publicKey)).toBe(true);
    expect(own["root-cert.pem"]).toBe(`${root!.toString()}`);
    expect(own["ca-key.pem"]).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(recorder.named("mesh-a-cacerts").secrets.sort()).toEqual(
      ["ca-cert", "ca-key", "cert-chain", "root-cert"].map((file) => `stringData.${file}.pem`),
    );
    const read = recorder.resources.filter((resource) => resource.read && resource.type.endsWith(":Secret"));
    expect(read.map(({ name }) => name).sort()).toEqual([
      "mesh-trust-a-intermediate-secret-default",
      "mesh-trust-b-intermediate-secret-default",
      "mesh-trust-default-anchor-secret",
    ]);
    expect(recorder.resources.filter(({ type }) => type.startsWith("tls:"))).toEqual([]);
  });
});

test("a cert-manager that is there already is left alone", async () => {
  const { recorder } = await weave({
    mesh: {
      trust: {
        root: { source: "certManager" },
        certManager: { ...certManager, namespace: "pki", install: false },
      },
    },
    clusters,
  });
  expect(recorder.ofType("kubernetes-cert-manager:index:CertManager")).toEqual([]);
  expect(recorder.ofType("kubernetes:core/v1:Namespace")).toEqual(["mesh-a-namespace", "mesh-b-namespace"]);
  expect(recorder.named("mesh-trust-default-anchor").inputs["metadata"]).toMatchObject({ namespace: "pki" });
});

test("from a generated root to one by cert-manager it is a rotation like any other", async () => {
  const { recorder } = await weave({
    mesh: {
      trust: {
        roots: [
          { name: "default", source: "generated" },
          { name: "held", source: "certManager", signing: true },
        ],
        certManager,
      },
    },
    clusters,
  });
  expect(
    certificatesOf(files(recorder, "a")["root-cert.pem"]!).map(({ subject }) => subject.split("L=")[1]),
  ).toEqual(["default", "held"]);
  expect(new X509Certificate(files(recorder, "a")["ca-cert.pem"]!).issuer).toContain("L=held");
});
