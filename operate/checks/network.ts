/** Is the member's network called the same everywhere? (istio#39712, istio#54909) */
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
  if (value.known) compare(where, value.value, chart("istiod"));
  else issues.push(unreadable(value));

  if (!facts.gateway.known) issues.push(unreadable(facts.gateway));
  else if (facts.gateway.value !== undefined) {
    compare(
      "Label topology.istio.io/network of Service istio-eastwestgateway",
      facts.gateway.value.network,
      chart("istio-eastwestgateway"),
    );
  }
  return { issues, detail: member.network };
};

/** On a remote the primary's istiod learns the network from the URL that it is called at: `/inject/cluster/<name>/net/<network>`. */
function injectedNetwork({ webhooks }: MemberFacts): MemberFacts["networkLabel"] {
  if (!webhooks.known) return webhooks;
  const paths = webhooks.value
    .filter(({ kind }) => kind === "injection")
    .map(({ target }) => ("url" in target ? target.url : target.path));
  return { known: true, value: paths.map((path) => /\/net\/([^/]+)/.exec(path)?.[1])[0] };
}
