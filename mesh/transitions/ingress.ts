/** An ingress gateway in istio-system, from before it had a namespace of its own. */
import { ingressNamespace } from "../topology";
import { ofMembers } from "./step";

/** A move costs an address or an outage, so a default does not make it. */
export const movedIngress = ofMembers(({ name, path, ingress }, now) => {
  if (ingress === undefined || ingress.namespace !== undefined || now.ingress === undefined) return [];
  const { address } = now.ingress;
  const namespace = ingressNamespace(ingress);
  return [
    {
      path: `${path}.ingress.namespace`,
      message:
        `Required: the ingress gateway of ${name} stands in istio-system, beside the CA's key, and new ones stand in ${namespace}. ` +
        (address === undefined
          ? "To move it is to delete it and create it again: fixed node ports stay, but nobody answers for a moment."
          : `To move it is to delete it and create it again: its load balancer gives it another address than ${address}, unless an annotation fixes that.`),
      remedy:
        `Set it to ${namespace} to move it, and put the Secrets that your Gateways name in \`credentialName\` there. ` +
        "Set it to istio-system to leave it: then it may read no Secrets any more, and serves no certificate of `credentialName`.",
    },
  ];
});
