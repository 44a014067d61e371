import { Glob } from "./glob.ts";
import { Segment } from "./glob_segment.ts";
import { bytesOf, textOf } from "./go/text.ts";
import { type StructType, unmarshal } from "./go/decode.ts";
import { GoError } from "./go/error.ts";
import { quote } from "./go/quote.ts";
import type { JobEntry, SetName } from "./job_set.ts";
import type { Manager } from "./manager.ts";
import type { Payload } from "./payload.ts";
import type { Work } from "./slices.ts";

interface Filter {
  readonly jids?: readonly string[];
  readonly regexp?: string;
  readonly jobtype?: string;
}

const OPERATION: StructType["fields"] = {
  cmd: "string",
  target: "client.Structure",
  filter: {
    name: "client.JobFilter",
    fields: { jids: "[]string", regexp: "string", jobtype: "string" },
  },
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Jobs examined between two yields. */
const AT_ONCE = 256;

/**
 * Runs MUTATE: changes the jobs of a set. In a large set, other commands run in between. MUTATE
 * then changes only jobs that were in the set when it began and are still there when it reaches
 * them.
 */
export function* mutate(manager: Manager, line: string): Work<void> {
  const parts = line.split(" ");
  if (parts.length !== 2) throw new GoError("invalid format");
  const { cmd, target, filter } = unmarshal(parts[1]!, "client.Operation", OPERATION) as {
    cmd?: string;
    target?: string;
    filter?: Filter;
  };
  const change = CHANGES.get(cmd ?? "");
  if (change === undefined) throw new GoError("unknown mutate operation");
  if (target !== "scheduled" && target !== "retries" && target !== "dead") {
    throw new GoError("invalid target for mutation command");
  }
  const matches = yield* matcher(cmd === "clear" ? {} : filter ?? {});
  yield* changeJobs(manager, { set: target, change, matches });
}

/** Changes the matching jobs of a set. Returns their number. */
export function* changeJobs(
  manager: Manager,
  { set: name, change, matches }: {
    readonly set: SetName;
    readonly change: Change;
    readonly matches: Matcher;
  },
): Work<number> {
  const set = manager.sets[name];
  let count = 0;
  for (const { entries, has } of set.parts(AT_ONCE)) {
    for (const entry of entries) {
      if (!has(entry)) continue;
      const isMatch = matches(entry.value);
      if (typeof isMatch === "boolean" ? !isMatch : !(yield* isMatch) || !has(entry)) continue;
      changeEntry(manager, { set: name, change, entry });
      count++;
    }
    yield;
  }
  return count;
}

/**
 * Changes a job of a set. If the change throws, for example because the queue is invalid, the job
 * stays in its set.
 */
export function changeEntry(
  manager: Manager,
  { set, change, entry }: {
    readonly set: SetName;
    readonly change: Change;
    readonly entry: JobEntry;
  },
): void {
  if (change.runsBeforeRemoval) change.run(manager, entry.value);
  manager.sets[set].remove(entry);
  if (!change.runsBeforeRemoval) change.run(manager, entry.value);
}

/** A change to a job. */
export interface Change {
  /** If true, the change runs before the job leaves the set. */
  readonly runsBeforeRemoval: boolean;
  run(manager: Manager, payload: Payload): void;
}

/** The changes by name. */
export const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  ["clear", { runsBeforeRemoval: false, run() {} }],
  ["discard", { runsBeforeRemoval: false, run() {} }],
  ["kill", { runsBeforeRemoval: false, run: (manager, payload) => manager.moveToDead(payload) }],
  ["requeue", { runsBeforeRemoval: true, run: (manager, payload) => manager.requeue(payload) }],
]);

/** Matches a job, immediately or as work that takes longer. */
export type Matcher = (payload: Payload) => boolean | Work<boolean>;

/**
 * Compiles a filter. Jids take precedence over all else. An empty filter matches everything. Go
 * quotes jids and types in a filter differently from JSON, so texts that JSON must escape are
 * mostly not found.
 */
function* matcher({ jids = [], regexp = "", jobtype = "" }: Filter): Work<Matcher> {
  if (jids.length > 0) {
    const wanted = new Set<string>();
    for (const [i, jid] of jids.entries()) {
      wanted.add(quote(jid));
      if (i % 4096 === 4095) yield;
    }
    return (payload) =>
      typeof payload === "string" ? jidsMatch(payload, wanted) : jidsMatchLarge(payload, wanted);
  }
  const type = `"jobtype":${quote(jobtype)}`;
  if (regexp === "" && jobtype === "") return () => true;
  const glob = new Glob(regexp === "" ? `*${type}*` : regexp);
  const { part } = glob;
  const isTypeWanted = regexp !== "" && jobtype !== "";
  return (payload) => {
    if (part === undefined || typeof payload !== "string") {
      return byGlob(payload, glob, isTypeWanted ? Segment.of(bytesOf(type)) : undefined);
    }
    return payload.includes(part) && (!isTypeWanted || payload.includes(type));
  };
}

function* byGlob(payload: Payload, glob: Glob, type: Segment | undefined): Work<boolean> {
  const bytes = bytesOfPayload(payload);
  if (!(yield* glob.matches(bytes))) return false;
  return type === undefined || (yield* type.find(bytes, 0, bytes.length)) >= 0;
}

function bytesOfPayload(payload: Payload): Uint8Array {
  if (typeof payload === "string") return bytesOf(payload);
  const { head, args, tail } = payload;
  const parts = [bytesOf(head), args.bytes, bytesOf(tail)];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const JID = '"jid":"';
const JID_BYTES = Segment.of(bytesOf(JID));

/** Returns true if any `jid` in a stored job is wanted, including those in its arguments. */
function jidsMatch(text: string, wanted: ReadonlySet<string>): boolean {
  for (let at = text.indexOf(JID); at >= 0; at = text.indexOf(JID, at)) {
    const start = at + JID.length - 1;
    at = start + 1;
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    if (wanted.has(text.slice(start, ++at))) return true;
  }
  return false;
}

function* jidsMatchLarge(payload: Payload, wanted: ReadonlySet<string>): Work<boolean> {
  const bytes = bytesOfPayload(payload);
  for (let at = 0;;) {
    at = yield* JID_BYTES.find(bytes, at, bytes.length);
    if (at < 0) return false;
    const start = at + JID.length - 1;
    at = start + 1;
    while (at < bytes.length && bytes[at] !== QUOTE) {
      at += bytes[at] === BACKSLASH ? 2 : 1;
      if (at % 65_536 < 2) yield;
    }
    if (wanted.has(textOf(bytes.subarray(start, ++at)))) return true;
  }
}
