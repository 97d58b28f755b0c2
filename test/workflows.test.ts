/** The rules of .github that actionlint does not know. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parse } from "yaml";

const root = resolve(__dirname, "..");

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Workflow {
  on?: Record<string, unknown>;
  permissions?: unknown;
  jobs?: Record<string, { permissions?: Record<string, string>; steps: Step[] }>;
  runs?: { steps: Step[] };
}

const files = readdirSync(join(root, ".github"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".yml"))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((file) => ({
    name: relative(root, file),
    text: readFileSync(file, "utf8"),
    content: parse(readFileSync(file, "utf8")) as Workflow,
  }));
const workflows = files.filter(({ content }) => content.jobs !== undefined);

const stepsOf = ({ jobs, runs }: Workflow) => [
  ...Object.values(jobs ?? {}).flatMap(({ steps }) => steps),
  ...(runs?.steps ?? []),
];

test("the rules below are checked on every workflow, and on the action that they share", () => {
  const found = files.map(({ name }) => name);
  expect(found).toContain(".github/actions/login/action.yml");
  for (const name of ["ci", "deploy", "preview"]) expect(found).toContain(`.github/workflows/${name}.yml`);
  expect(workflows).toHaveLength(readdirSync(join(root, ".github/workflows")).length);
});

describe.each(files)("$name", ({ text, content }) => {
  test("pins every action by the hash of a commit, and says which version that is", () => {
    const actions = stepsOf(content).flatMap(({ uses }) => uses ?? []);
    const foreign = actions.filter((action) => !action.startsWith("./"));
    expect(foreign.length).toBeGreaterThan(0);
    for (const action of foreign) {
      expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(text).toMatch(new RegExp(`uses: ${action} # v\\d+\\.\\d+\\.\\d+\n`));
    }
  });

  test("puts nothing that others write into a script", () => {
    for (const { run = "" } of stepsOf(content)) expect(run).not.toContain("${{");
  });

  test("leaves no token behind in a checkout", () => {
    const checkouts = stepsOf(content).filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    for (const step of checkouts) expect(step.with).toMatchObject({ "persist-credentials": false });
  });
});

describe.each(workflows)("$name", ({ content }) => {
  test("gives each job the permissions that it needs, and no other", () => {
    expect(content.permissions).toEqual({});
    for (const { permissions } of Object.values(content.jobs!)) expect(permissions).toBeDefined();
  });

  test("never runs the code of a pull request with the rights of the repository", () => {
    expect(Object.keys(content.on ?? {})).not.toContain("pull_request_target");
    expect(Object.keys(content.on ?? {})).not.toContain("workflow_run");
  });
});

test("only the jobs that log in get a token to do so, and only the one that comments may write", () => {
  const granted = workflows.flatMap(({ name, content }) =>
    Object.entries(content.jobs!).flatMap(([job, { permissions }]) =>
      Object.entries(permissions ?? {})
        .filter(([, right]) => right === "write")
        .map(([permission]) => `${name} ${job} ${permission}`),
    ),
  );
  expect(granted.sort()).toEqual([
    ".github/workflows/deploy.yml deploy id-token",
    ".github/workflows/preview.yml comment pull-requests",
    ".github/workflows/preview.yml preview id-token",
    ".github/workflows/renew.yml renew id-token",
  ]);
});
