import { integerIn, invalidOption } from "../connection/options.ts";
import { ConfigError, InvalidArgumentError, StateError } from "../errors.ts";
import { Emitter, type EventNames, type Listener, type ListenerFailure } from "../events.ts";
import { onAbort } from "../internal/aborts.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { showValue } from "../internal/show.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { JobCatalogue } from "../job/job_catalogue.ts";
import { Producer } from "../producer/producer.ts";
import { type CheckedEntry, checkEntries, checkName, type ScheduleEntries } from "./entry.ts";
import { JobMaker, prefixOf } from "./firing_job.ts";
import { Pusher } from "./pusher.ts";

/** Options of a {@linkcode Schedule}. */
export interface ScheduleOptions<Jobs extends JobDefinitions = JobDefinitions> {
  /** The catalogue of jobs. @default that of the producer */
  readonly jobs?: Jobs | undefined;
  /**
   * The name that distinguishes this schedule from others on the server: letters, digits, `.`, `_`
   * and `-`. Programs with different schedules need different names.
   *
   * @default "default"
   */
  readonly name?: string | undefined;
  /**
   * Number of firings of each entry to keep on the server before their time, 1 to 1000. @default 3
   */
  readonly ahead?: number | undefined;
  /**
   * Shortest time before a firing at which it may still be pushed, in milliseconds. A command may
   * take up to this long without a firing being enqueued twice. Must be the same in all processes.
   *
   * @default 30000
   */
  readonly guardMs?: number | undefined;
  /** The clock for the waits between two checks of the schedule. @default the system clock */
  readonly clock?: Clock | undefined;
}

/** Options of {@linkcode Schedule.run}. */
export interface ScheduleRunOptions {
  /** Aborting this signal ends the run. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode Schedule.next}. */
export interface NextOptions {
  /** Returns firings after this time. @default now, by the machine's clock */
  readonly after?: Date | undefined;
  /** Maximum number of firings to return. @default 1 */
  readonly count?: number | undefined;
}

/** The events of a schedule; see {@linkcode Schedule.on}. */
export interface ScheduleEvents {
  /**
   * The server has the job of a firing, even if another process pushed it first. Emitted again if
   * it is pushed again.
   */
  push: { readonly name: string; readonly firing: Date; readonly jid: string };
  /** The server cannot be reached, or refuses a job. The schedule tries again within seconds. */
  error: { readonly error: unknown };
  /** A listener threw. */
  listenerError: ListenerFailure;
}

const SCHEDULE_EVENTS = {
  push: true,
  error: true,
  listenerError: true,
} as const satisfies EventNames<ScheduleEvents>;

const OPTIONS = {
  jobs: true,
  name: true,
  ahead: true,
  guardMs: true,
  clock: true,
} as const satisfies OptionNames<ScheduleOptions>;

const RUN_OPTIONS = { signal: true } as const satisfies OptionNames<ScheduleRunOptions>;

const NEXT_OPTIONS = { after: true, count: true } as const satisfies OptionNames<NextOptions>;

/**
 * Recurring jobs, on any Faktory server. Run the schedule in any number of processes: each firing
 * is enqueued once.
 *
 * Every process pushes the same jobs, byte for byte, before their time. The server keeps scheduled
 * jobs in a set, which stores equal jobs once. There is no leader and no lock, so any process may
 * fail.
 *
 * @example Two recurring jobs
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { Schedule } from "@faktory-ts/faktory/cron";
 *
 * await using producer = await Producer.connect();
 * const schedule = new Schedule({
 *   nightly: { cron: "0 3 * * *", timeZone: "Europe/Berlin", job: { type: "report" } },
 *   poll: { every: "1m", job: { type: "poll", args: ["https://example.com/feed"] } },
 * });
 * const running = schedule.run(producer);
 * // later
 * await schedule.stop();
 * await running;
 * ```
 */
export class Schedule<Jobs extends JobDefinitions = JobDefinitions> implements AsyncDisposable {
  /** The name that distinguishes it from other schedules on the server. */
  readonly name: string;
  readonly #entries: readonly CheckedEntry[];
  readonly #catalogue: JobCatalogue | undefined;
  readonly #timing: { readonly ahead: number; readonly guardMs: number };
  readonly #clock: Clock;
  readonly #events = new Emitter<ScheduleEvents>(SCHEDULE_EVENTS);
  #stop: (() => void) | undefined;
  #running: Promise<void> | undefined;

  /**
   * Creates a schedule. Nothing happens until it is run.
   *
   * @throws {ConfigError} `INVALID_OPTION` if an entry or an option is invalid.
   */
  constructor(entries: ScheduleEntries<Jobs>, options: ScheduleOptions<Jobs> = {}) {
    checkOptionNames(options, OPTIONS, "Schedule");
    this.#entries = checkEntries(entries);
    this.#catalogue = JobCatalogue.of(options.jobs);
    this.name = checkName("the schedule", options.name ?? "default");
    const ahead = integerIn("ahead", options.ahead, { min: 1, max: 1000, fallback: 3 });
    const limits = { min: 1000, max: 7 * 86_400_000, fallback: 30_000 };
    this.#timing = { ahead, guardMs: integerIn("guardMs", options.guardMs, limits) };
    this.#clock = options.clock ?? systemClock;
  }

  /** The names of the entries. */
  get entries(): readonly string[] {
    return this.#entries.map(({ name }) => name);
  }

