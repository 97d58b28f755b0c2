/** Do Istio's Gateways expose what other networks and remotes need, and no more? */
import type { MeshSpec } from "../../mesh/mesh-spec";
import { exposesIstiod, exposesServices, istiodHost } from "../../mesh/topology";
import type { IstiodRoute, IstioGateway } from "../facts/facts";
import { failed, judge, upRepairs, upTakesBack, type Check, type Issue } from "./check";

interface Expected {
  mode: string;
  hosts: string[];
  ports: number[];
  needed: boolean;
  /** What it means that it is not there. */
  without: string;
}

/** Objects of istiod's config cluster: a remote has none of its own. */
export const exposure: Check = ({ mesh, member, facts }) => {
  if (member.role === "remote") return undefined;
  const servesRemotes = exposesIstiod(mesh, member.name);
  const expected: Record<string, Expected> = {
    "cross-network-gateway": {
      mode: "AUTO_PASSTHROUGH",
      hosts: ["*.local"],
      ports: [15443],
      needed: exposesServices(mesh, member.name),
      without: "other networks do not reach its services",
    },
    "istiod-gateway": {
      mode: "PASSTHROUGH",
      hosts: ["*"],
      ports: [15012, 15017],
      needed: servesRemotes,
      without: "its remotes do not reach istiod",
    },
  };
  const gateways = judge(facts.istioGateways, (found) => ({
    issues: Object.entries(expected).flatMap(([name, wanted]) =>
      issuesOf(facts.kubectl, name, wanted, found[name]),
    ),
  }));
  if (!servesRemotes) return gateways;
  const route = judge(facts.istiodRoute, (found) => ({ issues: routeIssues(mesh, found) }));
  return { issues: [...gateways.issues, ...route.issues] };
};

function issuesOf(kubectl: string, name: string, wanted: Expected, found: IstioGateway | undefined): Issue[] {
  if (found === undefined) {
    return wanted.needed ? [failed(`There is no Gateway ${name}: ${wanted.without}.`, upRepairs)] : [];
  }
  if (!wanted.needed) {
    return [
      failed(
        `Gateway ${name} exposes what nobody of this mesh needs.`,
        `\`pulumi up\` takes it away, if stack config has changed; if not, \`${kubectl} -n istio-system delete gateways.networking.istio.io ${name}\`.`,
      ),
    ];
  }
  const ports = found.servers.map(({ port }) => port).sort((a, b) => a - b);
  const differences = [
    ...(found.selector["istio"] === "eastwestgateway"
      ? []
      : ["it selects other pods than the east-west gateway's"]),
    ...(String(ports) === String(wanted.ports)
      ? []
      : [`its ports are ${ports.join(", ") || "none"} instead of ${wanted.ports.join(", ")}`]),
    ...found.servers
      .filter(({ protocol }) => protocol !== "TLS")
      .map(({ port, protocol }) => `the protocol of ${port} is ${protocol || "not set"} instead of TLS`),
    ...found.servers
      .filter(({ mode }) => mode !== wanted.mode)
      .map(({ port, mode }) => `the TLS mode of ${port} is ${mode ?? "not set"} instead of ${wanted.mode}`),
    ...found.servers
      .filter(({ hosts }) => String(hosts) !== String(wanted.hosts))
      .map(
        ({ port, hosts }) =>
          `the hosts of ${port} are ${hosts.join(", ")} instead of ${wanted.hosts.join(", ")}`,
      ),
  ];
  const changed =
    differences.length === 0
      ? []
      : [failed(`Gateway ${name} has been changed: ${differences.join("; ")}.`, upTakesBack)];
  return [...changed, ...narrowed(kubectl, name, found)];
}

function routeIssues(mesh: MeshSpec, found: IstiodRoute | undefined): Issue[] {
  if (found === undefined) {
    return [
      failed("There is no VirtualService istiod-vs: what remotes send to the gateway ends there.", upRepairs),
    ];
  }
  const istiod = istiodHost(mesh);
  const differences = [
    ...(found.gateways.includes("istiod-gateway") ? [] : ["it is not for Gateway istiod-gateway"]),
    ...Object.entries({ 15012: `${istiod}:15012`, 15017: `${istiod}:443` })
      .map(([port, wanted]) => ({ port, wanted, actual: found.destinations[Number(port)] }))
      .filter(({ wanted, actual }) => actual !== wanted)
      .map(({ port, wanted, actual }) => `${port} leads to ${actual ?? "nobody"} instead of ${wanted}`),
  ];
  if (differences.length === 0) return [];
  return [failed(`VirtualService istiod-vs has been changed: ${differences.join("; ")}.`, upTakesBack)];
}

/** A label more in its selector is no change to the provider, which did not write it. */
function narrowed(kubectl: string, name: string, { selector }: IstioGateway): Issue[] {
  const added = Object.keys(selector).filter((label) => label !== "istio");
  if (added.length === 0) return [];
  const patch = JSON.stringify({
    spec: { selector: Object.fromEntries(added.map((label) => [label, null])) },
  });
  return [
    failed(
      `Gateway ${name} is for pods that also have the label ${added.join(", ")}: the east-west gateway's are not given what it says.`,
      `\`${kubectl} -n istio-system patch gateways.networking.istio.io ${name} --type merge -p '${patch}'\``,
    ),
  ];
}
