import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { type Download } from "./programs";
import { stopwatch } from "./progress";

/** How long a host may take to answer before the machine counts as offline, in milliseconds. */
const ANSWER_MS = 5_000;

/** A download whose contents are not what their publisher says. Nothing of it is kept. */
export class ChecksumMismatch extends Error {}

const hosts = new Map<string, Promise<boolean>>();

/** Whether a URL's host answers, whatever it says; asked once for each host in a run. */
export function isReachable(url: string): Promise<boolean> {
  const { origin } = new URL(url);
  const answer = () => fetch(origin, { method: "HEAD", signal: AbortSignal.timeout(ANSWER_MS) });
  const known =
    hosts.get(origin) ??
    answer().then(
      () => true,
      () => false,
    );
  hosts.set(origin, known);
  return known;
}

/**
 * As `download`, and tells how it goes.
 * @returns the path of the program, or why it was not downloaded
 */
export async function tryDownload(
  title: string,
  source: Download,
  program: string,
  target: string,
  report: (line: string) => void,
): Promise<string | { reason: string }> {
  if (!(await isReachable(source.url))) return { reason: `${source.url} cannot be reached` };
  report(`${title}: downloading ${source.url}`);
  const took = stopwatch();
  try {
    const path = await download(source, program, target);
    report(`${title}: downloaded and checked in ${took()}`);
    return path;
  } catch (error) {
    const refused = error instanceof ChecksumMismatch ? "download refused" : "not downloaded";
    report(`${title}: ${refused}, ${messageOf(error)}`);
    return { reason: `${source.url}: ${messageOf(error)}` };
  }
}

export function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  // fetch says no more than "fetch failed": what failed is its cause.
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

/**
 * Downloads, checks, unpacks, and puts the result at `target` in one step, so that `target` is never half there.
 * A download that was interrupted goes on where it stopped.
 * @param program the name it gets where the download is the program itself
 * @returns the path of the program
 * @throws ChecksumMismatch; any other error means that it could not be downloaded
 */
export async function download(source: Download, program: string, target: string): Promise<string> {
  const file = basename(new URL(source.url).pathname);
  const partial = `${target}.${file}.partial`;
  mkdirSync(dirname(target), { recursive: true });
  const expected = checksumIn(await text(source.checksumUrl), file);

  await fetchInto(source.url, partial);
  const actual = await sha256(partial);
  if (actual !== expected) {
    rmSync(partial);
    throw new ChecksumMismatch(`${source.url} has the SHA-256 ${actual}, its publisher says ${expected}`);
  }

  const unpacked = `${target}.unpacking`;
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked);
  const member = source.member ?? program;
  if (source.member === undefined) renameSync(partial, join(unpacked, program));
  else await promisify(execFile)("tar", ["-xf", partial, "-C", unpacked]);
  await chmod(join(unpacked, member), 0o755);
  rmSync(target, { recursive: true, force: true });
  renameSync(unpacked, target);
  rmSync(partial, { force: true });
  return join(target, member);
}

/**
 * Finds a file's SHA-256 in what a publisher offers: the sum alone, lines of sum and name, or GitHub's description of a release.
 * @throws when it is not in there
 */
export function checksumIn(published: string, file: string): string {
  const sum =
    /^[0-9a-f]{64}$/i.exec(published.trim())?.[0] ??
    published
      .split("\n")
      .map((line) => /^([0-9a-f]{64})\s+\*?(\S+)$/i.exec(line.trim()))
      .find((line) => line && basename(line[2] ?? "") === file)?.[1] ??
    digestOfAsset(published, file);
  if (sum === undefined) throw new Error(`no SHA-256 of ${file} is published`);
  return sum.toLowerCase();
}

function digestOfAsset(published: string, file: string): string | undefined {
  try {
    const { assets } = JSON.parse(published) as { assets?: { name: string; digest?: string | null }[] };
    const digest = assets?.find(({ name }) => name === file)?.digest ?? "";
    return /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  } catch {
    return undefined;
  }
}

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.text();
}

async function fetchInto(url: string, file: string): Promise<void> {
  const have = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const response = await fetch(url, have > 0 ? { headers: { range: `bytes=${have}-` } } : {});
  // 416: nothing is left to ask for, the checksum decides whether it is whole.
  if (response.status === 416) return;
  if (!response.ok || response.body === null) throw new Error(`${url} answers ${response.status}`);
  await pipeline(
    Readable.fromWeb(response.body),
    createWriteStream(file, { flags: response.status === 206 ? "a" : "w" }),
  );
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