  /**
   * Returns the next firings of an entry.
   *
   * @example Check a firing on the day when the clocks change
   * ```ts
   * import { Schedule } from "@faktory-ts/faktory/cron";
   *
   * const schedule = new Schedule({
   *   nightly: { cron: "30 2 * * *", timeZone: "Europe/Berlin", job: { type: "report" } },
   * });
   * const [firing] = schedule.next("nightly", { after: new Date("2026-03-28T12:00:00Z") });
   * // There is no 02:30 on that day.
   * console.assert(firing?.toISOString() === "2026-03-29T01:00:00.000Z");
   * ```
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if there is no such entry.
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  next(name: string, options: NextOptions = {}): Date[] {
    checkOptionNames(options, NEXT_OPTIONS, "next");
    const entry = this.#entries.find((entry) => entry.name === name);
    if (entry === undefined) {
      throw new InvalidArgumentError(
        "INVALID_ARGUMENT",
        `Cannot compute the next firings as the schedule has no such entry: got ${showValue(name)}`,
      );
    }
    const count = integerIn("count", options.count, { min: 1, max: 100_000, fallback: 1 });
    const found: Date[] = [];
    let firing = entry.firings.after(options.after?.getTime() ?? this.#clock.now());
    while (firing !== undefined && found.length < count) {
      found.push(new Date(firing));
      firing = entry.firings.after(firing);
    }
    return found;
  }

  /**
   * Calls `listener` on every `event`. Returns a function that removes the listener.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if there is no such event.
   */
  on<Name extends keyof ScheduleEvents>(
    event: Name,
    listener: Listener<ScheduleEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Pushes the firings with this producer until `stop` is called. Jobs that it has pushed stay on
   * the server and run, so nothing is missed during a deploy. Jobs do not pass the producer's
   * middleware and telemetry, which could make them differ.
   *
   * The run continues if the server cannot be reached; see the event `error`.
   *
   * @throws {InvalidJobError} if the server would refuse an entry's job, or if it does not fit the
   * catalogue.
   * @throws {StateError} `ALREADY_RUNNING`.
   */
  run(producer: Producer<Jobs>, options: ScheduleRunOptions = {}): Promise<void> {
    if (this.#running !== undefined) {
      return Promise.reject(
        new StateError("ALREADY_RUNNING", "Cannot run the schedule as it is already running"),
      );
    }
    const stopped = deferred();
    this.#stop = stopped.resolve;
    return this.#running = this.#run(producer, options, stopped.promise).finally(() => {
      this.#running = this.#stop = undefined;
    });
  }

  /** Ends the run. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stop?.();
    await this.#running?.catch(() => {});
  }

  /**
   * Removes all scheduled jobs of the schedule with this name. Call this only if a program no
   * longer has a schedule. If an entry is removed or changed, its old jobs are withdrawn
   * automatically.
   */
  async withdraw(producer: Producer<Jobs>): Promise<void> {
    checkProducer(producer);
    await producer.sets.scheduled.discard({ pattern: `*"jid":"${prefixOf(this.name)}*` });
  }

  /** Calls {@linkcode Schedule.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(
    producer: Producer<Jobs>,
    options: ScheduleRunOptions,
    stopped: Promise<void>,
  ): Promise<void> {
    checkOptionNames(options, RUN_OPTIONS, "run");
    checkProducer(producer);
    const { signal } = options;
    if (signal !== undefined && typeof signal?.addEventListener !== "function") {
      throw invalidOption("signal", "an AbortSignal", signal);
    }
    if (signal?.aborted === true) return;
    const maker = new JobMaker(this.name, this.#catalogue ?? JobCatalogue.of(producer.jobs));
    let withdraws = true;
    for (const entry of this.#entries) {
      const [firing] = this.next(entry.name);
      if (firing === undefined) continue;
      const { json } = maker.make(entry, firing.getTime());
      await maker.check(entry, firing.getTime());
      // A withdrawn unique job (Enterprise) leaves its lock behind, and could not be pushed again.
      if (JSON.parse(json).custom?.unique_for !== undefined) withdraws = false;
    }
    const pusher = new Pusher(this.name, this.#entries, {
      ...{ maker, timing: this.#timing, withdraws, producer: producer as Producer },
      listener: {
        pushed: (name, firing, { jid }) =>
          this.#events.emit("push", { name, firing: new Date(firing), jid }),
        failed: (error) => this.#events.emit("error", { error }),
      },
    });
    const removeListener = onAbort(signal, () => this.#stop?.());
    try {
      await this.#tick(pusher, stopped);
    } finally {
      removeListener();
    }
  }

  async #tick(pusher: Pusher, stopped: Promise<void>): Promise<void> {
    let isStopped = false;
    const stop = stopped.then(() => {
      isStopped = true;
    });
    while (!isStopped) {
      const tick = pusher.tick().catch((error) => this.#events.emit("error", { error }));
      await Promise.race([tick, stop]);
      if (isStopped) break;
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(pusher.tickMs, resolve);
        void stop.then(() => {
          cancel();
          resolve();
        });
      });
    }
  }
}

function checkProducer(producer: unknown): void {
  if (producer instanceof Producer) return;
  throw new ConfigError(
    "INVALID_OPTION",
    `Cannot run a schedule without a Producer: got ${showValue(producer)}`,
  );
}
