/** Puts the comments where the reviewer looks: one for each stack, kept up to date in place. */
import { commentWithout, markerOf } from "./comment";

/** The comments of one pull request. */
export interface Comments {
  list(): Promise<{ id: number; body: string; author: string }[]>;
  create(body: string): Promise<void>;
  update(id: number, body: string): Promise<void>;
}

/** As which a workflow's own token writes. */
const author = "github-actions[bot]";

/**
 * @param bodies the comment of each stack that this change touches. A comment of another stack is from an earlier state
 * of the change, and says so from now on.
 */
export async function post(comments: Comments, bodies: ReadonlyMap<string, string>): Promise<void> {
  const own = (await comments.list()).filter((comment) => comment.author === author);
  for (const [stack, body] of bodies) {
    const present = own.find((comment) => comment.body.startsWith(markerOf(stack)));
    if (present === undefined) await comments.create(body);
    else if (present.body !== body) await comments.update(present.id, body);
  }
  for (const { id, body } of own) {
    const stack = /^<!-- weft: (\S+) -->/.exec(body)?.[1];
    if (stack === undefined || bodies.has(stack)) continue;
    const gone = commentWithout(stack, "This change no longer touches the stack.");
    if (body !== gone) await comments.update(id, gone);
  }
}
