import type { StackValidationPolicy } from "@pulumi/policy";
import { at, list, memberOf, releasesOf, violation, writesKind } from "./resource";
import { servedBy } from "./served-by";

const defaults = { requireSourceRanges: true };
const istiodPortNumbers = [15012, 15017];

/**
 * 15012 hands out identities and configuration, 15017 decides what is injected into pods: a member whose remotes do not
 * need them must not offer them to other networks, and one whose remotes do should know who may come.
 */
export const istiodPorts: StackValidationPolicy = {
  name: "istiod-ports",
  description: "istiod is exposed only by primaries that serve remotes, to known source ranges.",
  enforcementLevel: "mandatory",
  configSchema: {
    properties: {
      requireSourceRanges: {
        type: "boolean",
        default: defaults.requireSourceRanges,
        description: "Ask for `loadBalancerSourceRanges` where istiod is exposed.",
      },
    },
  },
  validateStack(args, report) {
    const { requireSourceRanges } = { ...defaults, ...args.getConfig<Partial<typeof defaults>>() };
    const { resources } = args;
    const serving = new Set([...servedBy(resources).values()].flat());
    const exposing = new Set<string | undefined>();
    for (const gateway of resources.filter(({ type }) =>
      writesKind(type, "networking.istio.io", "Gateway"),
    )) {
      const member = memberOf(gateway);
      for (const [index, server] of list(gateway.props, "spec", "servers").entries()) {
        const port = at(server, "port", "number");
        if (!istiodPortNumbers.includes(port as number)) continue;
        exposing.add(member);
        if (member !== undefined && serving.has(member)) continue;
        report(
          violation({
            resource: gateway.name,
            path: `spec.servers[${index}].port.number`,
            value: port,
            message: `this exposes the istiod of ${member}, which serves no remote.`,
            remedy: "Remove the server, or make a member of role remote name this one as its primary.",
          }),
          gateway.urn,
        );
      }
    }
    if (!requireSourceRanges) return;
    for (const release of releasesOf(resources, "istio-eastwestgateway")) {
      const type = at(release.props, "values", "service", "type") ?? "LoadBalancer";
      const ranges = list(release.props, "values", "service", "loadBalancerSourceRanges");
      if (!exposing.has(memberOf(release)) || type !== "LoadBalancer" || ranges.length > 0) continue;
      report(
        violation({
          resource: release.name,
          path: "values.service.loadBalancerSourceRanges",
          message: `the load balancer offers the istiod of ${memberOf(release)} to everyone.`,
          remedy:
            "Set eastWest.service.loadBalancerSourceRanges of this member to the ranges its peers come from; to let everyone in knowingly, to [0.0.0.0/0].",
        }),
        release.urn,
      );
    }
  },
};
