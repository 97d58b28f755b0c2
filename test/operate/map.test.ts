import { parseMesh } from "../../mesh/parse";
import { known } from "../../operate/facts/facts";
import { html } from "../../operate/map/html";
import { bow, layOut, type Box } from "../../operate/map/layout";
import { mermaid } from "../../operate/map/mermaid";
import { mapOf } from "../../operate/map/model";
import { svg } from "../../operate/map/svg";
import { judgeMesh } from "../../operate/report";
import { healthy, now } from "./healthy";

/** 50 members on 12 networks; every tenth is a remote. */
const large = () =>
  parseMesh({
    clusters: Array.from({ length: 50 }, (_, index) => ({
      name: `cluster-${index}`,
      context: "c",
      network: `network-${index % 12}`,
      ...(index % 10 === 9 ? { role: "remote", primary: "cluster-0" } : {}),
    })),
  });

async function broken() {
  const sample = await healthy();
  sample.of("one").peerKeys = known([{ cluster: "three", secret: "weft-peers", credentials: "hash-three" }]);
  return { mesh: sample.mesh, report: judgeMesh(sample.mesh, sample.facts, now) };
}

test("a small mesh as Mermaid: areas, health, who reads whom, who serves whom, trust", async () => {
  const { mesh, report } = await broken();
  expect(mermaid(mapOf(mesh, report))).toBe(`flowchart LR
  subgraph n_n1["network n1"]
    m_one["<b>one</b><br/>primary · istiod 1.30.5<br/>⇄ 192.0.2.0<br/>✘ keys"]:::failed
  end
  subgraph n_n2["network n2"]
    m_two["<b>two</b><br/>primary · istiod 1.30.5<br/>⇄ 192.0.2.2<br/>✔"]:::ok
  end
  subgraph n_n3["network n3"]
    m_three["<b>three</b><br/>remote · served by one<br/>⇄ 192.0.2.1<br/>✔"]:::ok
  end
  m_one --> m_three
  m_one -. does not read .-x m_two
  m_two --> m_one
  m_two --> m_three
  m_one == istiod ==> m_three
  reading["Every primary (2) reads every other member: 4 keys.<br/>one does not read two."]:::note
  trust["Root default (generated) signs for all members."]:::note
  classDef ok stroke:#2da44e,stroke-width:2px
  classDef failed stroke:#cf222e,stroke-width:3px
  classDef unknown stroke:#bf8700,stroke-width:2px,stroke-dasharray:4
  classDef note stroke-dasharray:2
`);
});

test("without a report nobody is called healthy", async () => {
  const { mesh } = await healthy();
  const text = mermaid(mapOf(mesh));
  expect(text).toContain('m_two["<b>two</b><br/>primary · istiod 1.30.5<br/>⇄ east-west gateway"]\n');
  expect(text).not.toMatch(/[✔✘?]/);
  expect(html(mapOf(mesh))).toContain("Nothing was read");
});

test("a key that may do too much is a failure, and read with all the same", async () => {
  const sample = await healthy();
  sample.facts.credentials.set("hash-two", {
    usable: true,
    server: "https://two:6443",
    rights: known({ authenticated: true, lacking: [], excess: ["delete secrets"] }),
  });
  const map = mapOf(sample.mesh, judgeMesh(sample.mesh, sample.facts, now));
  expect(map.networks[0]!.members[0]).toMatchObject({ name: "one", verdict: "failed", failed: ["access"] });
  expect(map.reads!.filter(({ broken }) => broken)).toEqual([]);
});

test("federated trust says who trusts whom", () => {
  const mesh = parseMesh({
    mesh: { trust: { mode: "federated" } },
    clusters: [
      { name: "one", context: "c" },
      { name: "two", context: "c2", trust: { trusts: ["one"] } },
      { name: "zed", context: "c3", trust: { trusts: ["one"] } },
    ],
  });
  expect(mapOf(mesh).trust).toEqual([
    "Every primary has a root of its own, and trusts those of all others, except:",
    "two trusts the roots one, two.",
    "zed trusts the roots one, zed.",
  ]);
});

