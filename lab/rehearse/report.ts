/** A rehearsal, for a person and for a machine. Pure. */
import { advice } from "./advice";
import { describeEvent } from "./changes";
import { engineLines } from "./engine-steps";
import type { Interruption } from "./interruptions";
import type { Rehearsal } from "./rehearsal";
import type { Step } from "./step";

/** What was compared with what. */
export interface Comparison {
  stack: string;
  /** The commit, as a person knows it. */
  from: string;
  /** There is no config of it in that commit. */
  isNew: boolean;
  /** Whether the program differs. */
  program: boolean;
  /** Whether its packages do. */
  packages: boolean;
}

/** @param rehearsal undefined: nothing changes, so nothing was rehearsed. */
export function toText(compared: Comparison, rehearsal?: Rehearsal): string {
  const { stack, from, isNew } = compared;
  if (rehearsal === undefined) {
    return `${stack}: neither Pulumi.${stack}.yaml nor the program differs from ${from}. There is nothing to rehearse.`;
  }
  const { parts, seconds, steps, events, interruptions } = rehearsal;
  return [
    `Rehearsal of ${stack}: from ${isNew ? "nothing" : from} to the working tree${seconds > 0 ? `, ${seconds.toFixed(0)} s` : ""}`,
    ...(parts === undefined ? [] : [parts]),
    ...section("What changes", changes(rehearsal.step, compared)),
    ...section("Not rehearsed", [...rehearsal.notRehearsed, ...packages(compared)]),
    ...section("Steps, as the engine finished them", steps.length === 0 ? ["none"] : engineLines(steps)),
    ...section(
      "Seen in PeerSecrets, root bundles, tokens, gateways and istiods, in this order",
      events.map((event) => `#${event.number}  ${event.member}  ${describeEvent(event)}`),
    ),
    ...interruptions.flatMap((interruption) => ["", ...interruptionText(interruption)]),
    "",
    verdict(compared, rehearsal),
  ].join("\n");
}

export function toJson(compared: Comparison, rehearsal?: Rehearsal): object {
  if (rehearsal === undefined) return { ...compared, outcome: "nothing to rehearse" };
  return {
    ...compared,
    ...rehearsal,
    events: rehearsal.events.map((event) => ({
      number: event.number,
      member: event.member,
      change: describeEvent(event),
    })),
    interruptions: rehearsal.interruptions.map((interruption) => ({
      ...interruption,
      ...advice[interruption.kind],
    })),
  };
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

function changes({ joining, leaving, changing, mesh }: Step, { program }: Comparison): string[] {
  return [
    ...joining.map((name) => `+ ${name} joins`),
    ...leaving.map((name) => `- ${name} leaves`),
    ...Object.entries(changing).map(([name, paths]) => `~ ${name}: ${paths.join(", ")}`),
    ...(mesh.length === 0 ? [] : [`~ weft:mesh: ${mesh.join(", ")}`]),
    ...(program ? ["~ the program"] : []),
  ];
}

function packages({ packages: differ, from }: Comparison): string[] {
  return differ ? [`The packages of ${from}: both programs ran with those of the working tree.`] : [];
}

function interruptionText({ kind, what, from, until }: Interruption): string[] {
  const when = until === undefined ? `from #${from} on` : `from #${from} to #${until}`;
  return [`✘ ${when}: ${what}.`, `  ${advice[kind].means}`, `  Instead: ${advice[kind].instead}`];
}

function verdict({ isNew }: Comparison, { outcome, problem, interruptions }: Rehearsal): string {
  const end = {
    done: "",
    refused: `The program refuses this step: ${problem}`,
    failed: `The step fails: ${problem}`,
  }[outcome];
  const count = interruptions.length;
  const interrupted =
    count > 0
      ? `Trust or reach was interrupted: ${count === 1 ? "once" : `${count} times`}, see above.`
      : outcome === "refused"
        ? ""
        : isNew
          ? "There was no mesh before, so nothing could be interrupted."
          : outcome === "failed"
            ? "Until then trust and reach were not interrupted."
            : "Trust and reach were never interrupted.";
  return [end, interrupted].filter((line) => line !== "").join("\n\n");
}
