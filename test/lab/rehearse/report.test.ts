import { type Comparison, toJson, toText } from "../../../lab/rehearse/report";
import type { Rehearsal } from "../../../lab/rehearse/rehearsal";
import { eventsOf, interruptionsOf } from "../../../lab/rehearse/interruptions";
import { gone, meshOf, peers, watched } from "./moments";

const compared: Comparison = { stack: "prod", from: "v1", isNew: false, program: false, packages: false };
const step = { joining: ["south"], leaving: [], changing: { east: ["eastWest.port"] }, mesh: ["mtls"] };
const rehearsal: Rehearsal = {
  step,
  notRehearsed: ["Something."],
  parts: "real: all",
  outcome: "done",
  steps: [
    {
      number: 1,
      op: "created",
      type: "Namespace",
      name: "mesh-south-namespace",
      member: "south",
      inputs: [],
    },
    {
      number: 2,
      op: "replaced",
      type: "Secret",
      name: "mesh-east-peers-0",
      member: "east",
      inputs: ["data"],
    },
    { number: 3, op: "created", type: "Secret", name: "mesh-south-cacerts", member: "south", inputs: [] },
    { number: 4, op: "created", type: "Secret", name: "mesh-south-peers-0", member: "south", inputs: [] },
  ],
  events: [],
  interruptions: [],
  seconds: 12.3,
};

test("a step without interruption says so, and collapses what was created", () => {
  expect(toText(compared, rehearsal)).toBe(
    `Rehearsal of prod: from v1 to the working tree, 12 s
real: all

What changes
  + south joins
  ~ east: eastWest.port
  ~ weft:mesh: mtls

Not rehearsed
  Something.

Steps, as the engine finished them
      1-4  created    south: Namespace, 2 Secret
        2  REPLACED!  east: Secret mesh-east-peers-0 (data)

Trust and reach were never interrupted.`,
  );
});

test("an interruption says when, where, what it means and what to do instead", () => {
  const replaced = peers("east", { west: 1 });
  const seen = watched(["east", "west"], gone(replaced), replaced);
  const text = toText(compared, {
    ...rehearsal,
    events: eventsOf(seen),
    interruptions: interruptionsOf(seen, { east: "primary", west: "primary" }, meshOf("east", "west")),
  });

  expect(text).toContain(`
  #1  east  Secret weft-peers: deleted
  #2  east  Secret weft-peers: created (west west 1)

✘ from #1 to #2: east holds no remote secret for west.
  Its istiod forgets every endpoint of that member: requests to services there fail, or never leave.
  Instead: A PeerSecret is changed in place.`);
  expect(text).toMatch(/Trust or reach was interrupted: once, see above\.$/);
});

test.each<[Partial<Rehearsal>, Partial<Comparison>, string]>([
  [{ outcome: "refused", problem: "1 problem", steps: [] }, {}, "The program refuses this step: 1 problem"],
  [
    { outcome: "failed", problem: "no address" },
    {},
    "The step fails: no address\n\nUntil then trust and reach were not interrupted.",
  ],
  [{}, { isNew: true }, "There was no mesh before, so nothing could be interrupted."],
  [{}, { program: true, packages: true }, "Trust and reach were never interrupted."],
])("%j ends with the verdict", (changed, other, end) => {
  const text = toText({ ...compared, ...other }, { ...rehearsal, ...changed });
  expect(text.endsWith(`\n\n${end}`)).toBe(true);
});

test("another program, and packages that were not rehearsed, are named", () => {
  const text = toText({ ...compared, program: true, packages: true }, rehearsal);
  expect(text).toContain("  ~ the program\n");
  expect(text).toContain("The packages of v1: both programs ran with those of the working tree.");
});

test("where nothing changes nothing was rehearsed", () => {
  expect(toText(compared)).toBe(
    "prod: neither Pulumi.prod.yaml nor the program differs from v1. There is nothing to rehearse.",
  );
  expect(toJson(compared)).toEqual({ ...compared, outcome: "nothing to rehearse" });
});

test("as JSON it has the same, and no object as it was seen", () => {
  const seen = watched(["east", "west"], gone(peers("east", {})));
  const json = JSON.stringify(
    toJson(compared, {
      ...rehearsal,
      events: eventsOf(seen),
      interruptions: interruptionsOf(seen, { east: "primary", west: "primary" }, meshOf("east", "west")),
    }),
  );

  expect(JSON.parse(json)).toMatchObject({
    stack: "prod",
    outcome: "done",
    events: [{ number: 1, member: "east", change: "Secret weft-peers: deleted" }],
    interruptions: [{ kind: "key", member: "east", from: 1, means: expect.any(String) as string }],
  });
  expect(json).not.toContain("tokens");
});
