export interface ToolchainOptions {
  /** Takes one line of progress. */
  readonly report: (line: string) => void;
}

/** Measures from now on; says the time in seconds, as in "12.3 s". */
export function stopwatch(): () => string {
  const start = performance.now();
  return () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
