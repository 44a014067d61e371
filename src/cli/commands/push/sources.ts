import { type FileHandle, open } from "node:fs/promises";
import type { JobFields } from "../../../../mod.ts";
import type { NdjsonError } from "../../../ndjson/error.ts";
import { JobLineReader } from "../../../ndjson/job_line_reader.ts";
import { DEFAULT_MAX_LINE_LENGTH, LineText } from "../../../ndjson/line_text.ts";
import { WholeLines } from "../../../ndjson/whole_lines.ts";
import { CliError } from "../../failure.ts";
import type { CliIo } from "../../io.ts";
import { unreadable } from "../../parse.ts";
import { Status } from "../../status.ts";

/** A line that is not blank: its job, or its error. */
export interface Line {
  readonly source: Source;
  readonly line: number;
  readonly job?: JobFields;
  readonly error?: NdjsonError;
}

/** A file, or standard input. */
export interface Source {
  readonly name: string;
  /** Size in bytes. `undefined` if unknown. */
  readonly size: number | undefined;
  /** Bytes read so far. */
  bytes: number;
  /** The last line that was sent. */
  line: number;
  /** Streams the lines, in groups. Can be called once. */
  lines(): ReadableStream<readonly Line[]>;
  close(): Promise<void>;
}

const FLAG = "--ndjson";
const STDIN = "-";
const PIECE_BYTES = 65_536;

/**
 * Opens all files before anything is sent. `-` stands for standard input.
 *
 * @throws {CliError} if a file cannot be read.
 */
export async function openSources(names: readonly string[], io: CliIo): Promise<Source[]> {
  if (names.filter((name) => name === STDIN).length > 1) {
    throw new CliError(
      Status.usage,
      "Cannot read standard input twice",
      "pass - only once",
    );
  }
  const sources: Source[] = [];
  try {
    for (const name of names) {
      sources.push(name === STDIN ? standardInput(io) : await openFile(name));
    }
    return sources;
  } catch (error) {
    await closeSources(sources);
    throw error;
  }
}

/** Closes all sources. */
export async function closeSources(sources: readonly Source[]): Promise<void> {
  await Promise.all(sources.map((source) => source.close()));
}

function standardInput({ stdin }: CliIo): Source {
  return source("standard input", undefined, () => stdin, () => Promise.resolve());
}

async function openFile(name: string): Promise<Source> {
  let handle: FileHandle | undefined;
  try {
    const file = handle = await open(name);
    const stat = await file.stat();
    if (stat.isDirectory()) throw new Error("it is a folder");
    const size = stat.isFile() ? stat.size : undefined;
    return source(name, size, () => piecesOf(file, name), () => file.close());
  } catch (error) {
    await handle?.close();
    throw unreadable(FLAG, name, error);
  }
}

async function* piecesOf(handle: FileHandle, name: string): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, null)
      .catch((error) => Promise.reject(unreadable(FLAG, name, error)));
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

function source(
  name: string,
  size: number | undefined,
  open: () => AsyncIterable<Uint8Array>,
  close: () => Promise<void>,
): Source {
  const self: Source = {
    ...{ name, size, bytes: 0, line: 0, close },
    lines() {
      const groups = linesOf(self, open())[Symbol.asyncIterator]();
      return new ReadableStream({
        async pull(controller) {
          const { done, value } = await groups.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      }, { highWaterMark: 0 });
    },
  };
  return self;
}

async function* linesOf(
  source: Source,
  pieces: AsyncIterable<Uint8Array>,
): AsyncIterable<readonly Line[]> {
  const text = new LineText(DEFAULT_MAX_LINE_LENGTH);
  const reader = new JobLineReader(DEFAULT_MAX_LINE_LENGTH);
  const whole = new WholeLines();
  for await (const bytes of pieces) {
    source.bytes += bytes.length;
    const lines = whole.add(text.add(bytes));
    if (lines !== "") yield read(source, reader, lines.slice(0, -1).split("\n"));
  }
  const last = whole.add(text.end()) + whole.end();
  if (last !== "") yield read(source, reader, [last]);
}

function read(source: Source, reader: JobLineReader, texts: readonly string[]): Line[] {
  const lines: Line[] = [];
  for (const text of texts) {
    try {
      const job = reader.read(text.endsWith("\r") ? text.slice(0, -1) : text);
      if (job !== undefined) lines.push({ source, line: reader.line, job });
    } catch (error) {
      lines.push({ source, line: reader.line, error: error as NdjsonError });
    }
  }
  return lines;
}
