import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { command, parseAnswers } from "../../../operate/verify/requests";

const hello = (pod: string) => `Hello version: v1, instance: ${pod}\n`;

test("an answer is of the pod that it names; without one it is a failure with its reason", () => {
  const output =
    `${hello("helloworld-v1-abc")}=weft 200 0 0.012500\n` +
    "upstream connect error=weft 503 0 0.001000\n" +
    "=weft 000 28 5.000000\n" +
    "<html>\n=weft 200 0 0.002000\n";
  expect(parseAnswers(output)).toEqual([
    { answered: true, pod: "helloworld-v1-abc", ms: 12.5 },
    { answered: false, reason: "HTTP 503" },
    { answered: false, reason: "curl 28" },
    { answered: false, reason: "HTTP 200" },
  ]);
});

test("what was cut off is no answer", () => {
  expect(parseAnswers(`${hello("a")}=weft 200 0 0.1\n${hello("b")}=weft 20`)).toHaveLength(1);
});

test("the command sends as many requests as asked, and prints what is read", () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-curl-"));
  try {
    // Prints the format that it is given, as curl does, with values of its own.
    const curl = `#!/bin/sh
case "$*" in *http://helloworld.sample:5000/hello) ;; *) exit 3;; esac
printf 'Hello version: v2, instance: helloworld-v2-xyz\\n'
while [ "$1" != -w ]; do shift; done
printf "$(printf %s "$2" | sed 's/%{http_code}/200/; s/%{exitcode}/0/; s/%{time_total}/0.003/')"
`;
    writeFileSync(join(folder, "curl"), curl);
    chmodSync(join(folder, "curl"), 0o755);
    const [shell, ...args] = command(3);
    const output = execFileSync(shell!, args, {
      encoding: "utf8",
      env: { PATH: `${folder}${delimiter}${process.env.PATH}` },
    });
    expect(parseAnswers(output)).toEqual(Array(3).fill({ answered: true, pod: "helloworld-v2-xyz", ms: 3 }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
