/** Do the webhooks lead to an istiod that lives? */
import type { MemberFacts, Webhook } from "../facts/facts";
import { failed, unreadable, unseen, upRepairs, type Check, type Issue, type View } from "./check";

export const webhooks: Check = (view) => {
  const { facts, member } = view;
  if (!facts.webhooks.known) return { issues: [unreadable(facts.webhooks)] };
  if (!facts.endpoints.known) return { issues: [unreadable(facts.endpoints)] };
  // On a remote the primary's istiod writes the injection webhook alone (multicluster.go in pilot/pkg/serviceregistry).
  const found = facts.webhooks.value.filter(({ kind }) => member.role === "primary" || kind === "injection");
  const issues = uniqueTargets(found).flatMap((hook) => leadsNowhere(view, hook, facts.endpoints));
  for (const kind of [
    "injection",
    ...(member.role === "primary" ? (["validation"] as const) : []),
  ] as const) {
    if (found.some((hook) => hook.kind === kind)) continue;
    // A mesh may leave its webhooks to another operator, and the lab does.
    issues.push(
      managesWebhooks(member.istio.values)
        ? failed(
            kind === "injection"
              ? "There is no injection webhook: new pods start without a proxy, outside the mesh."
              : "There is no validation webhook: mistakes in Istio's objects are accepted.",
            upRepairs,
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

function uniqueTargets(hooks: Webhook[]): Webhook[] {
  return [
    ...new Map(hooks.map((hook) => [`${hook.configuration} ${JSON.stringify(hook.target)}`, hook])).values(),
  ];
}

function leadsNowhere(
  view: View,
  { configuration, target }: Webhook,
  endpoints: MemberFacts["endpoints"],
): Issue[] {
  const { member, mesh, all } = view;
  const primary = mesh.members.find(({ name }) => name === member.primary)!;
  const service = all.members.get(primary.name)?.gateway;
  const addresses = [
    ...primary.eastWest.addresses,
    ...(service?.known ? (service.value?.addresses ?? []) : []),
  ];
  const elsewhere = (where: string) =>
    failed(
      `${configuration} leads to ${where}, and the istiod of ${primary.name} is at ${addresses.join(", ")}: pods of this member cannot be injected.`,
      upRepairs,
    );
  if ("url" in target) {
    const host = URL.canParse(target.url) ? new URL(target.url).hostname : target.url;
    return addresses.length === 0 || addresses.includes(host) ? [] : [elsewhere(host)];
  }
  const ready =
    endpoints.known && target.namespace === "istio-system" ? (endpoints.value[target.service] ?? []) : [];
  if (ready.length === 0) {
    return [
      failed(
        `${configuration} leads to Service ${target.service}.${target.namespace}, behind which nobody is ready: the API server refuses what it should ask istiod about.`,
        `\`${view.facts.kubectl} -n istio-system get endpointslices,pods -l app=istiod\` shows what is there.`,
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
  const { istiodView, kubectl } = all.members.get(member.primary)!;
  const names = [
    ...new Set(hooks.filter(({ hasCaBundle }) => !hasCaBundle).map((hook) => hook.configuration)),
  ];
  if (names.length === 0) return [];
  if (!istiodView.known) {
    return [
      unseen(
        `${names.join(", ")} ${names.length === 1 ? "has" : "have"} no caBundle, which a running istiod writes; ${istiodView.reason}`,
      ),
    ];
  }
  return [
    failed(
      `${names.join(", ")} ${names.length === 1 ? "has" : "have"} no caBundle: the API server does not trust istiod.`,
      `istiod writes it: \`${kubectl} -n istio-system logs -l app=istiod | grep -i webhook\`.`,
    ),
  ];
}
