import { type Contents, notReady, type Pod } from "../../../components/waiting/not-ready";

const ofRelease = (name: string, release = "istiod") => ({
  name,
  annotations: { "meta.helm.sh/release-name": release },
});
const istiod = { metadata: ofRelease("istiod"), spec: { selector: { matchLabels: { app: "istiod" } } } };
const pod = (status: Pod["status"], more: object = {}): Pod => ({
  metadata: { name: "istiod-1", labels: { app: "istiod", hash: "1" }, ...more },
  status,
});
const causes = ({ workloads = [istiod], pods = [], services = [] }: Partial<Contents>) =>
  notReady("istiod", { workloads, pods, services });

test("nothing, where all is ready or just goes", () => {
  expect(causes({})).toEqual([]);
  expect(causes({ pods: [pod({ conditions: [{ type: "Ready", status: "True" }] })] })).toEqual([]);
  expect(causes({ pods: [pod({}, { deletionTimestamp: "2026-01-01T00:00:00Z" })] })).toEqual([]);
});

test("nothing of others' releases", () => {
  const other = { metadata: ofRelease("other", "other"), spec: istiod.spec };
  const service = { metadata: ofRelease("other", "other"), spec: { type: "LoadBalancer" } };
  expect(causes({ workloads: [other], pods: [pod({})], services: [service] })).toEqual([]);
  expect(causes({ pods: [pod({}, { labels: { app: "other" } })] })).toEqual([]);
});

test("a pod that no node takes", () => {
  const conditions = [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }];
  expect(causes({ pods: [pod({ conditions })] })).toEqual([
    "pod istiod-1 is not scheduled: 0/1 nodes are available",
  ]);
});

test("an image that cannot be had, and a container that ends again and again", () => {
  const waiting = (reason: string, message?: string) => ({ state: { waiting: { reason, message } } });
  const status = {
    conditions: [{ type: "Ready", status: "False" }],
    initContainerStatuses: [{ name: "init", ...waiting("ImagePullBackOff", "no such image") }],
    containerStatuses: [
      {
        name: "discovery",
        ...waiting("CrashLoopBackOff"),
        lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
      },
      { name: "proxy", ...waiting("CrashLoopBackOff"), lastState: { terminated: { exitCode: 1 } } },
    ],
  };
  expect(causes({ pods: [pod(status)] })).toEqual([
    "init in pod istiod-1: ImagePullBackOff, no such image",
    "discovery in pod istiod-1: CrashLoopBackOff, it ended with 137 (OOMKilled)",
    "proxy in pod istiod-1: CrashLoopBackOff, it ended with 1",
  ]);
});

test("one of which no more is known", () => {
  const starting = [{ name: "discovery", state: { waiting: { reason: "ContainerCreating" } } }];
  for (const containerStatuses of [[], starting]) {
    expect(causes({ pods: [pod({ containerStatuses })] })).toEqual(["pod istiod-1 is not ready"]);
  }
});

test("pods that may not be created", () => {
  const conditions = [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }];
  expect(causes({ workloads: [{ ...istiod, status: { conditions } }] })).toEqual([
    "istiod gets no pods: exceeded quota",
  ]);
});

test("a load balancer that gives no address", () => {
  const service = { metadata: ofRelease("gateway"), spec: { type: "LoadBalancer" } };
  const given = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } };
  const inside = { metadata: ofRelease("inside"), spec: { type: "ClusterIP" } };
  expect(causes({ services: [service, { ...service, ...given }, inside] })).toEqual([
    "no load balancer has given Service gateway an address",
  ]);
});
