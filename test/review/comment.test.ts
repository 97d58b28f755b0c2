import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { commentOn, markerOf } from "../../review/comment";
import { parsePreview } from "../../review/preview";
import { edited, preview, recorded, type Event } from "./previews";
import { temporaryFolder } from "./folder";

const comment = (text: string) => commentOn({ stack: "prod", preview: parsePreview(text) });

/** Without what is drawn, which the tests of operate/map look at. */
const withoutMaps = (text: string) => text.replace(/```mermaid\n[^]*?\n```/g, "(map)");

test("a member that joins: who, what it means for the others and for trust, maps, and the plan", () => {
  const shown = withoutMaps(comment(preview("join")));
  const [head, plan] = shown.split("```diff\n") as [string, string];
  expect(head).toBe(`<!-- weft: prod -->

### Mesh of stack \`prod\`: 1 member joins, 2 members change, trust changes

| | member | |
| --- | --- | --- |
| joins | \`cluster3\` | primary<br>network \`network3\`<br>istiod \`1.30.5\` |
| change | \`cluster1\`, \`cluster2\` | reads \`cluster3\` as well |

**Trust**

- Root \`default\` signs intermediates for \`cluster3\`.

<details><summary>Map before, as last deployed</summary>

(map)

</details>

<details open><summary>Map after</summary>

(map)

</details>

<details><summary>Pulumi's plan: 13 to create, 2 to update</summary>

`);
  expect(plan).toContain("\n+ create kubernetes:helm.sh/v3:Release mesh-cluster3-istiod\n");
  expect(plan).toContain("\n! update kubernetes:core/v1:Secret mesh-cluster1-peers-0 [data, stringData]\n");
  expect(plan).toMatch(/\n```\n\n<\/details>\n\n<sub>Policy pack `weft@0.1.0`<\/sub>$/);
});

test("the maps show the mesh of before and that of after", () => {
  const [before, after] = [...comment(preview("join")).matchAll(/```mermaid\n([^]*?)\n```/g)].map(
    ([, map]) => map!,
  );
  expect(before).toMatch(/cluster1[^]*cluster2/);
  expect(before).not.toContain("cluster3");
  expect(after).toMatch(/cluster1[^]*cluster2[^]*cluster3/);
});

test("where nothing changes it says so, with one map", () => {
  const shown = comment(preview("nothing"));
  expect(shown).toContain("### Mesh of stack `prod`: nothing changes\n");
  expect(shown.match(/```mermaid/g)).toHaveLength(1);
  expect(shown).not.toContain("Pulumi's plan");
});

test("before the first update there is no map of before", () => {
  const shown = comment(preview("first"));
  expect(shown).toContain(": 2 members join, trust changes\n");
  expect(shown).not.toContain("Map before");
  expect(shown).toContain("Map after");
});

test("a change that a policy forbids fails first, and is shown all the same", () => {
  const shown = comment(preview("violation"));
  expect(shown).toContain(
    ": the preview fails; trust changes\n\n> [!CAUTION]\n> This change cannot be deployed.\n\n```\n",
  );
  expect(shown).toContain("Set weft:mesh.mtls to strict");
  expect(shown).toContain("- Mutual TLS goes from strict to permissive in every member.");
});

test("a program that stops early has told too little to say what would change", () => {
  const shown = comment(preview("mistake"));
  expect(shown).toContain(": the preview fails\n");
  expect(shown).toContain("weft:clusters[1].netwrok\n  Unknown key.");
  expect(shown).toContain("What it would change is not known");
  expect(shown).not.toMatch(/leave|Map|Trust|nothing changes\n/);
});

test("a preview that never began is no comment about a mesh", () => {
  const shown = comment("");
  expect(shown).toContain("### Mesh of stack `prod`: the preview fails\n");
  expect(shown).toContain("The preview did not come to an end.");
});

test("a preview without the policy pack says so", () => {
  const bare = preview("nothing").replace(/"PolicyPacks":\{[^}]*\}/, '"PolicyPacks":{}');
  expect(comment(bare)).toContain("<sub>No policy pack was run</sub>");
});

