/** What went wrong in the lab and what to do about it: shown to the person who runs it, without a stack trace. */
export class LabError extends Error {
  override readonly name = "LabError";
}
