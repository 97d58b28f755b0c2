/** Changes of what a member is. */
import type { LiveNamespace } from "../live-member";
import type { Member } from "../mesh-spec";
import type { Problem } from "../problems";
import { ofMembers, type Step } from "./step";

/** The namespace comes first, and what Weft has in it goes when the member leaves: it has to be this member's own, or given to it. */
export const ownership = ofMembers((member, { namespace, istiods }, { mesh }) => {
  if (namespace === undefined || isOf(member, namespace, mesh.config.id)) return [];
  const at = { path: member.path, value: member.name };
  if (namespace.member === undefined) {
    if (istiods !== undefined) {
      return [
        {
          ...at,
          message: `${member.name} has an istiod in namespace istio-system that is not Weft's.`,
          remedy:
            "Take the mesh over: `npm run adopt` says how (docs/runbooks/adopt.md). Or uninstall the Istio that runs there, `pulumi up` again.",
        },
      ];
    }
    if (member.istio.adoptNamespace) return [];
    return [
      {
        ...at,
        message: `${member.name} has a namespace istio-system that is not Weft's.`,
        remedy: `Set ${member.path}.istio.adoptNamespace to true: then Weft adds labels to it, and never deletes it. Or delete it, and \`pulumi up\` again.`,
      },
    ];
  }
  return [
    {
      ...at,
      message: `This cluster is member ${namespace.member} of mesh ${namespace.mesh} already.`,
      remedy: `Remove it there and \`pulumi up\`, then add it as ${member.name} of ${mesh.config.id}. A mesh or a member cannot be renamed.`,
    },
  ];
});

/** A patch needs something to patch. */
export const nothingToAdopt = ofMembers(({ name, path, istio }, { namespace }) =>
  !istio.adoptNamespace || namespace !== undefined
    ? []
    : [
        {
          path: `${path}.istio.adoptNamespace`,
          value: "true",
          message: `${name} has no namespace istio-system to adopt.`,
          remedy: "Create it, or leave the key out: then Weft does.",
        },
      ],
);

function isOf(member: Member, namespace: LiveNamespace, mesh: string): boolean {
  return namespace.mesh === mesh && namespace.member === member.name;
}

/** The state would say that everything is there, and a change would meet a cluster in which nothing is. */
export const anotherCluster = ofMembers((member, _, step) => {
  if (!isAnotherCluster(member, step) || step.mesh.config.rebuilt.includes(member.name)) return [];
  return [
    {
      path: member.path,
      value: member.context ?? member.name,
      message: `The last \`pulumi up\` left member ${member.name} in another cluster, or its namespace istio-system was deleted since.`,
      remedy:
        `If the way into the cluster is wrong, correct it. If the cluster was made again: weft:mesh.rebuilt: [${member.name}] ` +
        "and `pulumi up --refresh`. See docs/changes.md.",
    },
  ];
});

/** Whether the cluster that answers is not the one that the state knows; `false` where either is not known. */
export function isAnotherCluster({ name }: Pick<Member, "name">, { last, live }: Step): boolean {
  const [known, now] = [last.members[name]?.uid, live.get(name)];
  if (known === undefined || now === undefined) return false;
  return now.namespace === undefined || (now.namespace.uid !== undefined && now.namespace.uid !== known);
}

/** The label alone may have been changed by hand, which an `up --refresh` takes back. */
export const changedNetwork = ofMembers(({ name, path, network }, { namespace }, { last }) => {
  const now = last.members[name]?.network ?? namespace?.network;
  if (now === undefined || now === network) return [];
  return [
    {
      path: `${path}.network`,
      value: network,
      message: `It is ${now} now, and running proxies keep the network that they started with: other networks would send their requests to addresses that lead nowhere.`,
      remedy: addedAgain,
    },
  ];
});

export const primaryBecomesRemote = ofMembers((member, { namespace }, { mesh }) => {
  if (member.role === "primary" || namespace === undefined || !isOf(member, namespace, mesh.config.id)) {
    return [];
  }
  if (namespace.servedBy !== undefined) return [];
  return [
    {
      path: `${member.path}.role`,
      value: member.role,
      message: `It is a primary now: its istiod would be deleted before that of ${member.primary} serves its workloads.`,
      remedy: addedAgain,
    },
  ];
});

const addedAgain =
  "Set it back. Or take the member out, `pulumi up`, add it again, `pulumi up`, and restart its workloads.";

export function changedTrustDomain({ last, mesh }: Step): Problem[] {
  const [known, wanted] = [last.mesh.trustDomain, mesh.config.trustDomain];
  if (known === undefined || known === wanted) return [];
  return [
    {
      path: "weft:mesh.trustDomain",
      value: wanted,
      message: `It is ${known} now, and the identity of every workload begins with it: running proxies would refuse each other, and so would every AuthorizationPolicy.`,
      remedy: `Set it back. A mesh gets another trust domain only by \`pulumi destroy\` and \`pulumi up\`.`,
    },
  ];
}
