import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../error";
import { addingToCache, cacheDirectory, fingerprint } from "../toolchain/cache";
import { build } from "../toolchain/go";
import { platform } from "../toolchain/programs";
import { stopwatch, type ToolchainOptions } from "../toolchain/progress";

const MODULE = join(__dirname, "controller");

/**
 * The program that runs cert-manager's controllers, built from Go modules unless these very sources are built already: as a program,
 * cert-manager publishes none. Takes minutes the first time.
 * @returns its path in the user's cache directory
 * @throws LabError when it cannot be built
 */
export async function ensureController({ report }: ToolchainOptions): Promise<string> {
  const sources = ["go.mod", "go.sum", "main.go"].map((file) => readFileSync(join(MODULE, file)));
  const program = join(
    cacheDirectory(platform),
    "cert-manager-controller",
    fingerprint(...sources),
    "cert-manager-controller",
  );
  if (existsSync(program)) return program;
  await addingToCache(
    async () => {
      if (existsSync(program)) return;
      report("cert-manager's controllers: building from Go modules (once, takes minutes)");
      const took = stopwatch();
      const main = { package: "weft/lab/cert-manager/controller", target: program };
      await build(MODULE, [main], { report }).catch((error: Error) => {
        throw new LabError(`cert-manager's controllers cannot be built: ${error.message}`);
      });
      report(`cert-manager's controllers: built in ${took()}`);
    },
    (pid) => report(`cert-manager's controllers: process ${pid} is getting programs, waiting`),
  );
  return program;
}
