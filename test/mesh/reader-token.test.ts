import fc from "fast-check";
import { endOf, newest, readerToken, scheduleOf, tokensToKeep } from "../../mesh/reader-token";
import { tokenOf } from "./tokens";

const hour = 3600;
const at = (seconds: number) => new Date(seconds * 1000);

describe("a token", () => {
  test("says when it was issued, when it ends, and what it is bound to", () => {
    const token = tokenOf({ issued: 1000, life: hour, boundTo: "uid-1" });
    expect(readerToken(token)).toEqual({ token, issued: at(1000), ends: at(4600), boundTo: "uid-1" });
    expect(endOf(token)).toEqual(at(4600));
  });

  test("that is bound to no Secret is none of those that end", () => {
    const token = tokenOf({ issued: 1000, life: hour });
    expect(readerToken(token)).toBeUndefined();
    expect(endOf(token)).toEqual(at(4600));
  });

  test.each(["", "opaque", "a.b.c", `a.${Buffer.from("null").toString("base64url")}.c`])(
    "of which nothing is known: %p",
    (token) => {
      expect(readerToken(token)).toBeUndefined();
      expect(endOf(token)).toBeUndefined();
    },
  );
});

describe("readers", () => {
  const wanted = { boundTo: "uid-1", lifetimeHours: 3, now: at(0) };
  const fresh = tokenOf({ issued: 0, life: 3 * hour, boundTo: "uid-1" });
  const kept = (held: string[], more: Partial<typeof wanted> = {}) =>
    tokensToKeep(held, { ...wanted, ...more }).map(({ token }) => token);

  test("go on with a token until a third of its life has passed, and not a second longer", () => {
    expect(kept([fresh], { now: at(hour - 1) })).toEqual([fresh]);
    expect(kept([fresh], { now: at(hour) })).toEqual([]);
  });

  test("go on with the newest of several, whoever holds it", () => {
    const older = tokenOf({ issued: -60, life: 3 * hour, boundTo: "uid-1" });
    expect(kept([older, fresh, older])).toEqual([fresh, older]);
  });

  test("get another when the Secret that it is bound to is another, or none", () => {
    expect(kept([fresh], { boundTo: "uid-2" })).toEqual([]);
    expect(tokensToKeep([fresh], { ...wanted, boundTo: undefined })).toEqual([]);
  });

  test("get another when it is to live for less, and keep one of which the API server allows no more", () => {
    expect(kept([fresh], { lifetimeHours: 2 })).toEqual([]);
    expect(kept([fresh], { lifetimeHours: 48 })).toEqual([fresh]);
  });

  const tokens = fc.array(
    fc.record({
      issued: fc.integer({ min: -100 * hour, max: 100 * hour }),
      life: fc.integer({ min: 600, max: 100 * hour }),
      boundTo: fc.constantFrom("uid-1", "uid-2"),
    }),
    { maxLength: 8 },
  );

  test("keep no token that has ended, is past a third of its life, or ends with another Secret; and lose no other", () => {
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 100 }), (made, lifetimeHours) => {
        const found = tokensToKeep(made.map(tokenOf), { boundTo: "uid-1", lifetimeHours, now: at(0) });
        const good = made.filter(
          ({ issued, life, boundTo }) =>
            boundTo === "uid-1" && life <= lifetimeHours * hour && -issued * 3 < life,
        );
        expect(new Set(found.map(({ token }) => token))).toEqual(new Set(good.map(tokenOf)));
        for (const { ends } of found) expect(ends.getTime()).toBeGreaterThan(0);
        const times = found.map(({ issued }) => issued.getTime());
        expect(times).toEqual([...times].sort((a, b) => b - a));
      }),
    );
  });

  test("never hold a dead one where `pulumi up` runs every third of its life, even if every second run fails", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8760 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
        (lifetimeHours, runs) => {
          const life = lifetimeHours * hour;
          let held = tokenOf({ issued: 0, life, boundTo: "uid-1" });
          let previousFailed = false;
          for (const [index, succeeds] of runs.entries()) {
            const now = at(((index + 1) * scheduleOf(lifetimeHours)) / 1000);
            expect(endOf(held)!.getTime()).toBeGreaterThan(now.getTime());
            if (!succeeds && !previousFailed) {
              previousFailed = true;
              continue;
            }
            previousFailed = false;
            if (tokensToKeep([held], { boundTo: "uid-1", lifetimeHours, now }).length > 0) continue;
            held = tokenOf({ issued: Math.floor(now.getTime() / 1000), life, boundTo: "uid-1" });
          }
        },
      ),
    );
  });
});

test("the newest of all is one that is bound, even if it has ended", () => {
  const ended = tokenOf({ issued: 0, life: hour, boundTo: "uid-1" });
  const stays = tokenOf({ issued: 5000, life: hour });
  expect(newest([stays, "opaque", ended]).map(({ token }) => token)).toEqual([ended]);
});
