/** What does istiod say of the members that it reads, and what does it hold of them? */
import { brokenRotation } from "../../mesh/istio-versions";
import { peersOf } from "../../mesh/topology";
import type { IstiodView, PeerView } from "../facts/facts";
import { failed, few, plural, unseen, type Check, type Issue, type View } from "./check";

/** "synced" proves little: an istiod that lost a peer's endpoints says it too. */
export const peers: Check = (view) => {
  const wanted = peersOf(view.mesh, view.member.name).map(({ name }) => name);
  if (wanted.length === 0) return undefined;
  const { istiodViews } = view.facts;
  if (!istiodViews.known) return { issues: [unseen(istiodViews.reason)] };
  const replicas = istiodViews.value;
  const answers = replicas.flatMap(({ peers: said, ...replica }) =>
    said.known ? [{ ...replica, said: said.value }] : [],
  );
  const silent = new Set(replicas.flatMap(({ peers: said }) => (said.known ? [] : [said.reason])));
  const doubts = [...silent].map(unseen);
  if (answers.length === 0) return { issues: doubts };
  const found = wanted.map((name) => issuesOf(view, name, answers));
  const whole = found.filter((issues) => issues.length === 0).length;
  return { issues: [...found.flat(), ...doubts], detail: `${whole}/${wanted.length} held` };
};

type Answer = Pick<IstiodView, "pod" | "deployment"> & { said: ReadonlyMap<string, PeerView> };

function issuesOf(view: View, peer: string, answers: Answer[]): Issue[] {
  const states = answers.map(({ said }) => said.get(peer)?.state);
  const unsynced = states.findIndex((state) => state !== "synced");
  if (unsynced !== -1) return [notSynced(view, peer, states[unsynced])];
  const lacking = answers.flatMap((answer) => lost(view, peer, answer, answers.length > 1));
  if (lacking.length > 0) return lacking;
  const reasons = answers.flatMap(({ said }) => {
    const services = said.get(peer)?.services;
    return services === undefined || services.known ? [] : [services.reason];
  });
  return [...new Set(reasons)].map((reason) =>
    unseen(`whether istiod holds the endpoints of ${peer}: ${reason}`),
  );
}

function notSynced({ facts }: View, peer: string, state: string | undefined): Issue {
  const logs = `\`${facts.kubectl} -n istio-system logs -l app=istiod --tail=-1 | grep -i cluster\` says why.`;
  const message =
    state === undefined
      ? `istiod does not read ${peer}.`
      : state === "syncing"
        ? `istiod is still reading ${peer} for the first time.`
        : `istiod does not get through to ${peer} (${state}): its API server is not reached from here, or does not let it in.`;
  return failed(message, logs, [peer]);
}

function lost(
  { facts }: View,
  peer: string,
  { pod, deployment, said }: Answer,
  isOneOfSeveral: boolean,
): Issue[] {
  const services = said.get(peer)?.services;
  if (services?.known !== true || services.value.lacking.length === 0) return [];
  const { live, lacking } = services.value;
  const version = facts.istiods.known
    ? facts.istiods.value.find(({ name }) => name === deployment)?.version
    : undefined;
  const broken = version === undefined ? undefined : brokenRotation(version);
  const restart = `\`${facts.kubectl} -n istio-system rollout restart deployment/${deployment}\` makes it read them anew.`;
  return [
    failed(
      `istiod${isOneOfSeveral ? ` (${pod})` : ""} says that ${peer} is synced, and holds no endpoints of ${few(lacking)} (${lacking.length} of ${plural(live, "Service")}): requests for them do not get to ${peer}.`,
      broken === undefined
        ? restart
        : `${restart} And set \`istio.version\` to ${broken.fixedIn} or later: when a peer's token or address changes, istiod ${version} ${broken.reason} (${broken.source}).`,
      lacking.length === live ? [peer] : undefined,
    ),
  ];
}
