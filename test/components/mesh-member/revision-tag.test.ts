import { tagWebhooks } from "../../../components/mesh-member/revision-tag";

const serviceOf = (revision: string) =>
  tagWebhooks({ tag: "prod", revision, values: {} }).map((webhook) => {
    const { clientConfig } = webhook as { clientConfig: { service: { name: string } } };
    return clientConfig.service.name;
  });
const namesOf = (tag: string, values = {}) =>
  tagWebhooks({ tag, revision: "1-31-2", values }).map((webhook) => (webhook as { name: string }).name);

test("a tag leads to the Service of its revision, and has no CA of its own", () => {
  expect(new Set(serviceOf("1-31-2"))).toEqual(new Set(["istiod-1-31-2"]));
  expect(new Set(serviceOf("default"))).toEqual(new Set(["istiod"]));
  expect(JSON.stringify(tagWebhooks({ tag: "default", revision: "default", values: {} }))).not.toContain(
    "caBundle",
  );
});

test("tag `default` serves also those that name no revision", () => {
  const named = ["rev.namespace.sidecar-injector.istio.io", "rev.object.sidecar-injector.istio.io"];
  expect(namesOf("prod")).toEqual(named);
  expect(namesOf("default")).toEqual([
    ...named,
    "namespace.sidecar-injector.istio.io",
    "object.sidecar-injector.istio.io",
  ]);
  expect(namesOf("default", { sidecarInjectorWebhook: { enableNamespacesByDefault: true } }).at(-1)).toBe(
    "auto.sidecar-injector.istio.io",
  );
});
