/**
 * `npm start -- --kind`: the same program on kind clusters, with MetalLB and real pods. Untried with a real kind: where it was
 * written there was no container engine.
 */
import * as path from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import type { IstioArgs } from "../engine/istio";
import { chooseParts } from "../engine/parts";
import { openStack } from "../engine/stack";
import { Kind } from "./clusters";
import { kindConfig, memberNames, type Topology } from "./config";
import { findEngine } from "./engine";

export { topologies, type Topology } from "./config";

export interface KindArgs {
  /** Folder for kubeconfigs and state. */
  dir: string;
  /** Default: 2. */
  clusters?: number;
  topology: Topology;
  istio: IstioArgs;
  report: (line: string) => void;
}

export interface KindRun {
  stack: Stack;
  /** Deletes the clusters of the members that have left; to call after the `up`. */
  finish: () => Promise<void>;
  /** What a person may do next. */
  next: string;
}

/** Brings up the clusters and opens the stack. The clusters outlive the caller. */
export async function openKind({ dir, clusters = 2, topology, istio, report }: KindArgs): Promise<KindRun> {
  const engine = await findEngine();
  Object.assign(process.env, engine.env);
  report(`kind on ${engine.name}`);
  const kind = new Kind(path.join(dir, "clusters"), engine);
  const present = await kind.present();
  const wanted = memberNames(clusters);

  const parts = await chooseParts({ dir, plugins: ["kubernetes", "tls"], istio, on: "kind", report });
  console.log(parts.summary);

  const ready = [];
  // One after the other: kind's first cluster creates the network and fetches the image.
  for (const name of wanted) {
    report(`${name}: ${present.includes(name) ? "is there" : "is being created"}`);
    ready.push(await kind.ensure(name, name === wanted[0], present.includes(name)));
  }
  const leaving = present.filter((name) => !wanted.includes(name));
  const stack = await openStack({
    dir,
    stack: "kind",
    bin: parts.bin,
    config: kindConfig(ready, { topology, istio: parts.istio, leaving }),
  });
  return {
    stack,
    finish: async () => {
      for (const name of leaving) await kind.delete(name);
    },
    next: nextSteps(dir, wanted),
  };
}

function nextSteps(dir: string, members: string[]): string {
  return `Next:
  npm run verify -- --stack kind        who answers whom
  curl http://helloworld.localhost/hello
  kind delete clusters ${members.map((name) => `weft-${name}`).join(" ")} && rm -r ${dir}`;
}
