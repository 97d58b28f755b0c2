/** Is the member's network called the same everywhere? (istio#39712, istio#54909) */
import { isDiscovered } from "../../mesh/topology";
import type { MemberFacts } from "../facts/facts";
import { chartRepairs, failed, unreadable, upRepairs, upTakesBack, type Check, type Issue } from "./check";

export const network: Check = ({ member, facts }) => {
  const issues: Issue[] = [];
  const compare = (where: string, found: string | undefined, remedy: string) => {
    if (found === member.network) return;
    issues.push(
      failed(
        `${where} ${found === undefined ? "names no network" : `says ${found}`}, and stack config ${member.network}: istiod would send requests for this network astray.`,
        remedy,
      ),
    );
  };
  const chart = (release: string) =>
    `\`pulumi up\`, if stack config has changed; if not, ${chartRepairs(facts.kubectl, release)}`;
  if (facts.networkLabel.known) {
    const { value } = facts.networkLabel;
    const remedy = value === undefined ? upRepairs : upTakesBack;
    compare("Label topology.istio.io/network of namespace istio-system", value, remedy);
  } else issues.push(unreadable(facts.networkLabel));

  const value = member.role === "primary" ? facts.networkValue : injectedNetwork(facts);
  const where =
    member.role === "primary" ? "`global.network` of istiod's values" : "The injection webhook's path";
  // That a remote has no such webhook is for the check of webhooks to say.
  if (value?.known) compare(where, value.value, chart("istiod"));
  else if (value !== undefined) issues.push(unreadable(value));

  if (!facts.gateway.known) issues.push(unreadable(facts.gateway));
  else if (facts.gateway.value !== undefined) {
    const found = facts.gateway.value.network;
    const remedy = chart("istio-eastwestgateway");
    if (isDiscovered(member)) {
      compare("Label topology.istio.io/network of Service istio-eastwestgateway", found, remedy);
    } else if (found !== undefined) {
      const message =
        "Service istio-eastwestgateway has label topology.istio.io/network: istiods take its load balancer's address, not `eastWest.addresses`.";
      issues.push(failed(message, remedy));
    }
  }
  return { issues, detail: member.network };
};

/**
 * On a remote the primary's istiod learns the network from the URL that it is called at: `/inject/cluster/<name>/net/<network>`.
 * @returns undefined where nothing calls it
 */
function injectedNetwork({ webhooks }: MemberFacts): MemberFacts["networkLabel"] | undefined {
  if (!webhooks.known) return webhooks;
  const hook = webhooks.value.find(({ kind }) => kind === "injection");
  if (hook === undefined) return undefined;
  const path = "url" in hook.target ? hook.target.url : hook.target.path;
  return { known: true, value: /\/net\/([^/]+)/.exec(path)?.[1] };
}
