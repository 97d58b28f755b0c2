export interface ToolchainOptions {
  /** Takes one line of progress. */
  readonly report: (line: string) => void;
}

/** Measures from now on; says the time in seconds, as in "12.3 s". */
export function stopwatch(): () => string {
  const start = performance.now();
  return () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** Least time between two lines of progress, in milliseconds. */
const INTERVAL = 10_000;

type Clock = () => number;

/** Passes a line on when none was for a while, and drops the others. */
export function atIntervals(report: (line: string) => void, now: Clock = () => performance.now()) {
  let told = now();
  return (line: string): void => {
    if (now() - told < INTERVAL) return;
    told = now();
    report(line);
  };
}

/**
 * Counts the packages that a build has compiled, and tells at intervals how many, and how long the rest may take if it goes on so.
 * @param total how many there are to compile
 * @returns to be called for each that is compiled
 */
export function compiling(
  total: number,
  report: (line: string) => void,
  now: Clock = () => performance.now(),
): () => void {
  const start = now();
  const tell = atIntervals(report, now);
  let done = 0;
  return () => {
    done++;
    const minutes = Math.ceil(((now() - start) * Math.max(total - done, 0)) / done / 60_000);
    // The first packages say little of the others.
    const left = done < total / 10 ? "" : `, about ${minutes} min left`;
    tell(`${done} of ${Math.max(total, done)} packages compiled${left}`);
  };
}
