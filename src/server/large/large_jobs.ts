import { GoError } from "../go/error.ts";
import { Reader } from "../go/reader.ts";
import { SyntaxCheck } from "../go/syntax.ts";
import { textOf } from "../go/text.ts";
import { decode, foldCase } from "../go/decode.ts";
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
import { joinPieces } from "./rope.ts";

/**
 * Maximum number of jobs in one PUSHB. The reference server handles fewer within its time limit of
 * five seconds.
 */
const MAX_BULK = 200_000;

/** Bytes checked between two yields. */
const CHECKED = 128 * 1024;

/**
 * Parses a job from bytes, beginning at `from`, like `readJob`.
 *
 * @throws {GoError} like `readJob`, and if a part other than the arguments is very large.
 */
export function* readLargeJob(bytes: Uint8Array, from = 0, sizes = SIZES): Work<StoredJob> {
  yield* checkSyntax(bytes, from);
  return yield* new LargeReader(bytes, sizes).job(yield* skipSpace(bytes, from));
}

/**
 * Parses the jobs of a PUSHB from bytes, beginning at `from`, like `readJobs`.
 *
 * @throws {GoError} like {@linkcode readLargeJob}, and if there are too many jobs.
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

/** Parses jobs from bytes that are known to be valid JSON. */
class LargeReader {
  readonly #bytes: Uint8Array;
  readonly #sizes: Sizes;
  readonly #skipper: Skipper;
  #compactor: Compactor | undefined;
  /** The end of the job that was read last. */
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
    // Consecutive small jobs are parsed together.
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
    /** The job's JSON without its large parts. */
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
        // A number that is too large must be reported in the order of the job's other errors.
        value = tooLarge === undefined ? "[]" : `[${tooLarge}]`;
        args = yield* joinPieces(pieces);
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

  /** Returns a small value of the same kind, for a value of the wrong kind. */
  *#stub(start: number): Work<string> {
    const end = this.#end = yield* this.#skipper.skipAny(start);
    return KINDS.get(this.#bytes[start]!) ?? this.#textOf(start, end);
  }

  /** Returns the text of a value, if it is not larger than a job's parts may be. */
  #textOf(start: number, end: number): string {
    if (end - start > this.#sizes.frame) throw tooMuch();
    return textOf(this.#bytes.subarray(start, end));
  }
}

/** The smallest value of each kind, by first byte. Error texts are the same for both. */
const KINDS: ReadonlyMap<number, string> = new Map([
  [OPEN_BRACE, "{}"],
  [OPEN_BRACKET, "[]"],
  [QUOTE, '""'],
]);

/** Returns the job's field that a JSON key stands for, if there is one. */
function fieldOf(key: string): string | undefined {
  const reader = new Reader(key);
  reader.kind();
  const name = foldCase(reader.string());
  return Object.hasOwn(JOB.fields, name) ? name : undefined;
}

function tooMuch(): GoError {
  return new GoError(`a large job may have ${SIZES.frame} bytes of JSON besides its args`);
}
