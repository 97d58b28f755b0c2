/** Are the kubeconfigs in a primary's keys good, and good for no more than reading? */
import type { PeerKey } from "../facts/facts";
import { scheduleOf } from "../../mesh/reader-token";
import {
  chartRepairs,
  failed,
  few,
  judge,
  span,
  unseen,
  upTakesBack,
  type Check,
  type Issue,
  type View,
} from "./check";

export const peerKubeconfigs: Check = (view) => {
  if (view.member.role === "remote") return undefined;
  return judge(view.facts.peerKeys, (all) => {
    const keys = all.filter(({ cluster }) => view.mesh.members.some(({ name }) => name === cluster));
    const left = keys.flatMap((key) => leftOf(view, key) ?? []);
    return {
      issues: keys.flatMap((key) => ending(view, key) ?? issuesOf(view, key)),
      detail: left.length === 0 ? undefined : span(Math.max(0, Math.min(...left))),
    };
  });
};

/** Milliseconds that the token in a key has left; undefined where it does not end, or not so that anybody knows. */
function leftOf({ all, now }: View, { credentials }: PeerKey): number | undefined {
  const found = all.credentials.get(credentials);
  if (!found?.usable || found.tokenEnds === undefined) return undefined;
  return found.tokenEnds.getTime() - now.getTime();
}

/** Whoever runs `pulumi up` as often as it has to be run finds a third of a token's life left at least. */
function ending(view: View, key: PeerKey): Issue[] | undefined {
  const { cluster } = key;
  const lifetime = lifetimeOf(view, cluster);
  const left = leftOf(view, key);
  if (lifetime === undefined || left === undefined || left >= scheduleOf(lifetime)) return undefined;
  const renews = "`pulumi up` gives another one; then see to the schedule: docs/runbooks/tokens.md.";
  if (left <= 0) {
    const message = `The token in the key for ${cluster} ended ${span(-left)} ago: istiod does not see ${cluster} change any more.`;
    return [failed(message, renews, [cluster])];
  }
  return [
    failed(
      `The token in the key for ${cluster} ends in ${span(left)}, and no \`pulumi up\` has renewed it, though one is to run every ${span(scheduleOf(lifetime))}.`,
      renews,
    ),
    ...issuesOf(view, key),
  ];
}

function lifetimeOf({ mesh }: View, cluster: string): number | undefined {
  return mesh.members.find(({ name }) => name === cluster)!.remoteAccess.tokenLifetimeHours;
}

function issuesOf(view: View, { cluster, credentials }: PeerKey): Issue[] {
  const { all } = view;
  const found = all.credentials.get(credentials);
  if (found === undefined) return [unseen(`the key for ${cluster} was not tried`)];
  const unread = [cluster];
  if (!found.usable) {
    return [failed(`The key for ${cluster} is of no use to istiod: ${found.reason}.`, upTakesBack, unread)];
  }
  if (!found.rights.known) return [unseen(`whether the key for ${cluster} is good: ${found.rights.reason}`)];
  const { authenticated, lacking, excess } = found.rights.value;
  if (!authenticated) {
    return [
      failed(
        `${cluster} does not accept the token in its key (401): istiod does not see it change any more.`,
        lifetimeOf(view, cluster) !== undefined
          ? "`pulumi up --refresh` gives another one."
          : `Raise \`remoteAccess.generation\` of ${cluster} by one and \`pulumi up\`: a new token.`,
        unread,
      ),
    ];
  }
  const { kubectl } = all.members.get(cluster)!;
  const issues: Issue[] = [];
  if (lacking.length > 0) {
    issues.push(
      failed(
        `The key for ${cluster} may not ${lacking.join(", ")}: istiod does not finish syncing it.`,
        `ClusterRole istio-reader-clusterrole of ${cluster} or its binding has been changed. ${chartRepairs(kubectl, "istiod")}`,
        unread,
      ),
    );
  }
  if (excess.length > 0) {
    issues.push(
      failed(
        `The key for ${cluster} may ${few(excess)}, which istiod never does: whoever reads the key may do it too.`,
        `Of ${cluster}, look for changes of ClusterRole istio-reader-clusterrole, and for bindings of ServiceAccount istio-reader-service-account beside Istio's own: \`${kubectl} get clusterrolebindings,rolebindings -A -o wide | grep istio-reader\`.`,
      ),
    );
  }
  return issues;
}
