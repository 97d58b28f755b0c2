/** What does istiod itself say of the members that it reads? */
import { peersOf } from "../../mesh/topology";
import { failed, unseen, type Check, type Issue } from "./check";

/** Mind that "synced" proves little: an istiod that lost a peer's endpoints says it too. Only `npm run verify` sends requests. */
export const peers: Check = ({ mesh, member, facts }) => {
  const wanted = peersOf(mesh, member.name).map(({ name }) => name);
  if (wanted.length === 0) return undefined;
  const { istiodView } = facts;
  if (!istiodView.known) return { issues: [unseen(istiodView.reason)] };
  const logs = `\`${facts.kubectl} -n istio-system logs -l app=istiod --tail=-1 | grep -i cluster\` says why.`;
  const states = istiodView.value;
  const issues: Issue[] = wanted.flatMap((name) => {
    const state = states[name];
    if (state === "synced") return [];
    const message =
      state === undefined
        ? `istiod does not read ${name}.`
        : state === "syncing"
          ? `istiod is still reading ${name} for the first time.`
          : `istiod does not get through to ${name} (${state}): its API server is not reached from here, or does not let it in.`;
    return failed(message, logs, [name]);
  });
  return { issues, detail: `${wanted.length - issues.length}/${wanted.length} synced` };
};
