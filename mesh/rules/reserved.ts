import type { ValueConflict } from "../istio-values";
import { settingPath, type Problem } from "../problems";

/** Helm values that are not a person's to set. @param at where the person's values stand. */
export function reserved(at: string, conflicts: ValueConflict[]): Problem[] {
  return conflicts.map(({ path, instead }) => ({
    path: below(at, settingPath(["", ...path])),
    message: "Weft sets this value: it defines the mesh.",
    remedy: instead,
  }));
}

/** A path of stack config, below another. */
export function below(at: string, path: string): string {
  return `${at}${path.slice("weft:".length)}`;
}