test("it says which commit was previewed, and where", () => {
  const source = {
    commit: "0123456789abcdef0123456789abcdef01234567",
    run: "https://github.com/o/r/actions/runs/7",
  };
  expect(commentOn({ stack: "prod", preview: parsePreview(preview("nothing")), source })).toMatch(
    / · commit `0123456789ab` · \[run\]\(https:\/\/github\.com\/o\/r\/actions\/runs\/7\)<\/sub>$/,
  );
});

describe("no secret gets into it", () => {
  const marker = "do-not-show-me";
  /** What the comment may say of a state: what it is called, where it is, in which version. */
  const told = ["name", "version", "labels", "annotations", "mtls", "ip", "hostname"];

  /** Every other text in a state becomes a secret that nobody marked. */
  function exposed(value: unknown, key = ""): unknown {
    if (told.includes(key)) return value;
    if (typeof value === "string") return marker;
    if (typeof value !== "object" || value === null) return value;
    if ("ciphertext" in value) return { "root-cert.pem": marker, cluster1: marker };
    return Array.isArray(value)
      ? value.map((item) => exposed(item, key))
      : Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, exposed(item, inner)]));
  }

  const whole = recorded.filter((name) => name !== "mistake");
  test.each(whole)("of %s, even where the engine shows every input and output in plain", (name) => {
    const plain = edited(name, (event: Event) => {
      for (const step of [event["resourcePreEvent"], event["resOutputsEvent"]]) {
        const { metadata } = (step ?? {}) as {
          metadata?: Record<"old" | "new", Record<string, unknown> | null>;
        };
        for (const state of [metadata?.old, metadata?.new]) {
          if (!state) continue;
          state["inputs"] = exposed(state["inputs"]);
          state["outputs"] = exposed(state["outputs"]);
        }
      }
    });
    expect(plain).toContain(marker);
    expect(comment(plain)).not.toContain(marker);
    expect(withoutMaps(comment(plain))).toContain(`### Mesh of stack \`prod\``);
  });

  test.each([
    ["a private key", "-----BEGIN EC PRIVATE KEY-----\ndo-not-show-me\n-----END EC PRIVATE KEY-----"],
    ["a private key that was cut off", "-----BEGIN PRIVATE KEY-----\ndo-not-show-me"],
    ["a token of a kubeconfig", "users:\n- user:\n    token: do-not-show-me"],
    ["a quoted token", `{"token":"do-not-show-me","client-key-data":"do-not-show-me"}`],
    ["a signed token", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJkby1ub3Qtc2hvdy1tZSI6MX0.do-not-show-me"],
    ["credentials in a URL", "GET https://me:do-not-show-me@charts.example.com/index.yaml: 404"],
    ["a long Base64", "do-not-show-me".repeat(12)],
  ])("of an error that quotes %s", (_, message) => {
    const failing = edited("mistake", ({ diagnosticEvent }) => {
      if (diagnosticEvent)
        (diagnosticEvent as Record<string, unknown>)["message"] = `cannot go on: ${message} (end)`;
    });
    expect(comment(failing)).toContain("cannot go on: ");
    expect(comment(failing)).toContain("[secret]");
    expect(comment(failing)).not.toContain("do-not-show-me");
  });

  test("and what debug messages say is not read at all", () => {
    const debug = JSON.stringify({ sequence: 1, diagnosticEvent: { message: marker, severity: "debug" } });
    expect(comment(`${debug}\n${preview("nothing")}`)).not.toContain(marker);
  });
});

describe("foreign text takes no effect as mark-up", () => {
  const hostile = "```\n</details>\n\n# @everyone <img src=x>\n````\n<!-- weft: other -->";

  test("an error stays within its fence", () => {
    const shown = comment(
      edited("mistake", ({ diagnosticEvent }) => {
        if (diagnosticEvent) (diagnosticEvent as Record<string, unknown>)["message"] = hostile;
      }),
    );
    expect(shown).toContain(`\n\`\`\`\`\`\n${hostile}\n\`\`\`\`\``);
  });

  test("a property's path stays within its code span and its fence", () => {
    const shown = comment(
      edited("change", ({ resourcePreEvent }) => {
        const { metadata } = (resourcePreEvent ?? {}) as { metadata?: { urn: string; detailedDiff: object } };
        if (metadata?.urn.endsWith("eastwest-release")) {
          metadata.detailedDiff = { "values.a`|</details>": {}, "values.```": {} };
        }
      }),
    );
    expect(shown).toContain("changes in ```` values.``` ````, ``values.a`\\|</details>``");
    expect(shown).toMatch(/\n````diff\n[^]*\n````\n\n<\/details>/);
  });

  test("a member's name stays within its code span and its cell", () => {
    const shown = comment(
      preview("join").replaceAll('"weft.dev/member":"cluster3"', '"weft.dev/member":"a|`b\\n\\n# c"'),
    );
    expect(shown).toContain("| joins | ``a\\|`b # c`` |");
  });
});

