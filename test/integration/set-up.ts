/** Everything that the integration tests run is there before the first of them starts: building it takes minutes, once. */
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { defaultIstio } from "../../lab/engine/config";
import { chooseParts } from "../../lab/engine/parts";

export default async function setUp(): Promise<void> {
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), "weft-test-"));
  await chooseParts({
    dir,
    plugins: ["kubernetes", "tls", "kubernetes-cert-manager"],
    istio: defaultIstio,
    programs: ["kubectl", "helm", "crane", "cert-manager-controller"],
    report,
  });
  await fs.rm(dir, { recursive: true });
}
