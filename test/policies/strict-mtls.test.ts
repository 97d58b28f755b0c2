import { strictMtls } from "../../policies/strict-mtls";
import { runOnResource } from "./run";

const authentication = (spec: object, metadata: object = {}) =>
  runOnResource(strictMtls, {
    type: "kubernetes:security.istio.io/v1:PeerAuthentication",
    name: "cluster1-mtls",
    props: { metadata: { name: "default", namespace: "istio-system", ...metadata }, spec },
  });

test("strict passes", () => {
  expect(authentication({ mtls: { mode: "STRICT" } })).toEqual([]);
});

test.each(["PERMISSIVE", "DISABLE", "UNSET"])("%s without a reason is refused", (mode) => {
  expect(authentication({ mtls: { mode } })).toEqual([
    `cluster1-mtls spec.mtls.mode ("${mode}"): workloads take plain text, from anyone who reaches them, and no reason is recorded. ` +
      "Set weft:mesh.mtls to strict, or say why not in weft:mesh.mtlsReason (annotation weft.dev/permissive-reason).",
  ]);
});

test("no mode is UNSET, and refused", () => {
  expect(authentication({})).toEqual([expect.stringContaining('spec.mtls.mode ("UNSET")')]);
});

test("a recorded reason lets permissive pass, an empty one does not", () => {
  const reason = (text: string) => ({ annotations: { "weft.dev/permissive-reason": text } });
  expect(authentication({ mtls: { mode: "PERMISSIVE" } }, reason("VMs without sidecars until May"))).toEqual(
    [],
  );
  expect(authentication({ mtls: { mode: "PERMISSIVE" } }, reason(" "))).toHaveLength(1);
});

test.each([[{}], [{ matchLabels: {} }]])("a selector that selects nothing, %j, is mesh-wide", (selector) => {
  expect(authentication({ selector, mtls: { mode: "PERMISSIVE" } })).toHaveLength(1);
});

test("a patch that weakens it is refused; one that leaves the mode alone passes", () => {
  const patch = (spec: object) =>
    runOnResource(strictMtls, {
      type: "kubernetes:security.istio.io/v1:PeerAuthenticationPatch",
      props: { metadata: { name: "default", namespace: "istio-system" }, spec },
    });
  expect(patch({ mtls: { mode: "PERMISSIVE" } })).toHaveLength(1);
  expect(patch({})).toEqual([]);
});

test("what is not mesh-wide passes, and so do other kinds", () => {
  expect(authentication({ mtls: { mode: "PERMISSIVE" } }, { namespace: "sample" })).toEqual([]);
  expect(authentication({ selector: { matchLabels: { app: "a" } }, mtls: { mode: "PERMISSIVE" } })).toEqual(
    [],
  );
  expect(runOnResource(strictMtls, { type: "kubernetes:core/v1:Namespace" })).toEqual([]);
});
