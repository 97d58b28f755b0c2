import { excessOf } from "../../operate/facts/rights";

/** Istio's own role for readers, as an API server lists it for the ServiceAccount, with what every user may. */
const reader = [
  { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["selfsubjectaccessreviews"] },
  { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
  {
    verbs: ["get", "list", "watch"],
    apiGroups: ["security.istio.io", "networking.istio.io"],
    resources: ["*"],
  },
  { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["pods", "secrets", "configmaps"] },
  {
    verbs: ["get", "list", "watch", "create", "delete"],
    apiGroups: ["multicluster.x-k8s.io"],
    resources: ["serviceexports"],
  },
  { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"] },
  { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"] },
];

const excess = (...rules: Parameters<typeof excessOf>[0]) => excessOf([...reader, ...rules]);

test("Istio's own role is no excess", () => {
  expect(excess()).toEqual([]);
});

test("nor is that of a remote's reader", () => {
  expect(
    excess(
      {
        verbs: ["create", "get", "list", "watch", "update"],
        apiGroups: [""],
        resources: ["configmaps"],
      },
      {
        verbs: ["get", "list", "watch", "update", "patch"],
        apiGroups: ["admissionregistration.k8s.io"],
        resources: ["mutatingwebhookconfigurations"],
      },
    ),
  ).toEqual([]);
});

test("to write is", () => {
  expect(
    excess(
      { verbs: ["get", "update", "delete"], apiGroups: [""], resources: ["secrets"] },
      { verbs: ["escalate"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"] },
      { verbs: ["impersonate"], apiGroups: [""], resources: ["users"] },
    ),
  ).toEqual([
    "delete secrets",
    "escalate clusterroles.rbac.authorization.k8s.io",
    "impersonate users",
    "update secrets",
  ]);
});

test("to read what runs something is", () => {
  expect(
    excess({ verbs: ["get"], apiGroups: [""], resources: ["pods/exec", "nodes/proxy", "pods/log"] }),
  ).toEqual(["get nodes/proxy", "get pods/exec"]);
});

test("everything is", () => {
  expect(excess({ verbs: ["*"], apiGroups: ["*"], resources: ["*"] })).toEqual(["* *.*"]);
  expect(excess({ verbs: ["get"], apiGroups: ["*"], resources: ["*"] })).toEqual(["get *.*"]);
});

test("what a distribution lets everybody do in groups of its own is not", () => {
  expect(
    excess({ verbs: ["create"], apiGroups: ["", "project.openshift.io"], resources: ["projectrequests"] }),
  ).toEqual([]);
});
