/**
 * How far a server's clock is ahead of this machine's, in milliseconds, by the `Date` header of an answer: at least so far, because the
 * header has whole seconds, and was written at some time between the question and the answer.
 * @param sent when the question left, in milliseconds since 1970; received: when the answer came.
 * @returns 0 where the clocks may agree; undefined where the header says nothing.
 */
export function clockOffset(date: string | undefined, sent: number, received: number): number | undefined {
  const written = Date.parse(date ?? "");
  if (Number.isNaN(written)) return undefined;
  const [least, most] = [written - received, written + 1000 - sent];
  if (least > 0) return least;
  return most < 0 ? most : 0;
}
