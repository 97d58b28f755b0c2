import { intermediateWithinRoot } from "../../policies/intermediate-within-root";
import { authority } from "../mesh/authorities";
import { base64 } from "./samples";
import { runOnStack, unknown, type Res } from "./run";
import { object } from "./stack";

describe("generated CAs", () => {
  const root: Res = {
    type: "tls:index/selfSignedCert:SelfSignedCert",
    name: "root",
    props: { validityPeriodHours: 87600 },
  };
  const intermediate = (validityPeriodHours: unknown): Res => ({
    type: "tls:index/locallySignedCert:LocallySignedCert",
    name: "cluster1-ca",
    props: { validityPeriodHours },
    propertyDependencies: { caCertPem: [root] },
  });

  test("an intermediate shorter than its root passes", () => {
    expect(runOnStack(intermediateWithinRoot, [root, intermediate(8760)])).toEqual([]);
  });

  test.each([87600, 100000])("one of %d hours is refused", (hours) => {
    expect(runOnStack(intermediateWithinRoot, [root, intermediate(hours)])).toEqual([
      `cluster1-ca validityPeriodHours (${hours}): it is not valid for a shorter time than its root root (87600 hours). Lower weft:mesh.trust.intermediateLifetimeDays, or raise rootLifetimeDays.`,
    ]);
  });

  test("one whose root is not generated is not judged by it", () => {
    expect(
      runOnStack(intermediateWithinRoot, [{ ...intermediate(100000), propertyDependencies: {} }]),
    ).toEqual([]);
  });
});

describe("certificates in a Secret cacerts", () => {
  async function chain(intermediateYears: [number, number], rootYears: [number, number]) {
    const valid = ([from, to]: [number, number]) => ({ from: `${from}-01-01`, to: `${to}-01-01` });
    const root = await authority("Root", valid(rootYears));
    const middle = await authority("Middle", { issuer: root, ...valid(rootYears) });
    const own = await authority("Own", { issuer: middle, ...valid(intermediateYears) });
    return { root: root.certificate, middle: middle.certificate, own: own.certificate };
  }

  const cacerts = (data: unknown) =>
    object("cluster1", "core/v1:Secret", "cacerts", {
      metadata: { name: "cacerts", namespace: "istio-system" },
      data,
    });

  test("pass when the intermediate ends before its root, over any number of steps", async () => {
    const { root, middle, own } = await chain([2026, 2027], [2025, 2035]);
    const data = {
      "ca-cert.pem": base64(own),
      "cert-chain.pem": base64(own + "\n" + middle),
      "root-cert.pem": base64(root),
    };
    expect(runOnStack(intermediateWithinRoot, [cacerts(data)])).toEqual([]);
  });

  test("are refused when it outlives its root", async () => {
    const { root, middle, own } = await chain([2034, 2036], [2025, 2035]);
    const data = {
      "ca-cert.pem": base64(own),
      "cert-chain.pem": base64(own + "\n" + middle),
      "root-cert.pem": base64(root),
    };
    expect(runOnStack(intermediateWithinRoot, [cacerts(data)])).toEqual([
      'cluster1-cacerts data["ca-cert.pem"]: the intermediate is valid from 2034-01-01 to 2036-01-01, its root from 2025-01-01 to 2035-01-01. ' +
        "Issue an intermediate that ends before its root, or rotate the root first (docs/trust.md).",
    ]);
  });

  test("are refused when it is valid as long as its root", async () => {
    const { root, middle, own } = await chain([2025, 2035], [2025, 2035]);
    const data = {
      "ca-cert.pem": base64(own),
      "cert-chain.pem": base64(middle),
      "root-cert.pem": base64(root),
    };
    expect(runOnStack(intermediateWithinRoot, [cacerts(data)])).toHaveLength(1);
  });

  test("pass where they are not known, not certificates, or of an unknown root", async () => {
    const { own } = await chain([2025, 2035], [2025, 2035]);
    for (const data of [
      unknown,
      {},
      { "ca-cert.pem": base64("-----BEGIN CERTIFICATE-----\nnope\n-----END CERTIFICATE-----") },
      { "ca-cert.pem": base64(own) },
    ]) {
      expect(runOnStack(intermediateWithinRoot, [cacerts(data)])).toEqual([]);
    }
  });
});

test("a stack without CAs passes", () => {
  expect(runOnStack(intermediateWithinRoot, [object("cluster1", "core/v1:Secret", "other", {})])).toEqual([]);
});
