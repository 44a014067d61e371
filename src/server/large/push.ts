import { marshalText } from "../go/encode.ts";
import { compareTexts } from "../go/text.ts";
import { GoError } from "../go/error.ts";
import type { LargeLine } from "../line.ts";
import type { Manager } from "../manager.ts";
import { copyText } from "../payload.ts";
import { bulk, OK, type Reply } from "../reply.ts";
import type { Work } from "../slices.ts";
import type { StoredJob } from "../stored_job.ts";
import { readLargeJob, readLargeJobs } from "./large_jobs.ts";

/** Jobs pushed between two yields. */
const AT_ONCE = 64;

/**
 * Runs a large PUSH or PUSHB. Other clients are served in between, so their jobs may come between
 * those of this line. Returns `undefined` for other commands.
 */
export function largePush(manager: Manager, line: LargeLine): Work<Reply> | undefined {
  if (startsWith(line.start, PUSH)) return push(manager, line);
  if (startsWith(line.start, PUSHB)) return pushBulk(manager, line);
  return undefined;
}

const encoder = new TextEncoder();
const PUSH = encoder.encode("PUSH ");
const PUSHB = encoder.encode("PUSHB ");

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

function* push(manager: Manager, line: LargeLine): Work<Reply> {
  const bytes = yield* line.join();
  manager.push(yield* validJson(readLargeJob(bytes, PUSH.length)));
  return OK;
}

function* pushBulk(manager: Manager, line: LargeLine): Work<Reply> {
  const bytes = yield* line.join();
  const jobs = yield* validJson(readLargeJobs(bytes, PUSHB.length));
  const refused = new Map<string, string>();
  for (const [i, job] of jobs.entries()) {
    const reason = pushError(manager, job);
    if (reason !== undefined) refused.set(copyText(job.jid), reason);
    if (i % AT_ONCE === AT_ONCE - 1) yield;
  }
  let json = "";
  for (const [i, jid] of (yield* sortTexts([...refused.keys()])).entries()) {
    json += `${json === "" ? "" : ","}${marshalText(jid)}:${marshalText(refused.get(jid)!)}`;
    if (i % 4096 === 4095) yield;
  }
  return bulk(`{${json}}`);
}

function pushError(manager: Manager, job: StoredJob): string | undefined {
  try {
    manager.push(job);
    return undefined;
  } catch (error) {
    if (error instanceof GoError) return error.message;
    throw error;
  }
}

function* validJson<T>(reading: Work<T>): Work<T> {
  try {
    return yield* reading;
  } catch (error) {
    throw error instanceof GoError ? new GoError(`invalid JSON: ${error.message}`) : error;
  }
}

/** Sorts texts in Go's order. */
function* sortTexts(texts: readonly string[]): Work<string[]> {
  let runs: string[][] = [];
  for (let at = 0; at < texts.length; at += 1024) {
    runs.push(texts.slice(at, at + 1024).sort(compareTexts));
    yield;
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(i + 1 < runs.length ? yield* merge(runs[i]!, runs[i + 1]!) : runs[i]!);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(left: readonly string[], right: readonly string[]): Work<string[]> {
  const all: string[] = [];
  let [i, k] = [0, 0];
  while (i < left.length || k < right.length) {
    const isLeft = k >= right.length ||
      i < left.length && compareTexts(left[i]!, right[k]!) <= 0;
    all.push(isLeft ? left[i++]! : right[k++]!);
    if (all.length % 4096 === 0) yield;
  }
  return all;
}
