/** What a person does with what adopt found, step by step. Pure. */
import type { Adoption, AdoptedMember } from "./adoption";

export interface StepsArgs {
  adoption: Adoption;
  /** As the person names it. */
  stack: string;
  /** Where the new stack config and the import file are, and their folder. */
  files: { config: string; imports: string };
  out: string;
  /** The stack's own file. */
  stackFile: string;
}

export function steps({
  adoption: { members, notes, config },
  stack,
  files,
  out,
  stackFile,
}: StepsArgs): string {
  const istioSystem = "-n istio-system";
  const handed = members.flatMap((member) => handOver(member, members));
  const parts: [string, string[]][] = [
    [
      `The stack config. ${files.config} is ${stackFile} with what was found; no key is in it.`,
      [`cp ${files.config} ${stackFile}`],
    ],
    [
      "The keys of the intermediates, from each cluster straight into the encrypted config.",
      members.map(
        ({ member: { path }, found: { kubectl } }) =>
          `${kubectl} ${istioSystem} get secret cacerts -o jsonpath='{.data.ca-key\\.pem}' | base64 -d | ` +
          `pulumi config set --stack ${stack} --secret --path '${path}.trust.intermediate.key'`,
      ),
    ],
    [
      "Labels by which Weft knows whose the clusters are.",
      members.map(
        ({ member: { name }, found: { kubectl } }) =>
          `${kubectl} label namespace istio-system weft.dev/mesh=${meshId(config.mesh)} weft.dev/member=${name}`,
      ),
    ],
    [
      "The state. It reads the clusters and changes nothing in them. Of charts that are not in your Helm repositories it says that an input failed to validate: that is of no matter here.",
      [`pulumi import --stack ${stack} --file ${files.imports} --protect=false --generate-code=false`],
    ],
    [
      "What the first `up` changes: Weft's own values and labels, with which istiod and the gateways may restart; nothing is replaced. The variable lets Pulumi take over the fields that kubectl wrote; later it is not needed.",
      [
        `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi preview --stack ${stack} --diff`,
        `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --stack ${stack}`,
      ],
    ],
    ...(handed.length === 0
      ? []
      : ([
          [
            "The hand-made remote secrets, when that `up` has succeeded. istiod takes a cluster from the first Secret that has it, and would lose the peer for a moment if that went: so it is down in the meantime. Proxies keep what they have; new pods wait. One cluster after the other.",
            handed,
          ],
        ] satisfies [string, string[]][])),
    ["Afterwards.", [`npm run status -- --stack ${stack} --wait`, `rm -r ${out}`]],
  ];
  return [
    ...parts.map(([what, commands], index) =>
      [`${index + 1}. ${what}`, "", ...commands.map((command) => `    ${command}`)].join("\n"),
    ),
    ...(notes.length > 0 ? [["To know:", ...notes.map((note) => `- ${note}`)].join("\n")] : []),
  ].join("\n\n");
}

const meshId = (mesh: Record<string, unknown>) => (mesh["id"] as string | undefined) ?? "mesh1";

/** The Secrets that Weft's takes the place of: all of whose clusters are members. */
export function replacedSecrets({ found }: AdoptedMember, members: AdoptedMember[]): string[] {
  const names = members.map(({ member }) => member.name);
  return found.remoteSecrets
    .filter(({ name }) => !name.startsWith("weft-peers"))
    .filter(({ clusters }) => Object.keys(clusters).every((cluster) => names.includes(cluster)))
    .map(({ name }) => name);
}

function handOver(adopted: AdoptedMember, members: AdoptedMember[]): string[] {
  const secrets = replacedSecrets(adopted, members);
  if (secrets.length === 0) return [];
  const { kubectl, istiods } = adopted.found;
  const [[istiod, replicas] = ["istiod", 1]] = Object.entries(istiods);
  const run = `${kubectl} -n istio-system`;
  return [
    `${run} scale deployment ${istiod} --replicas 0 && ${run} wait --for=delete pod -l app=istiod --timeout 2m && \\`,
    `  ${run} delete secret ${secrets.join(" ")} && ${run} scale deployment ${istiod} --replicas ${replicas} && \\`,
    `  ${run} rollout status deployment ${istiod}`,
  ];
}
