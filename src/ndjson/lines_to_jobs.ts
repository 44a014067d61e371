import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { TextLineStream } from "@std/streams/text-line-stream";
import { InvalidArgumentError } from "../errors.ts";
import { invalidOption } from "../connection/options.ts";
import type { JobFields } from "../job/job.ts";
import type { NdjsonError } from "./error.ts";
import { LineReader } from "./line_reader.ts";
import { DEFAULT_MAX_LINE_LENGTH, LineText } from "./line_text.ts";
import { WholeLines } from "./whole_lines.ts";

/** A line that is no job. */
export interface InvalidLine {
  /** Its number, from 1. */
  readonly line: number;
  /**
   * The line, without its end; of one that is too long its beginning, and of one that is no UTF-8
   * what can be read of it.
   */
  readonly text: string;
  /** What is wrong with it. */
  readonly error: NdjsonError;
}

/** Settings of {@linkcode linesToJobs}. */
export interface LinesToJobsOptions {
  /**
   * Hears of each line that is no job, and the stream goes on with the next. Without it the first
   * such line ends the stream: reading rejects with its {@linkcode NdjsonError}. What it throws
   * ends the stream too.
   */
  readonly onInvalid?: ((invalid: InvalidLine) => void) | undefined;
  /**
   * Characters (UTF-16 units) that a line may have. What is beyond them is never held in memory.
   * @default 4_194_304
   */
  readonly maxLineLength?: number | undefined;
}

const OPTIONS = {
  onInvalid: true,
  maxLineLength: true,
} as const satisfies OptionNames<LinesToJobsOptions>;

/** Two ends of a stream: bytes go in, jobs come out. It is what `pipeThrough` takes. */
export interface LinesToJobs {
  /** The jobs. */
  readonly readable: ReadableStream<JobFields>;
  /** For the bytes, in pieces of any size. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * A stream from bytes, JSON Lines in UTF-8, to jobs: each line is an object of a job's properties,
 * by their names here or in the protocol (`jobtype`, `reserve_for`, `created_at`), times as in RFC
 * 3339. What only a server says (`enqueued_at`, `failure`) is left out. Each job is checked as it
 * would be when it is enqueued.
 *
 * A byte order mark, `\r\n`, blank lines and a last line without its end are fine. Nothing is read
 * ahead of whoever takes the jobs, but for the piece of bytes that they are in.
 *
 * A stream of something else than bytes ends with an `InvalidArgumentError`.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 *
 * @example A file into a server, bad lines told
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { linesToJobs } from "@faktory-ts/faktory/ndjson";
 *
 * const lines = '{"type":"resize","args":["cat.png",320]}\nno job\n';
 * const bad: number[] = [];
 *
 * await using producer = await Producer.connect();
 * await new Blob([lines]).stream()
 *   .pipeThrough(linesToJobs({ onInvalid: ({ line }) => bad.push(line) }))
 *   .pipeTo(producer.writable());
 * console.assert(bad.join() === "2");
 * ```
 */
export function linesToJobs(options: LinesToJobsOptions = {}): LinesToJobs {
  checkOptionNames(options, OPTIONS, "linesToJobs");
  const { onInvalid, maxLineLength = DEFAULT_MAX_LINE_LENGTH } = options;
  if (!Number.isSafeInteger(maxLineLength) || maxLineLength < 1) {
    throw invalidOption("maxLineLength", "an integer of 1 or more", maxLineLength);
  }
  if (onInvalid !== undefined && typeof onInvalid !== "function") {
    throw invalidOption("onInvalid", "a function", onInvalid);
  }
  const text = textStream(maxLineLength);
  const readable = text.readable
    .pipeThrough(new TextLineStream())
    .pipeThrough(jobStream(new LineReader(maxLineLength), onInvalid));
  return { readable, writable: text.writable };
}

/**
 * Gives whole lines, as `TextLineStream` looks through the rest of a text again with each piece
 * that follows.
 */
function textStream(maxLineLength: number): TransformStream<Uint8Array, string> {
  const text = new LineText(maxLineLength);
  const lines = new WholeLines();
  return new TransformStream({
    transform(bytes, out) {
      const whole = lines.add(text.add(checkBytes(bytes)));
      if (whole !== "") out.enqueue(whole);
    },
    flush: (out) => out.enqueue(lines.add(text.end()) + lines.end()),
  });
}

/** Not by its class: bytes of another realm, such as a test runner's, have another one. */
function checkBytes(piece: unknown): Uint8Array {
  if (Object.prototype.toString.call(piece) === "[object Uint8Array]") return piece as Uint8Array;
  const hint = typeof piece === "string" ? ": pipe it through a TextEncoderStream" : "";
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot read lines as the stream gives ${kindOf(piece)} and not bytes (Uint8Array)${hint}`,
  );
}

function kindOf(piece: unknown): string {
  if (piece === null || piece === undefined) return String(piece);
  return typeof piece === "string"
    ? "texts"
    : `${typeof piece === "object" ? "an" : "a"} ${typeof piece}`;
}

function jobStream(
  reader: LineReader,
  onInvalid: LinesToJobsOptions["onInvalid"],
): TransformStream<string, JobFields> {
  return new TransformStream({
    transform(text, out) {
      let job: JobFields | undefined;
      try {
        job = reader.read(text);
      } catch (error) {
        if (onInvalid === undefined) throw error;
        return onInvalid({ line: reader.line, text, error: error as NdjsonError });
      }
      if (job !== undefined) out.enqueue(job);
    },
  });
}
