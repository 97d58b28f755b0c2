/** Whether the gateways can be reached as they are configured. */
import { isIPv6 } from "node:net";
import * as semver from "semver";
import { z } from "zod";
import { gatewayChart, gatewayConflicts } from "../gateway-values";
import { isMap, type HelmValues } from "../istio-values";
import type { Member, MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";
import type { GatewayService, IngressConfig } from "../schema";
import { schemaProblems } from "../schema-problems";
import { needsEastWestGateway, remotesOf } from "../topology";
import { below, reserved } from "./reserved";
import type { Draft } from "../draft";

export function gatewayProblems({ mesh, clusters, complete }: Draft): Problem[] {
  return [
    ...addedValues("weft:mesh", mesh.config),
    ...clusters.flatMap(({ path, cluster }) => addedValues(path, cluster)),
    ...mesh.members.flatMap((member) => [
      ...sourceRanges(`${member.path}.eastWest.service`, member.eastWest.service),
      ...(complete && needsEastWestGateway(mesh, member.name) ? eastWest(mesh, member) : []),
      ...(member.ingress === undefined ? [] : ingress(member, member.ingress)),
    ]),
  ];
}

export function gatewayNamespaceProblems({ mesh }: Draft): Problem[] {
  return mesh.members.flatMap((member) =>
    member.ingress === undefined ? [] : takenNamespace(mesh, member, member.ingress),
  );
}

interface Gateways {
  eastWest: { values: HelmValues };
  ingress?: { values: HelmValues };
}

function addedValues(path: string, gateways: Gateways): Problem[] {
  return (["eastWest", "ingress"] as const).flatMap((gateway) => {
    const values = gateways[gateway]?.values ?? {};
    const at = `${path}.${gateway}.values`;
    const parsed = chart.safeParse({ "": values });
    const unfit = parsed.success ? [] : schemaProblems(chart, { "": values }, parsed.error.issues);
    return [
      ...unfit.map((problem) => ({ ...problem, path: below(at, problem.path) })),
      ...reserved(at, gatewayConflicts(gateway, values)),
    ];
  });
}

/** The values below the key that paths start with. */
const chart = z.strictObject({ "": gatewayChart });

function sourceRanges(path: string, { type, loadBalancerSourceRanges: ranges }: GatewayService): Problem[] {
  if (type === "LoadBalancer" || ranges.length === 0) return [];
  return [
    {
      path: `${path}.loadBalancerSourceRanges`,
      value: ranges.join(", "),
      message: `Kubernetes does not enforce source ranges on a Service of type ${type}: everyone would get in.`,
      remedy: "Remove them, or set `type: LoadBalancer`.",
    },
  ];
}

function eastWest(mesh: MeshSpec, member: Member): Problem[] {
  const { path } = member;
  const { service, addresses, port } = member.eastWest;
  const problems: Problem[] = [];
  if (service.type !== "LoadBalancer" && addresses.length === 0) {
    problems.push({
      path: `${path}.eastWest.addresses`,
      message: `Required: other clusters need an address of this gateway, and a Service of type ${service.type} has none for them.`,
      remedy:
        "List the IP addresses or DNS names that lead to it, or set `eastWest.service.type: LoadBalancer`.",
    });
  }
  if (service.type === "NodePort" && port === defaultPort) {
    problems.push({
      path: `${path}.eastWest.port`,
      value: String(port),
      message: "With `type: NodePort` this is the node port, and 15443 is outside the range of node ports.",
      remedy: "Set it to a free port of the cluster's range, which is 30000-32767 unless it was changed.",
    });
  }
  return [...problems, ...addressFamily(mesh, member)];
}

const defaultPort = 15443;

/** The charts before 1.30 put every address into Endpoints, which hold only IPv4 (templates/istiod-remote.yaml). */
function addressFamily(mesh: MeshSpec, { name, path, eastWest: { addresses } }: Member): Problem[] {
  const [address] = addresses;
  if (address === undefined || !isIPv6(address)) return [];
  const old = remotesOf(mesh, name).filter(({ istio }) => semver.lt(istio.version, "1.30.0-0"));
  if (old.length === 0) return [];
  return [
    {
      path: `${path}.eastWest.addresses[0]`,
      value: address,
      message: `Istio's charts know an IPv6 address of a primary from 1.30 on; older: ${old.map((remote) => remote.name).join(", ")}.`,
      remedy: "Put an IPv4 address first, or raise `istio.version` of these remotes.",
    },
  ];
}

function ingress({ path, eastWest }: Member, { service, routes, values }: IngressConfig): Problem[] {
  const at = `${path}.ingress.service`;
  const problems = sourceRanges(at, service);
  const { nodePorts } = service;
  if (nodePorts !== undefined && isMap(values["service"]) && values["service"]["ports"] !== undefined) {
    problems.push({
      path: `${path}.ingress.values.service.ports`,
      message: "`ingress.service.nodePorts` fixes the ports, and these would replace them.",
      remedy: "Keep one of the two.",
    });
  }
  if (nodePorts !== undefined && service.type !== "NodePort") {
    problems.push({
      path: `${at}.nodePorts`,
      message: `Node ports are fixed only with \`type: NodePort\`, and the type is ${service.type}.`,
      remedy: "Remove them, or set `type: NodePort`.",
    });
  } else if (nodePorts !== undefined) {
    const taken = [
      ...(eastWest.service.type === "NodePort" ? [{ port: eastWest.port, by: "`eastWest.port`" }] : []),
      { port: nodePorts.http, by: "`http`" },
    ];
    for (const [key, port] of Object.entries(nodePorts)) {
      const other = taken.find((use) => use.port === port && use.by !== `\`${key}\``);
      if (other === undefined) continue;
      problems.push({
        path: `${at}.nodePorts.${key}`,
        value: String(port),
        message: `${other.by} of this member is the same node port.`,
        remedy: "Choose another.",
      });
    }
  }
  routes.forEach((route, index) => {
    const first = routes.findIndex((other) => other.host === route.host && other.path === route.path);
    if (first === index) return;
    problems.push({
      path: `${path}.ingress.routes[${index}]`,
      value: `${route.host}${route.path}`,
      message: `routes[${first}] has the same host and path, so this one would get no request.`,
      remedy: "Remove one of the two.",
    });
  });
  return problems;
}

/** One object is made once, and what is in it goes with it. */
function takenNamespace(
  { config }: MeshSpec,
  { name, path }: Member,
  { namespace }: IngressConfig,
): Problem[] {
  const { certManager } = config.trust;
  const uses: Record<string, string | false | undefined> = {
    "the sample workloads": config.sample && "sample",
    MetalLB: config.loadBalancer && "metallb-system",
    "cert-manager": certManager?.cluster === name && certManager.namespace,
  };
  const use = Object.keys(uses).find((of) => namespace !== undefined && uses[of] === namespace);
  if (use === undefined) return [];
  return [
    {
      path: `${path}.ingress.namespace`,
      value: namespace,
      message: `This is the namespace of ${use}.`,
      remedy: "Give the gateway one of its own, or leave the key out: then it is istio-ingress.",
    },
  ];
}
