/** Everything that the integration tests run is there before the first of them starts: building it takes minutes, once. */
import { ensureController } from "../../lab/cert-manager/build";
import { ensureDoubles, ensureToolchain, programs } from "../../lab/toolchain";

export default async function setUp(): Promise<void> {
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  await ensureToolchain([...programs], { report });
  await ensureDoubles(["kubernetes", "tls", "kubernetes-cert-manager"], { report });
  await ensureController({ report });
}
