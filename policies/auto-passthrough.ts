import type { ResourceValidationPolicy } from "@pulumi/policy";
import { at, list, violation, writesKind } from "./resource";

const defaults = { hosts: ["*.local"] };
const eastWestPort = 15443;

/**
 * AUTO_PASSTHROUGH sends a connection to whatever service its SNI names, without a VirtualService and without a look at who
 * asks: right behind 15443, where workloads meet with mutual TLS, and nowhere else.
 * https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode
 */
export const autoPassthrough: ResourceValidationPolicy = {
  name: "auto-passthrough",
  description: `AUTO_PASSTHROUGH is used on port ${eastWestPort} alone, for the mesh's own hosts.`,
  enforcementLevel: "mandatory",
  configSchema: {
    properties: {
      hosts: {
        type: "array",
        items: { type: "string" },
        default: defaults.hosts,
        description: "Hosts of the mesh; `*.local` is every service of every namespace.",
      },
    },
  },
  validateResource(args, report) {
    if (!writesKind(args.type, "networking.istio.io", "Gateway")) return;
    const { hosts: allowed } = { ...defaults, ...args.getConfig<Partial<typeof defaults>>() };
    for (const [index, server] of list(args.props, "spec", "servers").entries()) {
      if (at(server, "tls", "mode") !== "AUTO_PASSTHROUGH") continue;
      const port = at(server, "port", "number");
      if (port !== eastWestPort) {
        report(
          violation({
            resource: args.name,
            path: `spec.servers[${index}].port.number`,
            value: port,
            message:
              "AUTO_PASSTHROUGH on this port lets everyone who reaches it name any service of the mesh.",
            remedy: `Move the server to port ${eastWestPort}, or give it another tls.mode.`,
          }),
        );
      }
      for (const [at, host] of list(server, "hosts").entries()) {
        if (typeof host !== "string" || allowed.some((pattern) => covers(pattern, host))) continue;
        report(
          violation({
            resource: args.name,
            path: `spec.servers[${index}].hosts[${at}]`,
            value: host,
            message: `the gateway would let in what is not of the mesh (${allowed.join(", ")}).`,
            remedy: `Use ${allowed.join(" or ")}.`,
          }),
        );
      }
    }
  },
};

/** A host of a Gateway may start with the namespaces it is for: `istio-system/*.local`. */
function covers(pattern: string, host: string): boolean {
  const name = host.slice(host.indexOf("/") + 1);
  return name === pattern || (pattern.startsWith("*.") && name.endsWith(pattern.slice(1)));
}
