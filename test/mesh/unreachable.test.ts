import { lastUp } from "../../mesh/last-up";
import type { LiveMember } from "../../mesh/live-member";
import { parseMesh } from "../../mesh/parse";
import { checkTransition } from "../../mesh/transitions";
import { unanswered } from "../../mesh/transitions/unreachable";
import { now } from "./authorities";
import { cluster } from "./problems-of";

const last = {
  members: {
    a: { role: "primary", network: "a", uid: "uid-a", eastWestAddress: "192.0.2.1" },
    b: { role: "primary", network: "b", uid: "uid-b", eastWestAddress: "192.0.2.2" },
    r: { role: "remote", network: "r", uid: "uid-r" },
  },
};

const live = (name: string, more: Partial<LiveMember> = {}): LiveMember => ({
  name,
  tokenGenerations: [1],
  roots: ["default"],
  signingRoot: "default",
  namespace: { uid: `uid-${name}`, mesh: "mesh1", member: name, network: name },
  ...more,
});

/** Problems where `b` does not answer. */
function check(clusters: object[], config: object = {}, lives = [live("a")], known: object = last) {
  const mesh = parseMesh({ mesh: { tolerateUnreachable: true, ...config }, clusters }, now);
  const b = mesh.members.find(({ name }) => name === "b")!;
  const before = lastUp(known);
  return checkTransition({ last: before, live: [...lives, unanswered(b, mesh.config.id, before)] }, mesh);
}

const [a, b] = [cluster("a"), cluster("b")];
const r = cluster("r", { role: "remote", primary: "b" });

test("one that does not answer is what the last `up` left", () => {
  const mesh = parseMesh({ clusters: [a, b, r] }, now);
  expect(mesh.members.map((member) => unanswered(member, "mesh1", lastUp(last)))).toEqual([
    {
      name: "a",
      unreachable: true,
      tokenGenerations: [],
      eastWest: { address: "192.0.2.1" },
      namespace: { uid: "uid-a", mesh: "mesh1", member: "a", network: "a", servedBy: undefined },
    },
    expect.objectContaining({ name: "b" }),
    expect.objectContaining({
      eastWest: { address: undefined },
      namespace: { uid: "uid-r", mesh: "mesh1", member: "r", network: "r", servedBy: "b" },
    }),
  ]);
});

test("the others may change, and members may join", () => {
  expect(check([a, b])).toEqual([]);
  expect(check([a, b], { mtls: "permissive" })).toEqual([]);
  expect(check([a, b, cluster("c")])).toEqual([]);
  const served = live("r", { namespace: { ...live("r").namespace, servedBy: "b" } });
  expect(check([a, b, r], {}, [live("a"), served])).toEqual([]);
});

test("what would change what it is, is refused as if it answered", () => {
  expect(check([a, cluster("b", { network: "other" })])).toEqual([
    expect.objectContaining({ path: "weft:clusters[1].network", value: "other" }),
  ]);
  expect(check([a, cluster("b", { role: "remote", primary: "a" })])).toEqual([
    expect.objectContaining({ path: "weft:clusters[1].role" }),
  ]);
});

test("who is no member yet is not left as he is", () => {
  expect(check([a, b], {}, [live("a")], { members: { a: last.members.a } })).toEqual([
    {
      path: "weft:clusters[1]",
      value: "b",
      message:
        "b does not answer, and the last `pulumi up` left no such member: there is nothing to leave as it is.",
      remedy: "Take it out of the list until it answers.",
    },
  ]);
});

test("a remote needs the address of its gateway, and its istiod where the remote is new there", () => {
  const { a: first, b: second, r: third } = last.members;
  const served = live("r", { namespace: { ...live("r").namespace, servedBy: "b" } });
  const unknown = { members: { a: first, b: { ...second, eastWestAddress: undefined }, r: third } };
  expect(check([a, b, r], {}, [live("a"), served], unknown)).toEqual([
    {
      path: "weft:clusters[1].eastWest.addresses",
      message:
        "Required: b does not answer, and nobody knows the address of its gateway, by which r reach its istiod.",
      remedy: "Set it to that address.",
    },
  ]);
  const moved = live("r", { namespace: { ...live("r").namespace, servedBy: "a" } });
  for (const now of [moved, { name: "r", tokenGenerations: [] }]) {
    expect(check([a, b, r], {}, [live("a"), now], { members: { a: first, b: second } })).toEqual([
      {
        path: "weft:clusters[2].primary",
        value: "b",
        message: "b does not answer, and its istiod would have to be told of r.",
        remedy: "Name a primary that answers, or wait for b.",
      },
    ]);
  }
});

test("nothing is signed where cert-manager does not answer", () => {
  const trust = { root: { source: "certManager" }, certManager: { cluster: "b" } };
  expect(check([a, b], { trust })).toEqual([
    {
      path: "weft:clusters[1]",
      value: "b",
      message: "b does not answer, and cert-manager there holds the key of the roots: nothing can be signed.",
      remedy: "Bring it back first.",
    },
  ]);
});

test("no root is added, moved or dropped without it", () => {
  const roots = (...names: string[]) => ({
    trust: { roots: names.map((name, index) => ({ name, source: "generated", signing: index === 0 })) },
  });
  const problem = {
    path: "weft:mesh.trust",
    message:
      "The roots of a would change, and b does not answer: their workloads would come to refuse each other.",
    remedy: "Leave the roots as they are until b answers. Or evict it: weft:mesh.evicting: [b].",
  };
  expect(check([a, b], roots("default", "next"))).toEqual([problem]);
  const both = [live("a", { roots: ["default", "next"] })];
  expect(check([a, b], roots("next", "default"), both)).toEqual([problem]);
  expect(check([a, b], roots("default"), both)).toEqual([problem]);
  expect(check([a, b], roots("default", "next"), both)).toEqual([]);
});
