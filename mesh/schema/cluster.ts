/** An entry of `weft:clusters`. */
import { z } from "zod";
import { access, apiServer } from "./access";
import { addressRange, dns1123, labelValue, semver } from "./forms";
import { eastWest, ingress } from "./gateways";
import { cni, istio, remoteAccess, tags } from "./istio";
import { namespaceMetadata } from "./namespace";
import { crl, intermediate, intermediateGeneration, providedCa } from "./authorities";

export const clusterSchema = z.strictObject({
  name: dns1123.describe("Name of the member, and Istio's cluster ID."),
  ...access,
  network: labelValue
    .optional()
    .describe("Network of the member's pods; default: the member's name, so one network per cluster."),
  role: z
    .enum(["primary", "remote"])
    .default("primary")
    .describe("`primary` runs istiod; `remote` is served by the istiod of `primary`."),
  primary: dns1123.optional().describe("Name of the primary that serves this remote."),
  reads: z
    .array(dns1123)
    .optional()
    .describe(
      "Members whose services this primary's workloads use: its istiod reads these and no others, whatever groups it is in; default: those that it shares a group of `weft:mesh.groups` with, and without groups every other one. See docs/reading.md.",
    ),
  apiServer: apiServer.optional(),
  eastWest: eastWest.prefault({}),
  ingress: ingress.optional().describe("North-south gateway."),
  addresses: addressRange
    .optional()
    .describe("Addresses that MetalLB may give on this member; default: cut from `loadBalancer.network`."),
  istio: istio
    .pick({ values: true, base: true, platform: true })
    .extend({
      cni: cni
        .optional()
        .describe(
          "Istio's CNI plugin on this member: its values are merged over the mesh's, where it has any.",
        ),
      version: semver
        .optional()
        .describe("Version of this member, to upgrade member by member; default: the mesh's."),
      tags: tags.default({}).describe("Revisions by tag, over the mesh's: to move a tag member by member."),
      adoptNamespace: istio.shape.adoptNamespace
        .unwrap()
        .optional()
        .describe("As the mesh's, for this member; default: the mesh's."),
      ...namespaceMetadata("istio-system", "the mesh's"),
    })
    .prefault({}),
  trust: z
    .strictObject({
      root: providedCa
        .partial({ key: true })
        .extend({ crl })
        .optional()
        .describe("Federated trust: the member's own existing root."),
      intermediate: intermediate
        .optional()
        .describe("The member's own existing intermediate; then the root's key is not needed for it."),
      intermediateGeneration: intermediateGeneration
        .optional()
        .describe("Generation of this member's intermediate; default: the mesh's."),
      trusts: z
        .array(dns1123)
        .optional()
        .describe("Federated trust: members whose roots this one trusts; default: all."),
    })
    .prefault({}),
  remoteAccess: z
    .strictObject({
      generation: remoteAccess.shape.generation
        .unwrap()
        .optional()
        .describe("Generation of this member's token; default: the mesh's."),
      tokenLifetimeHours: remoteAccess.shape.tokenLifetimeHours
        .unwrap()
        .optional()
        .describe("Hours that this member's tokens live; default: the mesh's."),
    })
    .prefault({}),
});
