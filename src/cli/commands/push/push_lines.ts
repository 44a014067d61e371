import { type JobInput, Producer } from "../../../../mod.ts";
import { InvalidJobError, ServerError, ServerShutdownError } from "../../../errors.ts";
import { mergeStreams } from "../../../ndjson/merge_streams.ts";
import type { Invocation } from "../../command.ts";
import { type ConnectionFlags, serverOf } from "../../connect.ts";
import { CliError } from "../../failure.ts";
import { Interruption } from "../../io.ts";
import { Status } from "../../status.ts";
import { closeSources, type Line, openSources } from "./sources.ts";
import { LineCounters } from "./line_counters.ts";

/** The flags of `faktory push --ndjson`. */
export interface PushLinesFlags extends ConnectionFlags {
  readonly skipInvalid?: boolean;
  readonly json?: boolean;
}

/** After an interruption, time limit for jobs in flight, in ms. `--timeout` overrides it. */
const GRACE_MS = 5000;

/**
 * Enqueues the jobs of all lines of the files, reading the files at the same time. Returns the exit
 * status.
 */
export async function pushLines(
  names: readonly string[],
  invocation: Invocation<PushLinesFlags>,
): Promise<number> {
  const { io, flags } = invocation;
  const sources = await openSources(names, io);
  try {
    const connection = await connect(invocation);
    const counters = new LineCounters(sources, invocation);
    const run = new LineSender(connection, counters, flags.skipInvalid === true);
    try {
      await run.send(mergeStreams(sources.map((source) => source.lines())), io.signal);
    } finally {
      await run.settle(io.signal, flags.timeout ?? GRACE_MS);
      counters.end(run.isComplete);
      await connection.producer.close();
    }
    // Failures after an interruption are caused by it.
    if (!run.isComplete && io.signal.reason instanceof Interruption) return io.signal.reason.status;
    run.check();
    return counters.invalid + counters.refused > 0 ? Status.data : Status.ok;
  } finally {
    await closeSources(sources);
  }
}

interface Connection {
  readonly producer: Producer;
  /** Gives up jobs in flight. */
  abandon(reason: unknown): void;
}

/** Connects. An interruption cancels the connection attempt, but later waits for jobs in flight. */
async function connect(
  { flags, io, output }: Invocation<PushLinesFlags>,
): Promise<Connection> {
  const { options } = await serverOf(flags, io);
  const controller = new AbortController();
  const abort = () => controller.abort(io.signal.reason);
  if (io.signal.aborted) abort();
  io.signal.addEventListener("abort", abort, { once: true });
  try {
    const producer = await Producer.connect({ ...options, signal: controller.signal });
    producer.on("warning", ({ message }) => output.warn(message));
    return { producer, abandon: (reason) => controller.abort(reason) };
  } finally {
    io.signal.removeEventListener("abort", abort);
  }
}

/** Sends lines to the server. */
class LineSender {
  /** True when all lines were sent. */
  isComplete = false;
  readonly #connection: Connection;
  readonly #counters: LineCounters;
  readonly #isSkipping: boolean;
  readonly #writer: WritableStreamDefaultWriter<JobInput>;
  /** The lines of the jobs in flight. */
  readonly #lines = new Map<JobInput, Line>();
  #failure: { readonly error: unknown } | undefined;

  constructor(connection: Connection, counters: LineCounters, isSkipping: boolean) {
    const { producer } = connection;
    this.#connection = connection;
    this.#counters = counters;
    this.#isSkipping = isSkipping;
    producer.use(async (job, next) => {
      await next();
      counters.enqueued++;
      this.#lines.delete(job);
    });
    const onFailed = (job: JobInput, error: unknown) => this.#failed(job, error);
    this.#writer = producer.writable({ onFailed }).getWriter();
    // Each write reports the same error.
    this.#writer.closed.catch(() => {});
  }

  /** Sends all lines, until one fails or the user interrupts. */
  async send(groups: ReadableStream<readonly Line[]>, signal: AbortSignal): Promise<void> {
    const reader = groups.getReader();
    const cancel = () => void reader.cancel().catch(() => {});
    signal.addEventListener("abort", cancel, { once: true });
    try {
      for (;;) {
        const { done, value: lines = [] } = await reader.read();
        for (const line of lines) {
          if (signal.aborted || this.#failure !== undefined) return;
          this.#sendLine(line);
          if ((this.#writer.desiredSize ?? 0) <= 0) await this.#writer.ready;
        }
        if (signal.aborted || this.#failure !== undefined) return;
        if (done) break;
      }
      this.isComplete = true;
    } finally {
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  /** Waits for jobs in flight. After an interruption, waits at most `graceMs`. */
  async settle(signal: AbortSignal, graceMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hurry = () => {
      timer = setTimeout(() => this.#connection.abandon(signal.reason), graceMs);
    };
    if (signal.aborted) hurry();
    else signal.addEventListener("abort", hurry, { once: true });
    await this.#writer.close().catch((error) => this.#fail(error));
    signal.removeEventListener("abort", hurry);
    clearTimeout(timer);
  }

  /** Throws the error that stopped the run. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #sendLine(line: Line): void {
    const { job, error, source } = line;
    if (error !== undefined) {
      if (this.#isSkipping) this.#counters.report("invalid", line, error);
      else return this.#fail(stopError(`${source.name}: ${error.message}`, "line"));
    }
    source.line = line.line;
    if (job === undefined) return;
    this.#lines.set(job, line);
    this.#writer.write(job).catch((error) => this.#fail(error));
  }

  #failed(job: JobInput, error: unknown): void {
    const line = this.#lines.get(job);
    this.#lines.delete(job);
    if (line === undefined || !isRejectedJob(error)) {
      this.#counters.unknown++;
      return this.#fail(error);
    }
    if (this.#isSkipping) return this.#counters.report("refused", line, error);
    this.#counters.refused++;
    const { source, line: number } = line;
    this.#fail(stopError(`${source.name}, line ${number}: ${error.message}`, "job"));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }
}

/** Returns true if only this job was refused, so that others may succeed. */
function isRejectedJob(error: unknown): error is ServerError | InvalidJobError {
  return error instanceof InvalidJobError ||
    error instanceof ServerError && !(error instanceof ServerShutdownError);
}

function stopError(message: string, what: string): CliError {
  const hint = `fix it and continue from that line, or skip such ${what}s with --skip-invalid`;
  return new CliError(Status.data, message, hint);
}
