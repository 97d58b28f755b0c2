import { evictedMembers } from "../../mesh/evicted-members";
import { lastUp } from "../../mesh/last-up";
import { parseMesh } from "../../mesh/parse";
import { checkRemovals } from "../../mesh/removals";
import { checkTransition } from "../../mesh/transitions";
import { now } from "./authorities";
import { cluster, problemsOf } from "./problems-of";

const evicting = (...names: string[]) => ({ evicting: names });
const remote = cluster("r", { role: "remote", primary: "b" });
const primary = (name: string) => ({ role: "primary", network: name });
const before = (...names: string[]) => ({
  members: Object.fromEntries(names.map((name) => [name, primary(name)])),
});

describe("a member that is evicted", () => {
  it("is none any more, in the list or not, and the others are as they would be without it", () => {
    const kept = parseMesh(
      { mesh: evicting("b"), clusters: [cluster("a"), cluster("b"), cluster("c")] },
      now,
    );
    const gone = parseMesh({ mesh: evicting("b"), clusters: [cluster("a"), cluster("c")] }, now);
    expect(kept.members.map(({ name, path }) => [name, path])).toEqual([
      ["a", "weft:clusters[0]"],
      ["c", "weft:clusters[2]"],
    ]);
    expect(gone.members.map(({ name }) => name)).toEqual(["a", "c"]);
    expect(kept.evicted).toEqual([
      { name: "b", entry: expect.objectContaining({ name: "b", path: "weft:clusters[1]" }) as object },
    ]);
    expect(gone.evicted).toEqual([{ name: "b", entry: undefined }]);
  });

  it("serves no remote any more: another primary has to, or the remote itself", () => {
    const problem = {
      path: "weft:clusters[1].primary",
      value: "b",
      message: "b is evicted, and r is to be served by it.",
      remedy:
        "Name another primary. Or leave out `role` and `primary`: then r gets an istiod of its own, and its workloads go over to it when they connect again.",
    };
    expect(problemsOf({ mesh: evicting("b"), clusters: [cluster("a"), remote, cluster("b")] })).toEqual([
      problem,
    ]);
    expect(problemsOf({ mesh: evicting("b"), clusters: [cluster("a"), remote] })).toEqual([problem]);
    expect(
      problemsOf({ mesh: evicting("b"), clusters: [cluster("a"), { ...remote, primary: "a" }] }),
    ).toEqual([]);
    expect(problemsOf({ mesh: evicting("b"), clusters: [cluster("r"), cluster("b")] })).toEqual([]);
    expect(problemsOf({ mesh: evicting("r"), clusters: [cluster("b"), remote] })).toEqual([]);
  });

  it("is trusted by nobody by name", () => {
    const mesh = { trust: { mode: "federated" }, ...evicting("b") };
    const trusting = cluster("a", { trust: { trusts: ["b", "c"] } });
    expect(problemsOf({ mesh, clusters: [trusting, cluster("b"), cluster("c")] })).toEqual([
      {
        path: "weft:clusters[0].trust.trusts",
        value: "b",
        message: "It is evicted, and its root is no more.",
        remedy: "Take it out.",
      },
    ]);
  });

  it("holds no root and knows no members", () => {
    const trust = { root: { source: "certManager" }, certManager: { cluster: "b" } };
    const mesh = { trust, membership: { management: "b" }, ...evicting("b") };
    expect(problemsOf({ mesh, clusters: [cluster("a"), cluster("b")] })).toEqual([
      {
        path: "weft:mesh.evicting",
        value: "b",
        message: "cert-manager there holds the key of the roots, and signs for every member.",
        remedy:
          "Restore that cluster. Or, where the key is lost: roots of another source in weft:mesh.trust.roots, the lost ones in weft:mesh.trust.removing, and no weft:mesh.trust.certManager. See docs/trust.md.",
      },
      {
        path: "weft:mesh.evicting",
        value: "b",
        message: "weft:mesh.membership asks it for the members of the mesh.",
        remedy:
          "Name another management cluster there. Or leave weft:mesh.membership out and list under weft:clusters every member that stays.",
      },
    ]);
  });

  it("is not everybody", () => {
    expect(problemsOf({ mesh: evicting("a", "b"), clusters: [cluster("a"), cluster("b")] })).toEqual([
      {
        path: "weft:mesh.evicting",
        value: "a, b",
        message: "No member would be left.",
        remedy:
          "Keep one that answers. Where all clusters are gone, `pulumi stack rm --force` forgets the mesh.",
      },
    ]);
  });

  it("is in the list, or was in the mesh; another name is a slip of the pen", () => {
    const check = (mesh: object, last: object, ...names: string[]) =>
      checkTransition(
        { last: lastUp(last) },
        parseMesh({ mesh, clusters: names.map((name) => cluster(name)) }, now),
      );
    expect(check(evicting("west"), before("east", "west"), "east")).toEqual([]);
    expect(check(evicting("west"), before("east"), "east", "west")).toEqual([]);
    expect(check(evicting("west"), { mesh: { evicted: ["west"] }, ...before("east") }, "east")).toEqual([]);
    expect(check(evicting("wes"), before("east", "west"), "east", "west")).toEqual([
      {
        path: "weft:mesh.evicting",
        value: "wes",
        message: "It is neither in `weft:clusters` nor a member that the last `pulumi up` left.",
        remedy: "Did you mean `west`? Correct it, or take it out.",
      },
    ]);
  });

  it("need not be named in `removing`, be it the only primary that there was", () => {
    const mesh = parseMesh({ mesh: evicting("a", "b"), clusters: [cluster("c"), cluster("b")] }, now);
    expect(checkRemovals(lastUp(before("a", "b", "c")), mesh)).toEqual([]);
    expect(checkRemovals(lastUp(before("a")), mesh)).toEqual([]);
    expect(checkRemovals(lastUp(before("a", "b", "c", "d", "e")), mesh)).toHaveLength(1);
  });

  it("had its ingress gateway where the last `up` left it, else where its entry says", () => {
    const last = lastUp({
      members: { b: { ...primary("b"), ingressNamespace: "edge", cniNamespace: "kube-system" } },
    });
    const of = (...clusters: object[]) =>
      evictedMembers(parseMesh({ mesh: evicting("b"), clusters: [cluster("a"), ...clusters] }, now), last);
    expect(of()).toEqual([
      {
        name: "b",
        istiods: ["istiod"],
        hasLoadBalancer: false,
        ingressNamespace: "edge",
        cniNamespace: "kube-system",
      },
    ]);
    const entry = cluster("b", { ingress: {} });
    const mesh = parseMesh({ mesh: evicting("b"), clusters: [cluster("a"), entry] }, now);
    expect(evictedMembers(mesh, lastUp({}))).toEqual([
      { name: "b", istiods: ["istiod"], hasLoadBalancer: false, ingressNamespace: "istio-ingress" },
    ]);
    expect(evictedMembers(mesh, last)).toEqual(of(entry));
  });

  it("had an istiod for each revision of the last `up` and of stack config, and the one before those", () => {
    const istio = { revisions: { "1-31-2": "1.31.2", "1-30-5": "1.30.5" }, tags: { default: "1-31-2" } };
    const mesh = parseMesh({ mesh: { istio, ...evicting("b") }, clusters: [cluster("a")] }, now);
    const last = lastUp({ members: { b: { ...primary("b"), revisions: { "1-29-8": "1.29.8" } } } });
    expect(evictedMembers(mesh, last)[0]!.istiods).toEqual([
      "istiod",
      "istiod-1-29-8",
      "istiod-1-31-2",
      "istiod-1-30-5",
    ]);
  });
});
