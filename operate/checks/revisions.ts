/** Do the tags lead where stack config says, who uses which istiod, and what is left to restart? Only where it names revisions. */
import type { RevisionUse } from "../../clusters/revisions-in-use";
import { istiodName, releaseOf, taggedRevision } from "../../mesh/revisions";
import {
  chartRepairs,
  failed,
  few,
  judge,
  plural,
  upTakesBack,
  type Check,
  type Issue,
  type View,
} from "./check";

export const revisions: Check = (view) => {
  const { facts, member, mesh } = view;
  if (mesh.config.istio.revisions === undefined || member.role === "remote") return undefined;
  return judge(facts.revisions, (found = {}) => ({
    issues: [...missing(view), ...misled(view, found), ...leftBehind(view, found)],
    detail: [...new Set([...member.istio.revisions.map(({ name }) => name), ...Object.keys(found)])]
      .sort()
      .map((revision) => `${revision}: ${counts(view, revision, found[revision])}`)
      .join("; "),
  }));
};

function missing({ facts, member, mesh }: View): Issue[] {
  if (!facts.istiods.known) return [];
  const running = facts.istiods.value.map(({ name }) => name);
  return member.istio.revisions
    .filter(({ name }) => !running.includes(istiodName(name)))
    .map(({ name }) =>
      failed(
        `No istiod of revision ${name} runs here.`,
        chartRepairs(facts.kubectl, releaseOf(mesh.config.istio, name)),
      ),
    );
}

/** What else uses a revision than stack config has it: a tag that somebody has moved, or made. */
function misled({ member }: View, found: Record<string, RevisionUse>): Issue[] {
  return Object.entries(found).flatMap(([revision, { tags }]) =>
    tags
      .filter((tag) => member.istio.tags[tag] !== undefined && member.istio.tags[tag] !== revision)
      .map((tag) =>
        failed(
          `Tag ${tag} leads to revision ${revision}, and in stack config to ${member.istio.tags[tag]}.`,
          upTakesBack,
        ),
      ),
  );
}

/** `4 proxies, 2 namespaces, 3 workloads`. Proxies, where every replica that is ready says how many it has. */
function counts({ facts }: View, revision: string, use: RevisionUse | undefined): string {
  const views = facts.istiodViews.known ? facts.istiodViews.value : [];
  const proxies = views
    .filter(({ deployment }) => deployment === istiodName(revision))
    .map((replica) => replica.proxies);
  const connected = proxies.reduce<number | undefined>(
    (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one),
    proxies.length === 0 ? undefined : 0,
  );
  return [
    ...(connected === undefined ? [] : [connected === 1 ? "1 proxy" : `${connected} proxies`]),
    plural(use?.namespaces.length ?? 0, "namespace"),
    plural(Object.keys(use?.workloads ?? {}).length, "workload"),
  ].join(", ");
}

/** Workloads that another istiod has injected than the one that would now. */
function leftBehind({ facts, member }: View, found: Record<string, RevisionUse>): Issue[] {
  const chosen = new Map(
    Object.entries(found).flatMap(([revision, { namespaces }]) =>
      namespaces.map((namespace) => [namespace, revision] as const),
    ),
  );
  const byDefault = taggedRevision(member.istio).name;
  return Object.entries(found).flatMap(([revision, { workloads }]): Issue[] => {
    const stale = Object.keys(workloads).filter(
      (workload) => (chosen.get(workload.split("/")[0]!) ?? byDefault) !== revision,
    );
    if (stale.length === 0) return [];
    const namespaces = [...new Set(stale.map((workload) => workload.split("/")[0]!))];
    return [
      {
        kind: "todo",
        message: `Revision ${revision} still serves ${few(stale)}, whose namespaces use another one.`,
        remedy: `Restart them: ${namespaces.map((namespace) => `\`${facts.kubectl} -n ${namespace} rollout restart deployment\``).join(", ")}.`,
      },
    ];
  });
}
