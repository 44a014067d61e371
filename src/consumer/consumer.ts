import { type MakeLanes, prepareLanes } from "../connection/connect.ts";
import { invalidOption } from "../connection/options.ts";
import { ConfigError, StateError } from "../errors.ts";
import { Emitter, type Listener } from "../events.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { showValue } from "../internal/show.ts";
import type { ConsumerEvents, ConsumerState } from "./events.ts";
import type { Handler } from "./handler.ts";
import { type ConsumerOptions, type ConsumerSettings, resolveSettings } from "./options.ts";
import { DEFAULT_GRACE_MS, type Report, Session, type SessionLimits } from "./session.ts";

/** Options of {@linkcode Consumer.stop}. */
export interface StopOptions {
  /** How long running jobs may go on before they are aborted, in milliseconds. @default 25000 */
  readonly graceMs?: number | undefined;
}

/**
 * Takes jobs from the server and runs them.
 *
 * Each job is told to be done (ACK) once its handler has ended, or failed (FAIL) when it threw. The server hands a job to
 * one consumer at a time, and again to another if it hears nothing until the job's reservation ends: a job runs at least
 * once.
 *
 * @example Run jobs until the program is told to stop
 * ```ts no-assert ignore
 * import { Consumer } from "@faktory-ts/faktory";
 *
 * const consumer = new Consumer({ concurrency: 20, queues: ["critical", "default"] });
 * consumer.register("resize", async (job, { signal }) => {
 *   const [path, width] = job.args;
 *   await fetch(`http://localhost:8080/resize/${path}?width=${width}`, { signal });
 * });
 * const report = await consumer.run();
 * console.log(report.reason);
 * ```
 */
export class Consumer implements AsyncDisposable {
  readonly #options: ConsumerOptions;
  readonly #settings: ConsumerSettings;
  readonly #clock: Clock;
  readonly #handlers = new Map<string, Handler>();
  readonly #events = new Emitter<ConsumerEvents>();
  #makeLanes: Promise<MakeLanes> | undefined;
  #session: Session | undefined;
  #run: Promise<Report> | undefined;
  #opening: AbortController | undefined;
  /** Asked for before the session was there to be asked. */
  #isQuiet = false;

  /**
   * Makes a consumer; it connects when it is run.
   *
   * @throws {ConfigError} on an option that cannot be used.
   */
  constructor(options: ConsumerOptions = {}) {
    this.#options = options;
    this.#settings = resolveSettings(options);
    this.#clock = options.clock ?? systemClock;
  }

  /** This worker's id. */
  get wid(): string {
    return this.#settings.worker.wid;
  }

  /** What it is doing. */
  get state(): ConsumerState {
    return this.#session?.state ?? "idle";
  }

  /** Has `handler` run the jobs of this type. A job that has no handler fails. */
  // deno-lint-ignore no-explicit-any
  register<Args extends readonly unknown[] | [] = any>(type: string, handler: Handler<Args>): this {
    if (typeof type !== "string" || type === "") {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot register a handler as its job type is no text, or empty: got ${showValue(type)}`,
      );
    }
    if (typeof handler !== "function") {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot register a handler for ${showValue(type)} as it is not a function: got ${
          showValue(handler)
        }`,
      );
    }
    this.#handlers.set(type, handler);
    return this;
  }

  /** Calls `listener` on every `event`; the function returned ends that. */
  on<Name extends keyof ConsumerEvents>(
    event: Name,
    listener: Listener<ConsumerEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Runs jobs until `stop` is called or the server says so, and tells how it ended. It may be run again after that.
   *
   * @throws {ConnectError} where the server cannot be reached, or refuses; `AuthenticationError` where it is the password.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  async run(): Promise<Report> {
    return await this.#begin({});
  }

  /** Runs jobs until the queues are empty and nothing runs: what jobs enqueue themselves is run as well. */
  async runToCompletion(): Promise<Report> {
    return await this.#begin({ untilEmpty: true });
  }

  /** Runs one job, if there is one within two seconds; whether there was. What its handler throws fails the job, not this. */
  async runOne(): Promise<boolean> {
    const { done, failed, unfinished } = await this.#begin({ maxJobs: 1, untilEmpty: true });
    return done + failed + unfinished.length > 0;
  }

  /** Fetches no more jobs; those that run go on, and so does the consumer, until it is stopped. */
  quiet(): void {
    this.#isQuiet = true;
    this.#session?.quiet();
  }

  /**
   * Fetches no more jobs, waits for those that run, and ends: resolves once `run` does. Jobs that have not ended when
   * `graceMs` are over are aborted, and given back to the server by FAIL. A second call sets a new `graceMs`.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
    if (!(typeof graceMs === "number" && graceMs >= 0)) {
      throw invalidOption("graceMs", "a number of 0 or more", graceMs);
    }
    this.#opening?.abort();
    this.#session?.stop(graceMs);
    // How it ended is for the one who called run.
    await this.#run?.then(() => {}, () => {});
  }

  /** As {@linkcode Consumer.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #begin(limits: SessionLimits): Promise<Report> {
    if (this.#run !== undefined) {
      return Promise.reject(
        new StateError("ALREADY_RUNNING", "Cannot run the consumer as it runs already"),
      );
    }
    this.#run = this.#runSession(limits).finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  async #runSession(limits: SessionLimits): Promise<Report> {
    const { signal } = this.#options;
    const opening = this.#opening = new AbortController();
    const abort = () => void this.stop();
    if (signal?.aborted === true) opening.abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#makeLanes ??= this.#prepare();
      const session = this.#session = await Session.open({
        settings: this.#settings,
        handlers: this.#handlers,
        makeLanes: await this.#makeLanes,
        events: this.#events,
        clock: this.#clock,
        limits,
      }, opening.signal);
      this.#opening = undefined;
      this.#events.emit("state", { state: "running" });
      if (this.#isQuiet) session.quiet();
      return await session.report();
    } catch (error) {
      // Stopped before it was connected: nothing was begun, and nothing is wrong.
      if (!opening.signal.aborted) throw error;
      return { reason: "stopped", done: 0, failed: 0, unfinished: [] };
    } finally {
      this.#opening = undefined;
      this.#isQuiet = false;
      signal?.removeEventListener("abort", abort);
    }
  }

  #prepare(): Promise<MakeLanes> {
    return prepareLanes(this.#options, {
      delivery: "at-least-once",
      attempts: Infinity,
      listener: {
        disconnected: (error, retryInMs) => {
          this.#events.emit("disconnect", { error, retryInMs });
          this.#session?.disconnected(error, retryInMs);
        },
        reconnected: (attempts) => this.#events.emit("reconnect", { attempts }),
      },
    });
  }
}
