/** Do the webhooks lead to an istiod that lives? */
import type { MemberFacts, Webhook } from "../facts/facts";
import {
  chartRepairs,
  failed,
  unreadable,
  unseen,
  upRepairs,
  type Check,
  type Issue,
  type View,
} from "./check";

export const webhooks: Check = (view) => {
  const { facts, member } = view;
  if (!facts.webhooks.known) return { issues: [unreadable(facts.webhooks)] };
  if (!facts.endpoints.known) return { issues: [unreadable(facts.endpoints)] };
  const { value: endpoints } = facts.endpoints;
  // On a remote the primary's istiod writes the injection webhook alone (multicluster.go in pilot/pkg/serviceregistry).
  const found = facts.webhooks.value.filter(({ kind }) => member.role === "primary" || kind === "injection");
  const issues = byTarget(found).flatMap((hooks) => leadsNowhere(view, hooks, endpoints));
  for (const kind of [
    "injection",
    ...(member.role === "primary" ? (["validation"] as const) : []),
  ] as const) {
    if (found.some((hook) => hook.kind === kind)) continue;
    // A mesh may leave its webhooks to another operator.
    issues.push(
      managesWebhooks(member.istio.values)
        ? failed(
            kind === "injection"
              ? "There is no injection webhook: new pods start without a proxy, outside the mesh."
              : "There is no validation webhook: mistakes in Istio's objects are accepted.",
            chartRepairs(facts.kubectl, "istiod"),
          )
        : unseen(`the ${kind} webhook is left to others (\`global.operatorManageWebhooks\`)`),
    );
  }
  return { issues: [...issues, ...withoutCa(view, found)] };
};

function managesWebhooks(values: Record<string, unknown>): boolean {
  const global = values["global"] as { operatorManageWebhooks?: boolean } | undefined;
  return global?.operatorManageWebhooks !== true;
}

/** Those that lead to the same place: one cause, one failure. */
function byTarget(hooks: Webhook[]): [Webhook, ...Webhook[]][] {
  const groups = new Map<string, [Webhook, ...Webhook[]]>();
  for (const hook of hooks) {
    const { target } = hook;
    const place = "url" in target ? target.url : `${target.service}.${target.namespace}`;
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [hook]);
    else group.push(hook);
  }
  return [...groups.values()];
}

/** `a, b have`: the configurations of these webhooks, and a verb. */
function configurationsOf(hooks: Webhook[], one: string, several: string): string {
  const names = [...new Set(hooks.map(({ configuration }) => configuration))];
  return `${names.join(", ")} ${names.length === 1 ? one : several}`;
}

function leadsNowhere(
  view: View,
  hooks: [Webhook, ...Webhook[]],
  endpoints: Record<string, string[]>,
): Issue[] {
  const { facts, member, mesh, all } = view;
  const [{ target }] = hooks;
  const lead = configurationsOf(hooks, "leads", "lead");
  const primary = mesh.members.find(({ name }) => name === member.primary)!;
  const service = all.members.get(primary.name)?.gateway;
  const addresses = [
    ...primary.eastWest.addresses,
    ...(service?.known ? (service.value?.addresses ?? []) : []),
  ];
  const elsewhere = (where: string) =>
    failed(
      `${lead} to ${where}, and the istiod of ${primary.name} is at ${addresses.join(", ")}: pods of this member cannot be injected.`,
      upRepairs,
    );
  if ("url" in target) {
    const host = URL.canParse(target.url) ? new URL(target.url).hostname : target.url;
    return addresses.length === 0 || addresses.includes(host) ? [] : [elsewhere(host)];
  }
  const behind = target.namespace === "istio-system" ? endpoints[target.service] : undefined;
  const ready = behind ?? [];
  if (ready.length === 0) {
    return [
      failed(
        `${lead} to Service ${target.service}.${target.namespace}, behind which nobody is ready: the API server refuses what it should ask istiod about.`,
        behind === undefined
          ? `It is not a Service of istiod: ${chartRepairs(facts.kubectl, "istiod")}`
          : `\`${facts.kubectl} -n istio-system get endpointslices,pods -l app=istiod\` shows what is there.`,
      ),
    ];
  }
  const isRemote = member.role === "remote";
  return isRemote && addresses.length > 0 && !ready.some((address) => addresses.includes(address))
    ? [elsewhere(ready.join(", "))]
    : [];
}

/** istiod writes its CA into the webhooks when it starts. */
function withoutCa({ all, member }: View, hooks: Webhook[]): Issue[] {
  const bare = hooks.filter(({ hasCaBundle }) => !hasCaBundle);
  if (bare.length === 0) return [];
  const { istiodViews, kubectl }: MemberFacts = all.members.get(member.primary)!;
  const have = configurationsOf(bare, "has", "have");
  if (!istiodViews.known) {
    return [unseen(`${have} no caBundle, which a running istiod writes; ${istiodViews.reason}`)];
  }
  return [
    failed(
      `${have} no caBundle: the API server does not trust istiod.`,
      `istiod writes it: \`${kubectl} -n istio-system logs -l app=istiod | grep -i webhook\`.`,
    ),
  ];
}
