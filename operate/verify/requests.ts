/** The requests that a member's curl pod sends, and what came of each. Pure. */

/** One request. */
export type Answer =
  /** `pod`: who answered. `ms`: until the last byte. */
  | { answered: true; pod: string; ms: number }
  /** `reason`: HTTP status, or that of curl where there was none: `HTTP 503`, `curl 28`. */
  | { answered: false; reason: string };

const url = "http://helloworld.sample:5000/hello";
/** Longest time for one request, in seconds. */
export const requestTimeoutSeconds = 5;
/** Ends each answer; nothing else that answers ends so. */
const mark = "=weft";

/** The command to run in the pod: one request after the other, each over a connection of its own. */
export function command(requests: number): string[] {
  const curl = `curl -s -m ${requestTimeoutSeconds} -w '${mark} %{http_code} %{exitcode} %{time_total}\\n' ${url}`;
  return ["sh", "-c", `i=0; while [ $i -lt ${requests} ]; do ${curl}; i=$((i+1)); done`];
}

/**
 * What the command printed. helloworld says its version and, as `instance`, its pod.
 * https://github.com/istio/istio/blob/1.30.3/samples/helloworld/src/app.py
 */
export function parseAnswers(output: string): Answer[] {
  const answers = output.matchAll(new RegExp(`([^]*?)${mark} (\\d+) (\\d+) ([\\d.]+)\\n`, "g"));
  return [...answers].map(([, body, status, exit, seconds]) => {
    const pod = /instance: (\S+)/.exec(body!)?.[1];
    if (exit !== "0") return { answered: false, reason: `curl ${exit}` };
    if (status !== "200" || pod === undefined) return { answered: false, reason: `HTTP ${status}` };
    return { answered: true, pod, ms: Number(seconds) * 1000 };
  });
}
