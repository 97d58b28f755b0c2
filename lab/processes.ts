import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process that is not mistaken for another one that later got the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system tells it: compared, never read. */
  readonly started: string;
}

/** The identity of the running process with this pid; undefined when there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === "linux" ? startedOnLinux(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity | undefined): boolean {
  return identity !== undefined && identify(identity.pid)?.started === identity.started;
}

/** Ticks since boot, with the boot's id: after a reboot both the pid and the ticks may come again. */
function startedOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // proc(5): the command name, in parentheses, may itself hold spaces and parentheses. The fields after it start with `state`;
    // `num_threads` and `starttime` are the 18th and the 20th of them.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A process whose first thread has ended looks like a zombie while the others still hold its ports.
    if (fields[0] === "Z" && Number(fields[17]) <= 1) return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function startedByPs(pid: number): string | undefined {
  try {
    const out = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return out === "" || out.startsWith("Z") ? undefined : out.replace(/^\S+\s+/, "");
  } catch {
    return undefined;
  }
}
