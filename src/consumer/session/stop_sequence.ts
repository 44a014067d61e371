import { StateError } from "../../errors.ts";
import { type Deferred, deferred } from "../../internal/deferred.ts";
import type { Fetcher } from "../fetch/fetcher.ts";
import type { QueueSelector } from "../fetch/queue_selector.ts";
import type { JobRuns } from "../run/job_runs.ts";
import type { Reporter } from "../run/reporter.ts";
import type { Cancellations } from "./cancellations.ts";
import { enterPhase, isStopping, type OwnedContext } from "./context.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { LagMonitor } from "./lag.ts";
import { type AwaitedWork, type Phase, STOP_PHASES, type StopPhase } from "./stop_phases.ts";

/** The parts of a session that a stop waits for or ends. */
export interface StopParts {
  readonly selector: QueueSelector;
  readonly runs: JobRuns;
  readonly reporter: Reporter;
  readonly fetcher: Fetcher;
  readonly heartbeat: Heartbeat;
  readonly lag: LagMonitor;
  readonly cancellations: Cancellations | undefined;
}

/** Takes a session through the phases of a stop; see {@linkcode STOP_PHASES}. */
export class StopSequence {
  /** The error that makes the worker stop, if there is one. Released jobs fail with it. */
  crash: unknown;
  readonly #context: OwnedContext;
  readonly #parts: StopParts;
  readonly #ended: Deferred<void> = deferred();
  #graceMs = 0;
  /** True after a second stop. */
  #isHurried = false;
  /** Cancels the timer of the phase. */
  #cancelTimer: (() => void) | undefined;
  /**
   * State of the jobs that handlers enqueued without awaiting the result; `undefined` until the
   * stop checks it.
   */
  #enqueues: "in flight" | "done" | undefined;
  #areConnectionsClosed = false;

  constructor(context: OwnedContext, parts: StopParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Resolves when the session is stopped. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Starts the stop. Handlers are aborted after `graceMs`. */
  begin(graceMs: number): void {
    this.#graceMs = graceMs;
    this.#enter("draining");
    this.#parts.fetcher.close();
    this.#context.advance();
  }

  /** Continues from the present phase, with less time. */
  hurry(graceMs: number): void {
    const { phase } = this.#context;
    this.#isHurried = true;
    this.#graceMs = graceMs;
    // Aborted handlers have the same time in both cases.
    if (isStopping(phase) && phase !== "aborting") this.#limit(phase);
    this.#context.advance();
  }

  /** Enters the next phase, and the following ones, while there is nothing to wait for. */
  advance(): void {
    while (isStopping(this.#context.phase)) {
      const { waitsFor, next } = STOP_PHASES[this.#context.phase];
      if (waitsFor.some((what) => this.#isAwaiting(what))) return;
      this.#enter(next);
    }
  }

  /** Starts the timer that ends the phase. */
  #limit(phase: StopPhase): void {
    const { maxMs, hurriedMs } = STOP_PHASES[phase];
    const boundMs = this.#isHurried ? hurriedMs : maxMs;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#context.monotonic.after(
      phase === "draining" ? this.#graceMs : boundMs,
      () => this.#timeIsOver(phase),
    );
  }

  #timeIsOver(phase: StopPhase): void {
    this.#cancelTimer = undefined;
    if (phase === "closing") return this.#closeConnections();
    this.#enter(STOP_PHASES[phase].next);
    this.#context.advance();
  }

  #isAwaiting(what: AwaitedWork): boolean {
    const { runs, fetcher, reporter, cancellations } = this.#parts;
    switch (what) {
      case "handlers":
        return runs.size > 0;
      case "fetches":
        return fetcher.inFlight > 0;
      case "reports":
        return reporter.inFlight > 0 || (cancellations?.inFlight ?? 0) > 0;
      case "enqueues":
        return this.#isEnqueuing();
      case "connections":
        return !this.#areConnectionsClosed;
    }
  }

  /**
   * Returns true if handlers have enqueued jobs without awaiting the result, and these are in
   * flight.
   */
  #isEnqueuing(): boolean {
    if (this.#enqueues === undefined) {
      this.#enqueues = "in flight";
      void this.#context.producer.close().then(() => {
        this.#enqueues = "done";
        this.#context.advance();
      });
    }
    return this.#enqueues !== "done";
  }

  #enter(phase: Phase): void {
    enterPhase(this.#context, phase);
    // Set first, because the following code may end the phase at once.
    if (isStopping(phase)) this.#limit(phase);
    switch (phase) {
      case "aborting":
        this.#parts.runs.abort();
        break;
      case "reporting":
        this.#parts.runs.release(this.crash);
        break;
      case "closing":
        this.#close();
        break;
      case "stopped":
        this.#cancelTimer?.();
        this.#ended.resolve();
    }
  }

  /**
   * Cancels all timers and closes all connections: with END if the server has confirmed everything,
   * otherwise at once.
   */
  #close(): void {
    const { runs, selector, lag, heartbeat, cancellations } = this.#parts;
    runs.close();
    selector.close();
    lag.close();
    heartbeat.close();
    cancellations?.close();
    const isAllConfirmed = !STOP_PHASES.reporting.waitsFor.some((what) => this.#isAwaiting(what));
    if (!isAllConfirmed) this.#closeConnections();
    void this.#context.connections.end().then(() => {
      this.#areConnectionsClosed = true;
      this.#context.advance();
    });
  }

  /** Closes all connections now. Results in flight are rejected, and reported as `unreported`. */
  #closeConnections(): void {
    this.#context.connections.close(
      new StateError(
        "CLOSED",
        "Cannot wait for the server any longer as the consumer has to stop",
      ),
    );
  }
}
