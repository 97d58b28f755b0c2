/** Writes docs/configuration.md from the schema, and docs/changes.md from the table of changes: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { clusterSchema, meshSchema } from "../mesh/schema";
import { unwrap } from "../mesh/schema-tree";
import { changes, type Change } from "../mesh/transitions/changes";

type Schema = z.core.$ZodType;

/** One line of a table. */
interface Row {
  path: string;
  type: string;
  fallback: string;
  meaning: string;
}

const intro = `# Configuration

<!-- Generated from mesh/schema.ts by \`npm run docs\`. -->

A stack is two keys: \`weft:mesh\`, what holds for the whole mesh, and \`weft:clusters\`, its members. Only the members
are required. Every mistake is reported at once, before anything is touched.

\`\`\`yaml
config:
  weft:mesh:
    id: mesh1
    istio:
      version: 1.30.5
  weft:clusters:
    - name: east
      context: kind-east
      network: network1
    - name: west
      kubeconfigPath: west.kubeconfig
      network: network2
      apiServer: https://10.0.0.5:6443
      eastWest:
        service:
          annotations: { service.beta.kubernetes.io/aws-load-balancer-type: nlb }
    - name: edge
      context: kind-edge
      network: network3
      role: remote
      primary: east
\`\`\`

A secret stands in the list like everything else; only it is encrypted, and it stays a secret in the state:

\`\`\`sh
pulumi config set --path 'weft:clusters[0].kubeconfig' --secret < east.kubeconfig
\`\`\`

Helm values, annotations and other free text can be secrets, too. Where \`Pulumi.<stack>.yaml\` does not say which of them are (they come
from Pulumi ESC, or the setting is encrypted as a whole), all of the setting's are. Names, versions and addresses are shown.

In the tables, a key without a default may be left out unless it is *required*. \`[]\` stands for each entry of a list.
`;

/** The contents of docs/configuration.md. */
export function configuration(): string {
  return [
    intro,
    section("`weft:mesh`", meshSchema),
    section("`weft:clusters`, for each cluster", clusterSchema),
  ].join("\n");
}

function section(title: string, schema: z.ZodObject): string {
  const lines = rowsIn(schema, "").map(({ path, type, fallback, meaning }) =>
    [`\`${path}\``, type, fallback, meaning].map((cell) => cell.replaceAll("|", "\\|")).join(" | "),
  );
  return [
    `## ${title}`,
    "",
    "| Key | Type | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}

/** The keys of a map, of the entries of a list, or of each alternative. */
function rowsIn(schema: Schema, prefix: string): Row[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return rowsIn(inner.element, `${prefix}[]`);
  if (inner instanceof z.ZodDiscriminatedUnion) return rowsOfChoice(inner, prefix);
  if (inner instanceof z.ZodUnion) {
    const rows = inner.options.flatMap((option) => rowsIn(option, prefix));
    // Of keys that exclude each other none is required; one that several alternatives know is listed once.
    return [...new Map(rows.map((row) => [row.path, { ...row, fallback: "" }])).values()];
  }
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, Schema>).flatMap(([key, child]) =>
    rowsOf(prefix === "" ? key : `${prefix}.${key}`, child),
  );
}

function rowsOf(path: string, schema: Schema): Row[] {
  const below = rowsIn(schema, path);
  const meaning = meaningOf(schema);
  // A map that only groups its keys.
  if (below.length > 0 && meaning === "") return below;
  return [{ path, type: typeOf(schema), fallback: defaultOf(schema), meaning }, ...below];
}

/** The key that chooses, with the meaning of each choice; then the keys that only some choices have. */
function rowsOfChoice({ options, def }: z.ZodDiscriminatedUnion, prefix: string): Row[] {
  const shapes = options.map((option) => (option as z.ZodObject).shape as Record<string, Schema>);
  const chooser = def.discriminator;
  const choices = shapes.map((shape) => {
    const literal = shape[chooser] as z.ZodLiteral;
    return { name: String(literal.value), meaning: meaningOf(literal), shape };
  });
  const others = [...new Set(shapes.flatMap((shape) => Object.keys(shape)))].filter((key) => key !== chooser);
  return [
    {
      path: `${prefix}.${chooser}`,
      type: `one of ${choices.map(({ name }) => code(name)).join(", ")}`,
      fallback: "*required*",
      meaning: choices.map(({ name, meaning }) => `${code(name)}: ${meaning}`).join(" "),
    },
    ...others.flatMap((key) => {
      const having = choices.filter(({ shape }) => key in shape);
      const rows = rowsOf(`${prefix}.${key}`, having[0]!.shape[key]!);
      if (having.length === choices.length) return rows;
      const only = having.map(({ name }) => code(name)).join(", ");
      return rows.map((row) => ({ ...row, meaning: `Only with ${only}. ${row.meaning}` }));
    }),
  ];
}

/** The expected form, in the words of the error that refuses anything else. */
function typeOf(schema: Schema): string {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodEnum)
    return `one of ${inner.options.map((option) => code(String(option))).join(", ")}`;
  if (inner instanceof z.ZodArray) return `a list; each ${typeOf(inner.element)}`;
  if (inner instanceof z.ZodObject || inner instanceof z.ZodDiscriminatedUnion) return "a map";
  return z.safeParse(inner, undefined).error!.issues[0]!.message;
}

