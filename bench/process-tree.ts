/** What a process and all that it starts cost, read from /proc (Linux). Pure functions over its texts, and the sampler. */
import * as fs from "node:fs";

export interface ProcessStat {
  pid: number;
  parent: number;
  /** CPU time of its own, user and system, in clock ticks. */
  ticks: number;
  /** Ticks since boot; with the pid it names a process for good. */
  started: number;
}

/** Linux reports CPU time to user space in ticks of 1/100 s on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** One /proc/<pid>/stat, by proc(5): the command name, in parentheses, may itself hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    ticks: field(14) + field(15),
    started: field(22),
  };
}

/** Proportional set size of a /proc/<pid>/smaps_rollup, in KiB: pages that several processes share are split among them. */
export function parsePss(text: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}

/** What the shell's `times` prints for its children (second line): user and system, in seconds. */
export function parseTimes(text: string): { user: number; system: number } {
  const line = text.trim().split("\n")[1] ?? "";
  const [user, system] = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  if (user === undefined || system === undefined) throw new Error(`not the output of 'times': ${text}`);
  return { user, system };
}

/** The root and everything below it, the root first. */
export function treeOf(root: number, processes: ProcessStat[]): number[] {
  const tree = [root];
  for (let i = 0; i < tree.length; i++) {
    tree.push(...processes.filter(({ parent }) => parent === tree[i]).map(({ pid }) => pid));
  }
  return tree;
}

/** Memory of the tree below a process, in MiB. */
export function treeMemory(root: number): number {
  const pids = treeOf(root, allProcesses());
  const kib = pids.map((pid) => parsePss(read(`/proc/${pid}/smaps_rollup`)));
  return kib.reduce((sum, pss) => sum + pss, 0) / 1024;
}

/** CPU time of these processes together, in seconds; those that are gone count nothing. */
export function cpuSeconds(pids: number[]): number {
  const ticks = pids.map((pid) => {
    const text = read(`/proc/${pid}/stat`);
    return text === "" ? 0 : parseStat(text).ticks;
  });
  return ticks.reduce((sum, own) => sum + own, 0) / TICKS_PER_SECOND;
}

function allProcesses(): ProcessStat[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/stat`))
    .filter((text) => text !== "")
    .map(parseStat);
}

/** Empty where the process has ended meanwhile. */
function read(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
