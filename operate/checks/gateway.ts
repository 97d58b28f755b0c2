/** Is there an east-west gateway where one is needed, and does it lead into the mesh? */
import { needsEastWestGateway } from "../../mesh/topology";
import { chartRepairs, failed, judge, unseen, type Check, type Issue, type View } from "./check";

export const gateway: Check = (view) => {
  const { mesh, member, facts } = view;
  if (!needsEastWestGateway(mesh, member.name)) return undefined;
  const mended = chartRepairs(facts.kubectl, "istio-eastwestgateway");
  return judge(facts.gateway, (service) => {
    if (service === undefined) {
      const message = "There is no Service istio-eastwestgateway: other networks do not reach this member.";
      return { issues: [failed(message, mended)] };
    }
    const address = member.eastWest.addresses[0] ?? service.addresses[0];
    if (address === undefined) {
      return {
        issues: [
          failed(
            `Service istio-eastwestgateway (${service.type}) has no address: other networks do not reach this member.`,
            service.type === "LoadBalancer"
              ? `\`${facts.kubectl} -n istio-system describe service istio-eastwestgateway\` says what the load balancer waits for.`
              : "Give `eastWest.addresses` of the member, or a Service of type LoadBalancer.",
          ),
        ],
      };
    }
    const issues: Issue[] = service.ports.includes(15443)
      ? []
      : [failed("Service istio-eastwestgateway does not open port 15443.", mended)];
    return { issues, detail: address };
  });
};

export const handshake: Check = (view) => {
  const { mesh, member, facts } = view;
  if (!needsEastWestGateway(mesh, member.name)) return undefined;
  if (!facts.handshake.known) return { issues: [unseen(facts.handshake.reason)] };
  return { issues: verdictOf(view, facts.handshake.value) };
};

function verdictOf({ mesh, facts }: View, found: { outcome: string; code?: string }): Issue[] {
  const logs = `\`${facts.kubectl} -n istio-system logs -l istio=eastwestgateway\``;
  if (found.outcome === "trusted") return [];
  if (found.outcome === "untrusted") {
    return [
      failed(
        `What answers behind the gateway shows a certificate that this mesh does not trust (${found.code}).`,
        `The address may be of another mesh, or a workload has not learned of a new root: ${logs}.`,
      ),
    ];
  }
  // The gateway passes on only what has a proxy, and nobody knows a workload of the user's.
  if (!mesh.config.sample) {
    return [
      unseen(
        "the gateway accepts connections, and without `weft:mesh.sample` there is no workload to ask for",
      ),
    ];
  }
  return [
    failed(
      `The gateway accepts a connection and closes it (${found.code}) when asked for helloworld.sample: it does not know the service, or has no proxy for it.`,
      `${logs}, and \`istioctl proxy-config listeners\` of its pod.`,
    ),
  ];
}
