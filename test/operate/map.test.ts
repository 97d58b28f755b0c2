import { JSDOM, ResourceLoader, type DomElement } from "jsdom";
import { parseMesh } from "../../mesh/parse";
import { known, unknown } from "../../operate/facts/facts";
import { html } from "../../operate/map/html";
import { bow, type Box } from "../../operate/map/layout";
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

test("where not everybody reads everybody, those that read each other or the same are told together", () => {
  const cluster = (name: string, more: object = {}) => ({ name, context: name, ...more });
  const hub = {
    clusters: [
      cluster("hub"),
      ...["s1", "s2"].map((name) => cluster(name, { reads: ["hub"] })),
      cluster("z", { reads: [] }),
    ],
  };
  expect(mapOf(parseMesh(hub)).reading).toEqual([
    "Not everybody reads everybody: 5 keys.",
    "hub reads every other member.",
    "s1, s2 read hub.",
    "z reads nobody.",
  ]);
  const regions = parseMesh({
    mesh: { groups: { eu: ["a", "b", "r"], us: ["c", "d"] }, trust: { mode: "federated" } },
    clusters: [
      ...["a", "b", "c", "d"].map((name) => cluster(name)),
      cluster("r", { role: "remote", primary: "a" }),
    ],
  });
  expect(mapOf(regions).reading).toEqual([
    "Not everybody reads everybody: 6 keys.",
    "a, b read each other and r.",
    "c, d read each other.",
  ]);
  expect(mapOf(regions).reads).toHaveLength(6);
  expect(mapOf(regions).trust).toEqual([
    "Every primary has a root of its own, and trusts those of all that its workloads meet.",
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
])("the page for %s", (_, make) => {
  let dom: JSDOM;
  let names: string[];
  const asked: string[] = [];
  beforeAll(async () => {
    const { mesh, report } = await make();
    names = mesh.members.map(({ name }) => name);
    const resources = new (class extends ResourceLoader {
      override fetch(url: string) {
        asked.push(url);
        return null;
      }
    })();
    dom = new JSDOM(html(mapOf(mesh, report), report), { resources, runScripts: "dangerously" });
  });

  const all = (selector: string) => [...dom.window.document.querySelectorAll(selector)];
  const number = (element: DomElement, name: string) => Number(element.getAttribute(name));
  const boxOf = (rect: DomElement): Box => ({
    x: number(rect, "x"),
    y: number(rect, "y"),
    width: number(rect, "width"),
    height: number(rect, "height"),
  });

  test("asks nobody for anything, holds no script and forbids itself both", () => {
    expect(asked).toEqual([]);
    expect(all("script, link, img, iframe, object, embed, [src], [href]")).toEqual([]);
    const policy = all("meta[http-equiv=Content-Security-Policy]")[0]?.getAttribute("content");
    expect(policy).toBe("default-src 'none'; style-src 'unsafe-inline'");
    for (const { textContent } of all("style")) expect(textContent).not.toMatch(/@import|url\(/);
  });

  test("shows every member once, with its role, its health in words and marks, and its whole name", () => {
    const titles = all(".member > title").map(({ textContent }) => textContent);
    expect(titles.map((title) => title.split(", ")[0]).sort()).toEqual([...names].sort());
    for (const card of all(".member.failed")) {
      expect(card.querySelector(".mark")!.textContent).toBe("✘ ");
      expect(card.querySelector(".trouble")!.textContent).toMatch(/^failed: /);
    }
    for (const card of all(".member.ok")) expect(card.querySelector(".mark")!.textContent).toBe("✔ ");
  });

  test("draws no card over another, and none beyond its network or the picture", () => {
    const cards = all(".member > rect").map(boxOf);
    const areas = all("rect.network").map(boxOf);
    const [, , width, height] = all("svg")[0]!.getAttribute("viewBox")!.split(" ").map(Number);
    expect(cards).toHaveLength(names.length);
    for (const boxes of [cards, areas]) {
      expect(boxes.flatMap((a, index) => boxes.slice(index + 1).filter((b) => overlap(a, b)))).toEqual([]);
    }
    for (const card of cards) expect(areas.filter((area) => within(card, area))).toHaveLength(1);
    for (const area of areas) expect(within(area, { x: 0, y: 0, width: width!, height: height! })).toBe(true);
  });

  test("cuts no text at the border of its card", () => {
    for (const card of all(".member")) {
      const { x, width } = boxOf(card.querySelector("rect")!);
      for (const text of card.querySelectorAll("text")) {
        // DejaVu Sans, among the widest of what system-ui may be: 0.69 em bold, 0.59 em else, over names and addresses.
        const perLetter = text.classList.contains("name") ? 14 * 0.69 : 12 * 0.59;
        const end = number(text, "x") + text.textContent.length * perLetter;
        expect([text.textContent, end <= x + width]).toEqual([text.textContent, true]);
      }
    }
  });
});

describe.each(["light", "dark"])("the %s colours", (theme) => {
  const style = new JSDOM(svg(mapOf(large()))).window.document.querySelector("style")!.textContent;
  const start = theme === "light" ? "svg {" : "@media (prefers-color-scheme: dark) { svg {";
  const line = style.split("\n").find((candidate) => candidate.startsWith(start))!;
  const colours = new Map(
    [...line.matchAll(/--([a-z]+): #([0-9a-f]{6});/g)].map(([, name, colour]) => [name!, colour!]),
  );

  /** https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
  function luminance(name: string): number {
    const [red, green, blue] = [0, 2, 4]
      .map((at) => parseInt(colours.get(name)!.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  }
  function contrast(a: string, b: string): number {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light! + 0.05) / (dark! + 0.05);
  }

  test.each([
    ["ink", "paper"],
    ["faint", "paper"],
    ["faint", "area"],
    ["ok", "paper"],
    ["failed", "paper"],
    ["unknown", "paper"],
  ])("text in %s is readable on %s (WCAG AA)", (text, ground) => {
    expect(contrast(text, ground)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["reads", "serves", "failed"])("arrows in %s stand out (WCAG AA)", (arrow) => {
    expect(contrast(arrow, "area")).toBeGreaterThanOrEqual(3);
    expect(contrast(arrow, "paper")).toBeGreaterThanOrEqual(3);
  });
});

test("a name that is too long keeps both its ends, and what could not be read is said on the card", async () => {
  const long = "production-europe-west4-blue";
  const sample = await healthy({
    clusters: [
      { name: long, context: "c" },
      { name: "b", context: "d" },
    ],
  });
  sample.of("b").gateway = unknown("no");
  const text = svg(mapOf(sample.mesh, judgeMesh(sample.mesh, sample.facts, now)));
  expect(text).toContain("</tspan>production…est4-blue</text>");
  expect(text).toContain(`<title>${long}, primary`);
  expect(text).toContain(">not known: network, gateway</text>");
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
  const { DOMParser } = new JSDOM("").window;
  const parsed = new DOMParser().parseFromString(svg(map), "image/svg+xml");
  expect(parsed.querySelector("parsererror")).toBeNull();
  expect(html(map, report)).toContain("&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;");
});
