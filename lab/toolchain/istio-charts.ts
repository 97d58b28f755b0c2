import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseDocument } from "yaml";
import { addingToCache, cacheDirectory, filesBelow, fingerprint } from "./cache";
import { goModule } from "./ensure";
import { moduleFolder } from "./go";
import { ISTIO, platform } from "./programs";
import type { ToolchainOptions } from "./progress";

/** Where the charts are in Istio's repository, by their names. */
const folders = {
  base: "manifests/charts/base",
  cni: "manifests/charts/istio-cni",
  istiod: "manifests/charts/istio-control/istio-discovery",
  gateway: "manifests/charts/gateway",
};

/** Where Istio publishes the images of its releases. */
export const releaseHub = "docker.io/istio";

/**
 * Istio's charts out of its Go module, as that release publishes them.
 * @param version which release to make of them @default that of the toolchain's istiod
 * @param query the module, with `@version` where it is not the one that `lab/programs` requires
 * @returns a folder with one for each chart
 * @throws when there is no Go, or with the end of what Go says
 */
export async function moduleCharts(
  { report }: ToolchainOptions,
  version = ISTIO,
  query = "istio.io/istio",
): Promise<string> {
  const made = fingerprint(Object.keys(folders).join(), sources(query));
  const target = join(cacheDirectory(platform), "istio-charts", `${version}-${made}`);
  if (existsSync(target)) return target;
  await addingToCache("Istio's charts", { report }, async () => {
    if (existsSync(target)) return;
    const module = await moduleFolder(goModule, query, { report });
    const unfinished = `${target}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    for (const [name, folder] of Object.entries(folders)) {
      const chart = join(module, folder);
      for (const file of filesBelow(chart)) {
        const copy = join(unfinished, name, file);
        mkdirSync(dirname(copy), { recursive: true });
        // Written anew: in Go's module cache everything is read-only.
        writeFileSync(copy, stamped(file, readFileSync(join(chart, file), "utf8"), version));
      }
    }
    renameSync(unfinished, target);
  });
  return target;
}

/** What the charts are made from: where the query names no version, go.mod does. */
function sources(query: string): string {
  return query.includes("@") ? query : readFileSync(join(goModule, "go.mod"), "utf8");
}

/** With what Istio sets when it publishes a chart, where placeholders stand (istio/release-builder, pkg/build/helm.go). */
function stamped(file: string, contents: string, version: string): string {
  const document = parseDocument(file === "Chart.yaml" || file === "values.yaml" ? contents : "");
  if (file === "Chart.yaml") for (const key of ["version", "appVersion"]) document.set(key, version);
  else if (document.hasIn([...GLOBAL, "hub"])) {
    document.setIn([...GLOBAL, "hub"], releaseHub);
    document.setIn([...GLOBAL, "tag"], version);
  } else return contents;
  return document.toString();
}

const GLOBAL = ["_internal_defaults_do_not_set", "global"];
