/** Runs one engine operation and shows it: a live tree on a terminal, a line for each finished resource elsewhere. */
import type { EngineEvent } from "@pulumi/pulumi/automation";
import logUpdate from "log-update";
import { Progress } from "./progress";

/** How often the tree is drawn again while nothing new is reported, in milliseconds. */
const REDRAW_INTERVAL = 200;

export async function showProgress<T>(
  operation: (onEvent: (event: EngineEvent) => void) => Promise<T>,
): Promise<{ result?: T; progress: Progress }> {
  const progress = new Progress();
  const terminal = process.stdout.isTTY;
  const redraw = terminal ? setInterval(() => logUpdate(progress.tree()), REDRAW_INTERVAL) : undefined;
  try {
    const result = await operation((event) => {
      const line = progress.take(event);
      if (line && !terminal) console.log(`  ${line}`);
    });
    return { result, progress };
  } catch (error) {
    if (progress.errors.length === 0) throw error;
    return { progress };
  } finally {
    clearInterval(redraw);
    if (terminal) {
      logUpdate(progress.tree());
      logUpdate.done();
    }
  }
}
