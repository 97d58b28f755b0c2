/** Resources as the program makes them, for policies that look at a whole stack. */
import type { Res } from "./run";

export function release(member: string, name: string, props: object = {}): Res {
  return {
    type: "kubernetes:helm.sh/v3:Release",
    name: `${member}-${name}`,
    member,
    props: { name, namespace: "istio-system", ...props },
  };
}

export function istiod(member: string, version: string, values: object = {}): Res {
  return release(member, "istiod", { version, values });
}

export function object(member: string, type: string, name: string, props: object): Res {
  return { type: `kubernetes:${type}`, name: `${member}-${name}`, member, props: { ...props } };
}
