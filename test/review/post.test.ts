import { commentWithout, markerOf } from "../../review/comment";
import { post, type Comments } from "../../review/post";

const bot = "github-actions[bot]";

/** The comments of a pull request, kept here. */
function pullRequest(...present: { body: string; author: string }[]) {
  const all = present.map((comment, index) => ({ ...comment, id: index + 1 }));
  const done: string[] = [];
  const comments: Comments = {
    list: () => Promise.resolve(all.map((comment) => ({ ...comment }))),
    create: (body) => {
      done.push("create");
      all.push({ id: all.length + 1, body, author: bot });
      return Promise.resolve();
    },
    update: (id, body) => {
      done.push(`update ${id}`);
      all.find((comment) => comment.id === id)!.body = body;
      return Promise.resolve();
    },
  };
  return { comments, done, bodies: () => all.map(({ body }) => body) };
}

const body = (stack: string, text: string) => `${markerOf(stack)}\n\n${text}`;

test("the first preview of a stack makes a comment, the next one updates it in place", async () => {
  const { comments, done, bodies } = pullRequest({ body: "Looks good to me", author: "octocat" });
  await post(comments, new Map([["prod", body("prod", "first")]]));
  await post(comments, new Map([["prod", body("prod", "second")]]));
  expect(done).toEqual(["create", "update 2"]);
  expect(bodies()).toEqual(["Looks good to me", body("prod", "second")]);
});

test("a comment that says the same already is left alone", async () => {
  const { comments, done } = pullRequest({ body: body("prod", "same"), author: bot });
  await post(comments, new Map([["prod", body("prod", "same")]]));
  expect(done).toEqual([]);
});

test("each stack has a comment of its own, and a name that begins another is not mistaken for it", async () => {
  const { comments, done, bodies } = pullRequest({ body: body("prod-eu", "old"), author: bot });
  await post(
    comments,
    new Map([
      ["prod", body("prod", "new")],
      ["prod-eu", body("prod-eu", "new")],
    ]),
  );
  expect(done).toEqual(["create", "update 1"]);
  expect(bodies()).toEqual([body("prod-eu", "new"), body("prod", "new")]);
});

test("what a person quotes from a comment is not overwritten", async () => {
  const quoted = body("prod", "I disagree with this");
  const { comments, done, bodies } = pullRequest({ body: quoted, author: "octocat" });
  await post(comments, new Map([["prod", body("prod", "new")]]));
  expect(done).toEqual(["create"]);
  expect(bodies()[0]).toBe(quoted);
});

test("the comment of a stack that the change no longer touches says so, once", async () => {
  const { comments, done, bodies } = pullRequest({ body: body("prod", "1 member leaves"), author: bot });
  await post(comments, new Map());
  await post(comments, new Map());
  expect(done).toEqual(["update 1"]);
  expect(bodies()).toEqual([commentWithout("prod", "This change no longer touches the stack.")]);
});