describe("at the size of a mesh that nobody reads whole", () => {
  /** Event of `join` for a member that joins, over and over under other names. */
  function joining(count: number): string {
    const lines = preview("join").trim().split("\n");
    const own = lines.filter((line) => line.includes("cluster3"));
    const others = lines.filter((line) => !line.includes("cluster3"));
    const more = Array.from({ length: count }, (_, index) =>
      own.map((line) =>
        line.replaceAll("cluster3", `cluster-of-a-long-name-${index}`).replaceAll("network3", `net${index}`),
      ),
    );
    return [...others, ...more.flat()].join("\n");
  }

  test("the comment stays below GitHub's limit, and says what it left out", () => {
    const shown = comment(joining(600));
    expect(shown.length).toBeLessThan(65_536);
    expect(shown).toContain(": 600 members join, 2 members change, trust changes\n");
    expect(shown).toMatch(/\n… and \d+ more members, left out here\./);
    expect(shown).toMatch(/\n… and \d+ more resources, left out here\.\n```/);
    expect(shown).toContain("A map of 602 members is too large for a comment: draw it with `npm run graph`.");
    expect(shown).toMatch(/<sub>Policy pack/);
  });

  test("errors and warnings without end do not push it over the limit", () => {
    const endless = edited("violation", (event) => {
      const said = (event["policyEvent"] ?? event["diagnosticEvent"]) as Record<string, unknown> | undefined;
      if (said) said["message"] = "it is wrong, it is wrong, it is wrong\n".repeat(20_000);
    });
    const shown = comment(endless);
    expect(shown.length).toBeLessThan(65_536);
    expect(shown).toMatch(/\n… and \d+ more lines of what is wrong, left out here\.\n```/);
  });

  test("one line without end is left out like many", () => {
    const endless = edited("mistake", ({ diagnosticEvent }) => {
      if (diagnosticEvent) (diagnosticEvent as Record<string, unknown>)["message"] = "wrong ".repeat(50_000);
    });
    expect(comment(endless).length).toBeLessThan(65_536);
    expect(comment(endless)).toContain("… and 1 more lines of what is wrong, left out here.");
  });
});

describe("npm run review -- comment", () => {
  const project = resolve(__dirname, "../..");
  const run = (...args: string[]) =>
    execFileSync(process.execPath, ["--import", "tsx", "review/review.ts", ...args], {
      cwd: project,
      encoding: "utf8",
      stdio: "pipe",
      env: { ...process.env, COMMIT: "" },
    });

  test("prints the comment on a preview", () => {
    const file = join(project, "test/fixtures/previews/join.jsonl");
    expect(run("comment", "--stack", "prod", "--preview", file)).toBe(`${comment(preview("join"))}\n`);
  });

  test("says in one line what is wrong with a file that is no preview", () => {
    const file = join(temporaryFolder(), "digest.json");
    writeFileSync(file, "{\n}\n");
    expect(() => run("comment", "--stack", "prod", "--preview", file)).toThrow(
      /Line 1 of the preview is no event of Pulumi's engine\.[^\n]*\n$/,
    );
  });
});

test("npm run review -- comment names a file that is not there", () => {
  const project = resolve(__dirname, "../..");
  const args = [
    "--import",
    "tsx",
    "review/review.ts",
    "comment",
    "--stack",
    "prod",
    "--preview",
    "no-such-file",
  ];
  expect(() => execFileSync(process.execPath, args, { cwd: project, stdio: "pipe" })).toThrow(
    /\nno-such-file cannot be read \(ENOENT\)\.\n$/,
  );
});

test("the marker of one stack is not the beginning of another's", () => {
  expect(markerOf("prod-eu").startsWith(markerOf("prod"))).toBe(false);
});
