/** Are the kubeconfigs in a primary's keys good, and good for no more than reading? */
import type { PeerKey } from "../facts/facts";
import {
  chartRepairs,
  failed,
  few,
  judge,
  unseen,
  upTakesBack,
  type Check,
  type Issue,
  type View,
} from "./check";

export const peerKubeconfigs: Check = (view) => {
  if (view.member.role === "remote") return undefined;
  return judge(view.facts.peerKeys, (keys) =>
    keys.length === 0
      ? { issues: [] }
      : {
          issues: keys
            .filter(({ cluster }) => view.mesh.members.some(({ name }) => name === cluster))
            .flatMap((key) => issuesOf(view, key)),
        },
  );
};

function issuesOf({ all }: View, { cluster, credentials }: PeerKey): Issue[] {
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
        `Raise \`remoteAccess.generation\` of ${cluster} by one and \`pulumi up\`: a new token.`,
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
