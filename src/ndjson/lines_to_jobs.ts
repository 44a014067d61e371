import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { TextLineStream } from "@std/streams/text-line-stream";
import { InvalidArgumentError } from "../errors.ts";
import { invalidOption } from "../connection/options.ts";
import type { JobFields } from "../job/job.ts";
import type { NdjsonError } from "./error.ts";
import { JobLineReader } from "./job_line_reader.ts";
import { DEFAULT_MAX_LINE_LENGTH, LineText } from "./line_text.ts";
import { WholeLines } from "./whole_lines.ts";

/** A line that is not a valid job. */
export interface InvalidLine {
  /** The line's number, from 1. */
  readonly line: number;
  /**
   * The line without its end. For a line that is too long: its beginning. For a line that is not
   * UTF-8: the text that could be decoded.
   */
  readonly text: string;
  /** The reason. */
  readonly error: NdjsonError;
}

/** Options of {@linkcode linesToJobs}. */
export interface LinesToJobsOptions {
  /**
   * Called with each invalid line. The stream then continues with the next line. Errors that it
   * throws end the stream.
   *
   * @default the first invalid line ends the stream: reading rejects with its
   *   {@linkcode NdjsonError}
   */
  readonly onInvalid?: ((invalid: InvalidLine) => void) | undefined;
  /**
   * Maximum length of a line, in UTF-16 units. Longer lines are never held in memory.
   *
   * @default 4_194_304
   */
  readonly maxLineLength?: number | undefined;
}

const OPTIONS = {
  onInvalid: true,
  maxLineLength: true,
} as const satisfies OptionNames<LinesToJobsOptions>;

/** A pair of streams for `pipeThrough`: bytes in, jobs out. */
export interface LinesToJobs {
  /** The jobs. */
  readonly readable: ReadableStream<JobFields>;
  /** Accepts the bytes, in pieces of any size. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Creates a stream that converts bytes to jobs: JSON Lines in UTF-8. Each line is an object with a
 * job's properties, by their names here or in the protocol (`jobtype`, `reserve_for`,
 * `created_at`). Times are in RFC 3339. Properties that only the server sets (`enqueued_at`,
 * `failure`) are ignored. Each job is validated as `enqueue` would.
 *
 * A byte order mark, `\r\n`, blank lines and a last line without a line break are allowed. The
 * stream does not read ahead of its reader, except for the current piece of bytes.
 *
 * A stream of anything but bytes ends with an `InvalidArgumentError`.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 *
 * @example Enqueue the jobs in a file, and report bad lines
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
    .pipeThrough(jobStream(new JobLineReader(maxLineLength), onInvalid));
  return { readable, writable: text.writable };
}

/**
 * Passes on whole lines only, since `TextLineStream` searches an incomplete line again with each
 * new piece.
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

/** Not `instanceof`: bytes from another realm, such as a test runner's, have another class. */
function checkBytes(piece: unknown): Uint8Array {
  if (Object.prototype.toString.call(piece) === "[object Uint8Array]") return piece as Uint8Array;
  const hint = typeof piece === "string" ? ": pipe it through a TextEncoderStream" : "";
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot read lines as the stream yields ${kindOf(piece)} and not bytes (Uint8Array)${hint}`,
  );
}

function kindOf(piece: unknown): string {
  if (piece === null || piece === undefined) return String(piece);
  return typeof piece === "string"
    ? "strings"
    : `${typeof piece === "object" ? "an" : "a"} ${typeof piece}`;
}

function jobStream(
  reader: JobLineReader,
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
