/** What an interruption means, and what to do instead. */
import type { Kind } from "./expectations";

export const advice: Record<Kind, { means: string; instead: string }> = {
  key: {
    means:
      "Its istiod forgets every endpoint of that member: requests to services there fail, or never leave.",
    instead: "A PeerSecret is changed in place. See which step deletes or replaces it, and why.",
  },
  token: {
    means: "Its istiod hears of no change in that member any more, and loses it altogether when it restarts.",
    instead:
      "Revoke a token only when every reader has the new one: raise `remoteAccess.generation` by one, `pulumi up`.",
  },
  endpoints: {
    means:
      "Its proxies are told of none of these endpoints: requests to services there fail, or never leave.",
    instead:
      "See what came right before. If it was a new token or address of an API server, upgrade Istio first: mesh/istio-versions.ts has the versions that do not survive one.",
  },
  trust: {
    means: "Mutual TLS between their workloads fails.",
    instead:
      "Rotate in three steps, one `pulumi up` each: add the root, let it sign, drop the old one a day later. See docs/trust.md.",
  },
  cacerts: {
    means: "An istiod that starts now has no CA of the mesh.",
    instead: "The Secret is changed in place. See which step deletes or replaces it, and why.",
  },
  gateway: {
    means: "No other network reaches its services; remotes that it serves do not reach their istiod.",
    instead: "Change the gateway in place, and keep a ready pod: see which step deletes or replaces it.",
  },
  address: {
    means:
      "Other networks send to the old address until their istiods have read the new one; connections break. A remote that it serves loses its istiod.",
    instead:
      "Keep type, address and ports. To move a gateway, let a member with the new one join, shift the load, and let the old one leave.",
  },
  exposure: {
    means:
      "The gateway serves nobody at its port: no other network reaches the services or the istiod behind it.",
    instead: "The object is changed in place. See which step deletes or replaces it, and why.",
  },
  istiod: {
    means:
      "No pod gets a proxy or a certificate; running proxies keep what they have, and learn of no change.",
    instead: "Keep one istiod ready: change one member at a time, and never below one replica.",
  },
  network: {
    means:
      "Running pods keep the network that they were injected with: until they restart, peers and they send the wrong way.",
    instead:
      "Let the member leave, and join again on the new network; or restart all its workloads right after.",
  },
};
