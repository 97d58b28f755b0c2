/** All checks, in the order in which a person would go through them. */
import { peerKubeconfigs } from "./peer-kubeconfigs";
import { api } from "./api";
import { cacerts } from "./cacerts";
import type { Check } from "./check";
import { crls } from "./crls";
import { exposure } from "./exposure";
import { gateway, handshake } from "./gateway";
import { istiod } from "./istiod";
import { peerKeys } from "./peer-keys";
import { network } from "./network";
import { peers } from "./peers";
import { revisions } from "./revisions";
import { trustedRoot } from "./trusted-root";
import { webhooks } from "./webhooks";

export const checks = {
  api,
  istiod,
  revisions,
  cacerts,
  crls,
  trust: trustedRoot,
  network,
  keys: peerKeys,
  access: peerKubeconfigs,
  peers,
  gateway,
  handshake,
  exposure,
  webhooks,
} satisfies Record<string, Check>;

export type CheckName = keyof typeof checks;
