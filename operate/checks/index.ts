/** All checks, in the order in which a person would go through them. */
import { access } from "./peer-kubeconfigs";
import { apiServer } from "./api";
import { cacerts } from "./cacerts";
import type { Check } from "./check";
import { exposure } from "./exposure";
import { gateway, handshake } from "./gateway";
import { istiod } from "./istiod";
import { keys } from "./keys";
import { network } from "./network";
import { peers } from "./peers";
import { trust } from "./trusted-root";
import { webhooks } from "./webhooks";

export const checks = {
  api: apiServer,
  istiod,
  cacerts,
  trust,
  network,
  keys,
  access,
  peers,
  gateway,
  handshake,
  exposure,
  webhooks,
} satisfies Record<string, Check>;

export type CheckName = keyof typeof checks;
