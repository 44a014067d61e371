import { GoError } from "../go/error.ts";
import { Reader } from "../go/reader.ts";
import { SyntaxCheck } from "../go/syntax.ts";
import { textOf } from "../go/text.ts";
import { decode, folded } from "../go/decode.ts";
import type { RawJson } from "../payload.ts";
import type { Work } from "../slices.ts";
import { JOB, readJob, readJobs, type StoredJob } from "../stored_job.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  isSpace,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SIZES,
  type Sizes,
  Skipper,
  skipSpace,
} from "./bytes.ts";
import { Compactor } from "./compactor.ts";
import { joined } from "./rope.ts";

/**
 * Jobs in one PUSHB. Within its time limit of five seconds the reference server carries out fewer.
 */
const MAX_BULK = 200_000;

/** Bytes that are checked between two yields. */
const CHECKED = 128 * 1024;

/**
 * Reads a job from bytes, of which it begins at `from`, as `readJob` reads it from text.
 *
 * @throws {GoError} as that does, and where something other than the arguments is very large.
 */
export function* readLargeJob(bytes: Uint8Array, from = 0, sizes = SIZES): Work<StoredJob> {
  yield* checkSyntax(bytes, from);
  return yield* new LargeReader(bytes, sizes).job(yield* skipSpace(bytes, from));
}

/**
 * Reads the jobs of a PUSHB, likewise.
 *
 * @throws {GoError} likewise, and where they are too many.
 */
export function* readLargeJobs(bytes: Uint8Array, from = 0, sizes = SIZES): Work<StoredJob[]> {
  yield* checkSyntax(bytes, from);
  return yield* new LargeReader(bytes, sizes).jobs(yield* skipSpace(bytes, from));
}

function* checkSyntax(bytes: Uint8Array, from: number): Work<void> {
  const check = new SyntaxCheck(bytes, from);
  while (!check.run(CHECKED)) yield;
  if (check.fault !== undefined) throw new GoError(check.fault);
}

/** Reads jobs from bytes that are known to be JSON. */
class LargeReader {
  readonly #bytes: Uint8Array;
  readonly #sizes: Sizes;
  readonly #skipper: Skipper;
  #compactor: Compactor | undefined;
  /** The end of the job that was read. */
  #end = 0;

  constructor(bytes: Uint8Array, sizes: Sizes) {
    this.#bytes = bytes;
    this.#sizes = sizes;
    this.#skipper = new Skipper(bytes, sizes.piece);
  }

  *jobs(start: number): Work<StoredJob[]> {
    const bytes = this.#bytes;
    if (bytes[start] !== OPEN_BRACKET) return readJobs(yield* this.#stub(start));
    const jobs: StoredJob[] = [];
    const add = (more: readonly StoredJob[]) => {
      for (const job of more) jobs.push(job);
      if (jobs.length > MAX_BULK) throw new GoError(`more than ${MAX_BULK} jobs at once`);
    };
    // Small jobs that stand one after the other are read together.
    let [runStart, runEnd] = [-1, -1];
    const flush = () => {
      if (runStart >= 0) add(readJobs(`[${textOf(bytes.subarray(runStart, runEnd))}]`));
      runStart = -1;
    };
    for (let at = start + 1; bytes[at] !== CLOSE_BRACKET;) {
      if (isSpace(bytes[at]!)) {
        const next = yield* skipSpace(bytes, at);
        if (next - at > 1024) flush();
        at = next;
      } else if (bytes[at] === COMMA) {
        at++;
      } else {
        const end = this.#skipper.skip(at);
        if (end < 0) {
          flush();
          add([yield* this.job(at)]);
          at = this.#end;
        } else {
          if (runStart < 0) runStart = at;
          at = runEnd = end;
          if (runEnd - runStart < this.#sizes.piece) continue;
          flush();
        }
        yield;
      }
    }
    flush();
    return jobs;
  }

  *job(start: number): Work<StoredJob> {
    const bytes = this.#bytes;
    if (bytes[start] !== OPEN_BRACE) return readJob(yield* this.#stub(start));
    /** The job without what is large. */
    let frame = "{";
    let args: RawJson | undefined;
    for (let at = start + 1;;) {
      at = yield* skipSpace(bytes, at);
      if (bytes[at] === COMMA) at = yield* skipSpace(bytes, at + 1);
      if (bytes[at] === CLOSE_BRACE) {
        this.#end = at + 1;
        break;
      }
      const keyEnd = yield* this.#skipper.skipAny(at);
      const key = keyEnd - at > this.#sizes.piece ? '""' : textOf(bytes.subarray(at, keyEnd));
      const colon = yield* skipSpace(bytes, keyEnd);
      at = yield* skipSpace(bytes, colon + 1);
      const field = fieldOf(key);
      let value = "null";
      const end = this.#skipper.skip(at);
      if (end >= 0) {
        if (field !== undefined) value = textOf(bytes.subarray(at, end));
        at = end;
        if (field === "args") args = undefined;
      } else if (field === undefined) {
        at = yield* this.#skipper.skipAny(at);
      } else if (field === "args" && bytes[at] === OPEN_BRACKET) {
        const compactor = this.#compactor ??= new Compactor(bytes, this.#sizes.piece);
        const pieces = yield* compactor.container(at);
        at = compactor.end;
        const { tooLarge } = compactor;
        // A number that is too large is told of at its place among all else that is wrong.
        value = tooLarge === undefined ? "[]" : `[${tooLarge}]`;
        args = yield* joined(pieces);
      } else {
        const valueEnd = yield* this.#skipper.skipAny(at);
        value = field === "args" && KINDS.get(bytes[at]!) || this.#textOf(at, valueEnd);
        at = valueEnd;
        if (field === "args") args = undefined;
      }
      if (field === undefined) continue;
      frame += `${frame === "{" ? "" : ","}${key}:${value}`;
      if (frame.length > this.#sizes.frame) throw tooMuch();
      yield;
    }
    const job = readJob(`${frame}}`);
    if (args === undefined) return job;
    if (args.bytes.length >= this.#sizes.raw) return { ...job, args };
    return { ...job, args: decode(textOf(args.bytes), "[]interface {}") as unknown[] };
  }

  /** Something small of the same kind as the value, which is none that is wanted. */
  *#stub(start: number): Work<string> {
    const end = this.#end = yield* this.#skipper.skipAny(start);
    return KINDS.get(this.#bytes[start]!) ?? this.#textOf(start, end);
  }

  /** What stands there, where it is not more than a job may have besides its arguments. */
  #textOf(start: number, end: number): string {
    if (end - start > this.#sizes.frame) throw tooMuch();
    return textOf(this.#bytes.subarray(start, end));
  }
}

/**
 * By the first byte of a value: the smallest value of its kind, which errors do not tell from it.
 */
const KINDS: ReadonlyMap<number, string> = new Map([
  [OPEN_BRACE, "{}"],
  [OPEN_BRACKET, "[]"],
  [QUOTE, '""'],
]);

/** The field of a job that a key is, as it stands in JSON. */
function fieldOf(key: string): string | undefined {
  const reader = new Reader(key);
  reader.kind();
  const name = folded(reader.string());
  return Object.hasOwn(JOB.fields, name) ? name : undefined;
}

function tooMuch(): GoError {
  return new GoError(`a large job may have ${SIZES.frame} bytes of JSON besides its args`);
}
