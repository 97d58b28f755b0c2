import { parseMesh } from "../../mesh/parse";
import { signingRoot } from "../../mesh/roots";
import { checkTransition } from "../../mesh/transitions";
import { authority, now, type Authority } from "./authorities";
import { cluster } from "./problems-of";

describe("a member that brings its intermediate", () => {
  let old: Authority, intermediate: Authority;
  beforeAll(async () => {
    old = await authority("Old");
    intermediate = await authority("Intermediate", { issuer: old });
  });

  const given = ({ certificate }: Authority, name: string, signing = false) => ({
    name,
    signing,
    source: "provided",
    certificate,
  });
  const generated = (name: string, signing = false) => ({ name, signing, source: "generated" });
  const mesh = (roots: object[], own?: Authority) =>
    parseMesh(
      {
        mesh: { trust: { roots } },
        clusters: [
          cluster("a"),
          cluster("b", own && { trust: { intermediate: { certificate: own.certificate, key: own.key } } }),
        ],
      },
      now,
    );
  const live = (signer: string, ...roots: string[]) => [
    { name: "b", istiodVersion: "1.30.5", tokenGenerations: [1], roots, signingRoot: signer },
  ];

  it("is signed under the root that its chain leads to, whichever signs for the others", () => {
    const wanted = mesh([given(old, "old"), generated("new", true)], intermediate);
    const [a, b] = wanted.members;
    expect(signingRoot(wanted, a!)).toBe("new");
    expect(signingRoot(wanted, b!)).toBe("old");
  });

  it("keeps its root while its workloads hold certificates of it", () => {
    expect(checkTransition({ live: live("old", "new", "old") }, mesh([generated("new", true)]))).toEqual([
      expect.objectContaining({
        message: "old still signs: the running proxies hold certificates that only it vouches for.",
      }),
    ]);
  });

  it("does not change to an intermediate of a root that the same step adds", async () => {
    const next = await authority("Next");
    const roots = [generated("new", true), given(old, "old"), given(next, "next")];
    const changed = await authority("Changed", { issuer: next });
    expect(checkTransition({ live: live("old", "new", "old") }, mesh(roots, intermediate))).toEqual([]);
    expect(checkTransition({ live: live("old", "next", "new", "old") }, mesh(roots, changed))).toEqual([]);
    expect(checkTransition({ live: live("old", "new", "old") }, mesh(roots, changed))).toEqual([
      {
        path: "weft:clusters[1].trust.intermediate",
        value: "next",
        message: "This root would sign before the running proxies trust it.",
        remedy: "First add the root alone, `pulumi up`; then give the intermediate. See docs/trust.md.",
      },
    ]);
  });
});
