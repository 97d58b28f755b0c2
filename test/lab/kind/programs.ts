/** Stand-ins for kind, docker and podman: shell scripts on a PATH of their own, which note how they are called. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

export interface Programs {
  dir: string;
  /** Only these programs, and the shell's. */
  PATH: string;
  /** Lines `kind get clusters`, in the order of the calls. */
  calls(): string[];
  remove(): void;
}

/** @param scripts by the program's name; `$*` are its arguments. */
export function fakePrograms(scripts: Record<string, string>): Programs {
  const dir = fs.mkdtempSync(path.join(tmpdir(), "weft-kind-"));
  const log = path.join(dir, "calls");
  const bin = path.join(dir, "bin");
  fs.mkdirSync(bin);
  fs.writeFileSync(log, "");
  for (const [name, script] of Object.entries(scripts)) {
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\necho "${name} $*" >> '${log}'\n${script}\n`, {
      mode: 0o755,
    });
  }
  return {
    dir,
    PATH: bin,
    calls: () => fs.readFileSync(log, "utf8").split("\n").filter(Boolean),
    remove: () => fs.rmSync(dir, { recursive: true }),
  };
}