test("at 50 members who reads whom is said in one line, and drawn in none", () => {
  const map = mapOf(large());
  expect(map.reads).toBeUndefined();
  expect(map.reading).toEqual(["Every primary (45) reads every other member: 2205 keys."]);
  expect(svg(map)).not.toContain('class="edge');
  expect(mermaid(map)).not.toContain(" --> ");
  expect(mermaid(map).match(/== istiod ==>/g)).toHaveLength(5);
});

test("no member covers another, and none leaves its network or the page", () => {
  const { width, height, networks } = layOut(mapOf(large()));
  const cards = networks.flatMap(({ members, ...area }) => {
    for (const member of members) expect(within(member, area)).toBe(true);
    expect(within(area, { x: 0, y: 0, width, height })).toBe(true);
    return members;
  });
  expect(cards).toHaveLength(50);
  const overlaps = cards.flatMap((a, index) => cards.slice(index + 1).filter((b) => overlap(a, b)));
  expect(overlaps).toEqual([]);
  expect(width).toBeLessThan(1400);
});

function within(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

test("an arrow begins and ends at the border of a card, and the way back takes the other side", () => {
  const [left, right] = [
    { x: 0, y: 0, width: 100, height: 40 },
    { x: 300, y: 0, width: 100, height: 40 },
  ];
  const there = bow(left, right);
  const back = bow(right, left);
  expect([there.start.x === 100 || there.start.y === 0, there.end.x === 300 || there.end.y === 0]).toEqual([
    true,
    true,
  ]);
  expect(Math.sign(there.control.y - 20)).toBe(-Math.sign(back.control.y - 20));
});

describe.each([
  ["3 members", async () => broken()],
  ["50 members", () => ({ mesh: large(), report: undefined })],
])("what is written for %s", (_, make) => {
  test("is well-formed, and asks nobody else for anything", async () => {
    const { mesh, report } = await make();
    const map = mapOf(mesh, report);
    for (const text of [svg(map), html(map, report).replace("<!doctype html>\n", "")]) {
      expect(malformed(text)).toBeUndefined();
      const foreign = text.replace("http://www.w3.org/2000/svg", "");
      expect(foreign).not.toMatch(/https?:\/\/(?!github\.com\/istio)|<script|@import|<img|<link|src=|href=/);
      expect(foreign.match(/url\([^)]*\)/g)?.filter((url) => !url.startsWith("url(#")) ?? []).toEqual([]);
    }
  });
});

test("what comes out of a cluster is shown as text", async () => {
  const sample = await healthy();
  const hostile = `<script>alert("1")</script>&'`;
  sample.of("one").api = { reachable: false, message: hostile };
  const gateway = sample.of("two").gateway;
  if (gateway.known) gateway.value!.addresses = [hostile];
  const report = judgeMesh(sample.mesh, sample.facts, now);
  const map = mapOf(sample.mesh, report);
  for (const text of [html(map, report), svg(map), mermaid(map)]) expect(text).not.toContain("<script");
  expect(malformed(svg(map))).toBeUndefined();
  expect(html(map, report)).toContain("&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;");
});

/** The first thing that is wrong with a text as XML: tags, attributes, entities. */
function malformed(text: string): string | undefined {
  const open: string[] = [];
  const token = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|<|&(?!#\d+;)|[^<&]+/g;
  for (const [whole, closing, name, , alone] of text.matchAll(token)) {
    if (name === undefined) {
      if (whole === "<" || whole === "&") return `a bare ${whole}`;
      if (open.length === 0 && whole.trim() !== "") return `text outside: ${whole.slice(0, 20)}`;
    } else if (closing) {
      if (open.pop() !== name) return `</${name}> closes something else`;
    } else if (!alone) open.push(name);
  }
  return open.length === 0 ? undefined : `<${open.at(-1)!}> is not closed`;
}

test("the check for well-formedness sees what is not", () => {
  expect(malformed("<a><b></a>")).toBe("</a> closes something else");
  expect(malformed("<a>")).toBe("<a> is not closed");
  expect(malformed('<a b="<"/>')).toBe("a bare <");
  expect(malformed("<a>x & y</a>")).toBe("a bare &");
  expect(malformed('<a b="1"><c/>&#38;</a>')).toBeUndefined();
});