function defaultOf(schema: Schema): string {
  if (schema instanceof z.ZodOptional) return "";
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)) return "*required*";
  const { defaultValue } = schema.def;
  const isEmpty = typeof defaultValue === "object" && Object.keys(defaultValue as object).length === 0;
  if (isEmpty) return "";
  return code(typeof defaultValue === "string" ? defaultValue : JSON.stringify(defaultValue));
}

function meaningOf(schema: Schema): string {
  const own = z.globalRegistry.get(schema)?.description;
  if (own !== undefined) return own;
  const inner = unwrap(schema);
  return inner === schema ? "" : meaningOf(inner);
}

function code(text: string): string {
  return `\`${text}\``;
}

const changesIntro = `# Changes of a running mesh

<!-- Generated from mesh/transitions/changes.ts by \`npm run docs\`. -->

What a change of each key does to a mesh that runs. What would break it in one step is refused by a preview and by
\`pulumi up\`, before anything is touched, with the steps to take.

- **safe**: one \`pulumi up\`; no request from one member to another fails by it.
- **in steps**: safe as the last column says.
- **refused**: not while the mesh runs.

\`.*\` stands for the key and everything below it, \`[]\` for each entry of a list. Weft compares with what the clusters
say of themselves and with the outputs of the last \`pulumi up\`. What neither tells (a member that joins, an output that
an older Weft did not write) is not compared.
`;

const rebuiltText = `## A cluster that was made again

Weft knows a cluster by the UID of its namespace \`istio-system\`, which is in the stack's outputs (\`members.<name>.uid\`).
Where another cluster answers, or the namespace is gone, Pulumi's state still says that everything is there: an \`up\`
would say "no changes" of a cluster in which nothing is. So nothing is written, and there are two ways out.

- **The way into the cluster is wrong**: another context, the kubeconfig of another cluster. Correct it.
- **The cluster was made again** under the name of the old one, or its namespace was deleted. Say so, and let Pulumi look
  before it leaps:

  \`\`\`sh
  pulumi config set --path 'weft:mesh.rebuilt[0]' west
  pulumi up --refresh
  \`\`\`

  The refresh drops from the state what is no longer there, and the \`up\` creates it in the new cluster. The other
  members get the new token of this one. Afterwards take the name out again; left there it does nothing, until the
  cluster is made again once more. Without \`--refresh\` nothing is created, and a warning says so.

A refresh asks the old cluster, by the kubeconfig in the state. Where that one no longer leads anywhere (new address, new
CA, new credentials) it fails with "unreachable cluster". Then

\`\`\`sh
PULUMI_K8S_DELETE_UNREACHABLE=true pulumi up --refresh
\`\`\`

drops from the state whatever cannot be reached, in **every** cluster. So first see that all the others answer
(\`npm run status\`). The next \`pulumi up\` takes the variable back, in the state alone.

If cert-manager held the mesh's root in that cluster, its key is gone with it. Weft then asks for \`trust.removing\` as
well: connections break until every istiod and every proxy has the new root ([trust.md](trust.md)).
`;

/** The contents of docs/changes.md. */
export function changesPage(): string {
  return [
    changesIntro,
    changesOf("`weft:mesh`", "mesh."),
    changesOf("`weft:clusters`", "clusters"),
    rebuiltText,
  ].join("\n");
}

const verdicts: Record<Change["verdict"], string> = { safe: "safe", steps: "in steps", refused: "refused" };

/** The changes of the keys with this prefix, one line for all keys of a change. */
function changesOf(title: string, prefix: string): string {
  const lines = changes.flatMap(({ keys, verdict, what }) => {
    const own = keys.filter((key) => key.startsWith(prefix)).map((key) => code(shortened(key)));
    return own.length === 0 ? [] : [`| ${own.join(", ")} | ${verdicts[verdict]} | ${what} |`];
  });
  return [`## ${title}`, "", "| Key | Change | |", "| --- | --- | --- |", ...lines, ""].join("\n");
}

/** As docs/configuration.md writes it. */
function shortened(key: string): string {
  return key.replace(/^(mesh|clusters\[\])\./, "").replace(/^clusters$/, "[]");
}

if (require.main === module) {
  writeFileSync(join(__dirname, "configuration.md"), configuration());
  writeFileSync(join(__dirname, "changes.md"), changesPage());
}
