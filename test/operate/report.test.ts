import { known, unknown } from "../../operate/facts/facts";
import { judgeMesh } from "../../operate/report";
import { renderReport } from "../../operate/report-text";
import { healthy, now, type Sample } from "./healthy";

let sample: Sample;
beforeEach(async () => {
  sample = await healthy();
});

/** Without colours and the blanks at the ends of lines. */
function text(): string {
  const rendered = renderReport(judgeMesh(sample.mesh, sample.facts, now));
  return rendered.replace(/\x1b\[\d+m/g, "").replace(/ +$/gm, "");
}

test("a line for each member, with a mark for each check", () => {
  const lines = text().split("\n");
  expect(lines[0]).toBe("✔ mesh1: 3 members, 3 ok");
  expect(lines[2]!.split(/\s+/).slice(1)).toEqual(
    "api istiod cacerts trust network keys access peers gateway handshake exposure webhooks".split(" "),
  );
  expect(lines.slice(3).map((line) => line.trim().split(/\s\s+/))).toEqual([
    ["✔ one primary, n1", "✔", "✔ 1.30.5", "✔ 183/214 d", "✔", "✔", "✔ 2/2", "✔", "✔", "✔", "✔", "✔", "✔"],
    ["✔ three remote, n3", "✔", "–", "✔ 183/214 d", "✔", "✔", "–", "–", "–", "✔", "✔", "–", "✔"],
    ["✔ two primary, n2", "✔", "✔ 1.30.5", "✔ 183/214 d", "✔", "✔", "✔ 2/2", "✔", "✔", "✔", "✔", "✔", "✔"],
  ]);
});

test("below, what is wrong, what it means and what to type; failures before doubts", () => {
  sample.of("one").istiodViews = unknown("no answer");
  sample.of("two").gateway = known(undefined);
  expect(text().split("\n\n").slice(2).join("\n\n")).toBe(
    [
      "✘ two · gateway",
      "  There is no Service istio-eastwestgateway: other networks do not reach this member.",
      "  → `helm --kube-context two -n istio-system get manifest istio-eastwestgateway | kubectl --context two apply -f -` sets it right.",
      "",
      "? one · peers",
      "  Not known: no answer.",
    ].join("\n"),
  );
});

test("what several members have in common is said once", () => {
  for (const name of ["one", "two"]) sample.of(name).istiodViews = unknown("no answer");
  expect(text()).toContain("? one, two · peers\n");
});

test.each([
  ["ok", () => undefined],
  ["failed", () => void (sample.of("two").gateway = known(undefined))],
  ["unknown", () => void (sample.of("two").gateway = unknown("refused"))],
  [
    "failed",
    () => {
      sample.of("one").gateway = unknown("refused");
      sample.of("two").gateway = known(undefined);
    },
  ],
  ["ok", () => void (sample.of("two").handshake = unknown("not reached"))],
])(
  "the mesh is %s by the worst of its members, and by nothing that need not be visible",
  (verdict, change) => {
    change();
    expect(judgeMesh(sample.mesh, sample.facts, now).verdict).toBe(verdict);
  },
);
