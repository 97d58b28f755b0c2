/**
 * What the last `up` left, as far as the next one has to know it and no cluster tells it: a part of the stack's outputs. Each key may be
 * missing: an older Weft did not write it.
 */
import { z } from "zod";

const outputs = z.object({
  mesh: z
    .object({
      trustDomain: z.string().optional(),
      /** Where each root came from, by name. */
      roots: z.record(z.string(), z.enum(["generated", "certManager", "provided"])).default({}),
      /** Members that it evicted. */
      evicted: z.array(z.string()).default([]),
      /** By member: its intermediates that had not ended. */
      issued: z
        .record(
          z.string(),
          z.array(
            z.object({ serial: z.string(), generation: z.number(), root: z.string(), ends: z.string() }),
          ),
        )
        .default({}),
      /** PEM of the CRLs that Weft signed. */
      crls: z.string().optional(),
      certManager: z.object({ cluster: z.string(), namespace: z.string(), install: z.boolean() }).optional(),
    })
    .prefault({}),
  members: z
    .record(
      z.string(),
      z.object({
        role: z.enum(["primary", "remote"]),
        network: z.string().optional(),
        /** UID of its namespace istio-system. */
        uid: z.string().optional(),
        eastWestAddress: z.string().optional(),
        /** Versions of its istiods by revision, where stack config named them. */
        revisions: z.record(z.string(), z.string()).default({}),
        /** Namespace of its ingress gateway, where it has one. */
        ingressNamespace: z.string().optional(),
        /** Namespace of Istio's CNI plugin, where it has it. */
        cniNamespace: z.string().optional(),
      }),
    )
    .default({}),
});

export type LastUp = z.output<typeof outputs>;

/**
 * @param lastOutputs outputs of this stack; `{}` or undefined before the first `up`.
 * @throws z.ZodError when they are not those of index.ts.
 */
export function lastUp(lastOutputs: unknown): LastUp {
  return outputs.parse(lastOutputs ?? {});
}
