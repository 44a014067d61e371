import { type MakePool, preparePools } from "../../connection/connect.ts";
import { resolveTarget } from "../../connection/target.ts";
import { StateError } from "../../errors.ts";
import type { Clock } from "../../internal/clock.ts";
import { showText } from "../../internal/show.ts";
import type { ConsumerObserver, ConsumerStats } from "../../producer/producer.ts";
import type { QueueChoice } from "../fetch/choice.ts";
import type { ConsumerOptions } from "../options.ts";
import { OutageReminder } from "../outage_reminder.ts";
import { emptyReport, type EndReason, type Report, type SessionLimits } from "../report.ts";
import type { StopOptions } from "../run_options.ts";
import { type PrintedConsumer, printRunning } from "../running_job.ts";
import { listenForSignals } from "../signals.ts";
import { unfetchedTypes } from "../unfetched_queues.ts";
import { type ConsumerInternals, DEFAULT_GRACE_MS, Session } from "./session.ts";

/** The methods of a consumer that signals and telemetry call. */
export interface RunnableConsumer extends PrintedConsumer {
  health(): ConsumerStats;
  quiet(): void;
  stop(): Promise<void>;
}

/** The parts of a {@linkcode SessionRunner}. */
export interface SessionRunnerParts {
  readonly options: ConsumerOptions;
  readonly internals: Omit<ConsumerInternals, "queues">;
  readonly queues: QueueChoice;
  readonly clock: Clock;
}

/**
 * Runs the sessions of a consumer, one after the other: opens a session, applies the calls
 * that were made meanwhile (`quiet`, `setQueues`, `stop`), and ends it at a signal.
 */
export class SessionRunner {
  /** The queues to fetch from. */
  queues: QueueChoice;
  readonly #consumer: RunnableConsumer;
  readonly #parts: SessionRunnerParts;
  readonly #reminder: OutageReminder;
  #makePool: MakePool | undefined;
  #session: Session | undefined;
  #run: Promise<Report> | undefined;
  #opening: AbortController | undefined;
  /** The error of a connection that was lost for good while the session was opening. */
  #lost: Error | undefined;
  /** True while a stop is in progress. */
  #isStopping = false;
  /** True if `quiet()` was called before the session was open. */
  #isQuiet = false;

  constructor(consumer: RunnableConsumer, parts: SessionRunnerParts) {
    this.#consumer = consumer;
    this.#parts = parts;
    this.queues = parts.queues;
    this.#reminder = new OutageReminder(parts.internals.events, parts.clock);
  }

  /** The present session, or the last one; `undefined` before the first. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Changes the queues to fetch from. */
  setQueues(queues: QueueChoice): void {
    this.queues = queues;
    this.#session?.setQueues(queues);
  }

  /** Stops fetching, now or as soon as the session is open. */
  quiet(): void {
    this.#isQuiet = true;
    this.#session?.quiet();
  }

  /** Ends the run. Resolves when it has ended. */
  async stop({ graceMs = this.#defaultGraceMs, error }: StopOptions): Promise<void> {
    this.#session?.setStopError(error);
    this.#end(graceMs, "stopped");
    // The result is for the caller of run().
    await this.#run?.then(() => {}, () => {});
  }

  /** Opens a session and runs it. Resolves to its report. */
  run(limits: SessionLimits): Promise<Report> {
    if (this.#run !== undefined) {
      return Promise.reject(
        new StateError("ALREADY_RUNNING", "Cannot run the consumer as it is already running"),
      );
    }
    this.#run = this.#runSession(limits).finally(() => {
      this.#run = undefined;
      this.#isStopping = false;
    });
    return this.#run;
  }

  get #defaultGraceMs(): number {
    return this.#isStopping ? 0 : DEFAULT_GRACE_MS;
  }

  #end(graceMs: number, reason: EndReason): void {
    this.#isStopping = this.#run !== undefined;
    this.#opening?.abort();
    this.#session?.stop(graceMs, reason);
  }

  async #runSession(limits: SessionLimits): Promise<Report> {
    const { options, internals: { settings, events }, clock } = this.#parts;
    const consumer = this.#consumer;
    const opening = this.#opening = new AbortController();
    this.#lost = undefined;
    if (options.signal?.aborted === true) opening.abort();
    const removeSignalListeners = listenForSignals(options, {
      abort: () => void consumer.stop(),
      stop: () => this.#end(this.#defaultGraceMs, "signal"),
      quiet: () => consumer.quiet(),
      print: () => printRunning(consumer, settings.logger, clock),
    });
    let observer: ConsumerObserver | undefined;
    try {
      const makePool = this.#makePool ??= await this.#prepare();
      observer = settings.telemetry?.consumer({
        server: resolveTarget(options).target,
        wid: consumer.wid,
        stats: () => consumer.health(),
      });
      const { queues } = this;
      const session = await this.#open(makePool, { limits, observer });
      events.emit("state", { state: "running" });
      this.#warnOfUnfetched();
      // The stop came too late to cancel the opening.
      if (opening.signal.aborted) session.stop(DEFAULT_GRACE_MS);
      // A connection was lost for good while the others were opening.
      const lost = this.#lost;
      if (lost !== undefined) session.disconnected(lost, undefined);
      if (this.#isQuiet) session.quiet();
      // `setQueues` was called while the session was opening. Last, because it sends FETCHes unless
      // the session is quiet or stops.
      if (this.queues !== queues) session.setQueues(this.queues);
      return await session.report();
    } catch (error) {
      // Stopped before it was connected: no job has started, and this is not an error.
      if (!opening.signal.aborted) throw error;
      return emptyReport();
    } finally {
      this.#opening = undefined;
      this.#reminder.end();
      this.#isQuiet = false;
      removeSignalListeners();
      observer?.close();
    }
  }

  async #open(
    makePool: MakePool,
    more: { readonly limits: SessionLimits; readonly observer: ConsumerObserver | undefined },
  ): Promise<Session> {
    const { internals, clock } = this.#parts;
    const session = this.#session = await Session.open(
      { ...internals, queues: this.queues, makePool, clock, ...more },
      this.#opening!.signal,
    );
    this.#opening = undefined;
    return session;
  }

  /**
   * Warns about types whose jobs the catalogue sends to a queue that is not fetched from. Their
   * handlers would silently get no jobs.
   */
  #warnOfUnfetched(): void {
    const { registry, catalogue, events } = this.#parts.internals;
    for (const { type, queue } of unfetchedTypes(registry.types, this.queues, catalogue)) {
      events.emit("warning", {
        code: "QUEUE_NOT_FETCHED",
        message:
          `The handler of ${showText(type)} gets no jobs: the catalogue sends them to the queue ` +
          `${queue}, and the consumer does not fetch from it`,
      });
    }
  }

  #prepare(): Promise<MakePool> {
    const { options, internals: { events } } = this.#parts;
    return preparePools(options, {
      delivery: "at-least-once",
      attempts: Infinity,
      listener: {
        disconnected: (error, retryInMs) => {
          if (this.#opening === undefined) this.#session?.disconnected(error, retryInMs);
          else if (retryInMs === undefined) this.#lost = error;
        },
        reconnected() {},
      },
      status: {
        disconnected: (outage) => {
          this.#reminder.begin(outage);
          events.emit("disconnect", outage);
        },
        reconnected: (recovery) => {
          this.#reminder.end();
          events.emit("reconnect", recovery);
        },
        refused: ({ code, message }) => events.emit("warning", { code, message }),
      },
    });
  }
}
