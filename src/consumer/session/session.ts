import type { MakePool } from "../../connection/connect.ts";
import { ServerClock } from "../../connection/server_clock.ts";
import { StateError, TimeoutError } from "../../errors.ts";
import type { Emitter } from "../../events.ts";
import type { Clock } from "../../internal/clock.ts";
import { type Deferred, deferred } from "../../internal/deferred.ts";
import { steady } from "../../internal/steady_clock.ts";
import type { KnownJobs } from "../../job/known_jobs.ts";
import { type ConsumerObserver, Producer } from "../../producer/producer.ts";
import type { ConsumerEvents, ConsumerState } from "../events.ts";
import type { QueueChoice } from "../fetch/choice.ts";
import { Fetcher } from "../fetch/fetcher.ts";
import { Limits, type TypeLimits } from "../fetch/limits.ts";
import { QueueSelector } from "../fetch/queue_selector.ts";
import type { ConsumerHealth } from "../health.ts";
import type { ConsumerSettings } from "../options.ts";
import type { EndReason, Report, SessionLimits } from "../report.ts";
import type { JobRun } from "../run/job_run.ts";
import { JobRuns } from "../run/job_runs.ts";
import { ProgressTracker } from "../run/progress.ts";
import type { Registry } from "../run/registry.ts";
import { Reporter } from "../run/reporter.ts";
import { Cancellations } from "./cancellations.ts";
import { WorkerConnections } from "./connections.ts";
import { isStopping, type SessionContext, stateOf } from "./context.ts";
import { sessionHealth } from "./health.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LagMonitor } from "./lag.ts";
import { RunLimits } from "./run_limits.ts";
import { type Awaited, type Phase, STOP_PHASES, type StopPhase } from "./stop_phases.ts";

/** What a session is made of. */
export interface SessionParts {
  readonly settings: ConsumerSettings;
  readonly queues: QueueChoice;
  readonly registry: Registry;
  readonly known: KnownJobs | undefined;
  readonly makePool: MakePool;
  readonly events: Emitter<ConsumerEvents>;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** Ignores every limit but the number of slots, so that nothing waits for time to pass. @default false */
  readonly ignoresLimits?: boolean | undefined;
  /** Sees every job that is run, or enqueued by a handler. */
  readonly observer?: ConsumerObserver | undefined;
}

/** How long running jobs may go on if the server says that the worker has to end, in milliseconds. */
export const DEFAULT_GRACE_MS = 25_000;

/** One run of a consumer, from its connections to its report. */
export class Session {
  readonly #context: SessionContext & { phase: Phase };
  readonly #connections: WorkerConnections;
  readonly #selector: QueueSelector;
  readonly #limits: RunLimits;
  readonly #reporter: Reporter;
  readonly #runs: JobRuns;
  readonly #fetcher: Fetcher;
  readonly #heartbeat: Heartbeat;
  readonly #lag: LagMonitor;
  readonly #cancellations: Cancellations | undefined;
  readonly #cancelTime: () => void;
  readonly #cancelFetchTimer: () => void;
  readonly #ended: Deferred<void> = deferred();
  #reason: EndReason = "stopped";
  #failure: { readonly error: Error } | undefined;
  #graceMs = DEFAULT_GRACE_MS;
  /** Why the worker cannot go on. */
  #crash: unknown;
  /** A second stop was asked for. */
  #isHurried = false;
  /** Ends the timer of the stop's phase. */
  #cancelPhase: (() => void) | undefined;
  /** What handlers have enqueued without waiting for it, when the stop looks. */
  #enqueues: "in flight" | "done" | undefined;
  #areConnectionsClosed = false;

  /** Opens the connections. */
  static async open(parts: SessionParts, signal?: AbortSignal): Promise<Session> {
    const { settings, makePool, clock } = parts;
    const connections = new WorkerConnections({ settings, makePool, clock: steady(clock) });
    await connections.open(signal);
    return new Session(parts, connections);
  }

  private constructor(parts: SessionParts, connections: WorkerConnections) {
    const { settings, registry, events, clock, observer } = parts;
    const { commands } = this.#connections = connections;
    const producer = Producer.over(commands, parts.known, observer?.producer);
    for (const middleware of settings.enqueueMiddleware) producer.use(middleware);
    const context = this.#context = {
      settings,
      registry,
      events,
      observer,
      clock,
      steady: steady(clock),
      serverClock: new ServerClock(clock, (entry) => commands.send(entry)),
      connections,
      producer,
      tracker: new ProgressTracker(commands, events, {
        clock,
        timeoutMs: settings.commandTimeoutMs,
      }),
      phase: "running" as Phase,
      advance: () => this.#advance(),
    };
    const fetchLimits = parts.ignoresLimits === true
      ? new Limits({}, NO_TYPE_LIMITS, context.steady)
      : new Limits(settings.limits, registry, context.steady);
    const selector = this.#selector = new QueueSelector(context, parts.queues, fetchLimits);
    const limits = this.#limits = new RunLimits(parts.limits, selector, context.steady);
    const reporter = this.#reporter = new Reporter(context);
    const cancellations = () => this.#cancellations;
    const runs = this.#runs = new JobRuns(context, { selector, limits, reporter, cancellations });
    this.#cancellations = settings.cancellation
      ? new Cancellations(context, () => runs.all)
      : undefined;
    this.#fetcher = new Fetcher(context, {
      ...{ selector, runs, limits },
      connections: connections.fetching,
    });
    this.#heartbeat = new Heartbeat(context);
    this.#lag = new LagMonitor(context, this.#heartbeat);
    const { maxMs, graceMs = DEFAULT_GRACE_MS } = parts.limits;
    this.#cancelTime = maxMs === undefined
      ? () => {}
      : context.steady.after(maxMs, () => this.stop(graceMs, "time"));
    this.#cancelFetchTimer = parts.limits.failsWithoutAnswer === true
      ? context.steady.after(settings.commandTimeoutMs, () => this.#checkAnswer())
      : () => {};
  }

  /** Fetches and runs jobs, unless the session was quieted or stopped before, and resolves when it has ended. */
  async report(): Promise<Report> {
    this.#advance();
    await this.#ended.promise;
    if (this.#failure !== undefined) throw this.#failure.error;
    const { done, failed, dead, dropped, unfinished } = this.#runs;
    const { unreported } = this.#reporter;
    return { reason: this.#reason, done, failed, dead, dropped, unfinished, unreported };
  }

  /** The producer of handlers' contexts. */
  get producer(): Producer {
    return this.#context.producer;
  }

  get state(): ConsumerState {
    return stateOf(this.#context.phase);
  }

  /** The runs, those that began first at the front. */
  get running(): readonly JobRun[] {
    return this.#runs.all;
  }

  health(): ConsumerHealth {
    return sessionHealth(this.#context, {
      isConnected: this.#connections.connected,
      heartbeat: this.#heartbeat,
      fetcher: this.#fetcher,
      runs: this.#runs,
      reporter: this.#reporter,
      lag: this.#lag,
    });
  }

  /** Takes jobs from other queues from now on; a FETCH in flight may still bring one of the old ones. */
  choose(queues: QueueChoice): void {
    this.#selector.choose(queues);
  }

  /** Fetches nothing more; what runs goes on, and so do the heartbeats. */
  quiet(): void {
    if (this.#context.phase !== "running") return;
    this.#enter("quiet");
    this.#advance();
  }

  /**
   * Ends the session by the phases of a stop; handlers are aborted after `graceMs`. A second stop goes on from where the first
   * one is, in less time.
   */
  stop(graceMs: number, reason: EndReason = "stopped"): void {
    const { phase } = this.#context;
    if (phase === "stopped") return;
    if (isStopping(phase)) return this.#hurry(graceMs, phase);
    this.#reason = reason;
    this.#graceMs = graceMs;
    this.#cancelTime();
    this.#cancelFetchTimer();
    this.#enter("draining");
    this.#fetcher.close();
    this.#advance();
  }

  /** The stop that follows has this error as its reason, if it is one; jobs are failed with the first. */
  stopsFor(error: unknown): void {
    this.#crash ??= error;
  }

  /** A connection was lost. If it is not made again, nothing can be fetched or reported any more. */
  disconnected(error: Error, retryInMs: number | undefined): void {
    // It may be another server that is back.
    this.#context.serverClock.distrust();
    // While the session stops, connections for FETCH are not made again.
    if (isStopping(this.#context.phase)) this.#fetcher.close();
    if (retryInMs !== undefined) return this.#advance();
    this.#failure ??= { error };
    this.stop(0);
  }

  /** A run that has to find out whether there is a job does not wait for ever for a server that does not say. */
  #checkAnswer(): void {
    const { hasAnswer, lastError } = this.#fetcher;
    if (hasAnswer) return;
    const ms = this.#context.settings.commandTimeoutMs;
    this.#failure ??= {
      error: new TimeoutError(
        "COMMAND_TIMEOUT",
        `Cannot run a job as the server has answered no FETCH for ${ms} ms`,
        { outcome: "unknown", cause: lastError },
      ),
    };
    this.stop(0);
  }

  #hurry(graceMs: number, phase: StopPhase): void {
    this.#isHurried = true;
    this.#graceMs = graceMs;
    // Handlers that were aborted have their time in either case.
    if (phase !== "aborting") this.#limit(phase);
    this.#advance();
  }

  /** Ends the phase when its time is over. */
  #limit(phase: StopPhase): void {
    const { maxMs, hurriedMs } = STOP_PHASES[phase];
    const boundMs = this.#isHurried ? hurriedMs : maxMs;
    this.#cancelPhase?.();
    this.#cancelPhase = this.#context.steady.after(
      phase === "draining" ? this.#graceMs : boundMs,
      () => this.#timeIsOver(phase),
    );
  }

  #timeIsOver(phase: StopPhase): void {
    this.#cancelPhase = undefined;
    if (phase === "closing") return this.#closeConnections();
    this.#enter(STOP_PHASES[phase].next);
    this.#advance();
  }

  /** Does whatever can be done next; called when something has ended. */
  #advance(): void {
    const { phase } = this.#context;
    if (phase === "running" || phase === "quiet") return this.#fetchOrEnd();
    while (isStopping(this.#context.phase)) {
      const { waitsFor, next } = STOP_PHASES[this.#context.phase];
      if (waitsFor.some((what) => this.#isAwaiting(what))) return;
      this.#enter(next);
    }
  }

  #isAwaiting(what: Awaited): boolean {
    switch (what) {
      case "handlers":
        return this.#runs.size > 0;
      case "fetches":
        return this.#fetcher.inFlight > 0;
      case "reports":
        return this.#reporter.inFlight > 0 || (this.#cancellations?.inFlight ?? 0) > 0;
      case "enqueues":
        return this.#isEnqueuing();
      case "connections":
        return !this.#areConnectionsClosed;
    }
  }

  /** Whether something is in flight that handlers have enqueued and not waited for. */
  #isEnqueuing(): boolean {
    if (this.#enqueues === undefined) {
      this.#enqueues = "in flight";
      void this.producer.close().then(() => {
        this.#enqueues = "done";
        this.#advance();
      });
    }
    return this.#enqueues !== "done";
  }

  #fetchOrEnd(): void {
    this.#onServerState();
    const { phase } = this.#context;
    if (isStopping(phase)) return;
    if (phase === "running" && !this.#limits.isReached) this.#fetcher.pump();
    if (this.#runs.size > 0 || this.#fetcher.inFlight > 0) return;
    const reason = this.#limits.reached();
    // What an acknowledgement enqueues, such as a batch's callback, may be missing from queues that were empty.
    if (reason === "empty" && this.#reporter.inFlight > 0) return;
    // A quiet session cannot know whether the queues are empty, but whether it has run enough.
    if (reason === "limit" || (phase === "running" && reason !== undefined)) {
      this.stop(DEFAULT_GRACE_MS, reason);
    }
  }

  /** Goes to the state that the server wants, as its answers to heartbeats say. */
  #onServerState(): void {
    const { serverState } = this.#heartbeat;
    if (serverState === "running") return;
    if (serverState === "quiet") this.quiet();
    else this.stop(DEFAULT_GRACE_MS, "server");
  }

  #enter(phase: Phase): void {
    const before = this.state;
    this.#context.phase = phase;
    const { state } = this;
    if (state !== before) this.#context.events.emit("state", { state });
    // Before the rest, which may end the phase at once.
    if (isStopping(phase)) this.#limit(phase);
    switch (phase) {
      case "aborting":
        this.#runs.abort();
        break;
      case "reporting":
        this.#runs.release(this.#crash);
        break;
      case "closing":
        this.#close();
        break;
      case "stopped":
        this.#cancelPhase?.();
        this.#ended.resolve();
    }
  }

  /** Ends every timer, and every connection: by END if the server has confirmed everything, else at once. */
  #close(): void {
    this.#runs.close();
    this.#selector.close();
    this.#lag.close();
    this.#heartbeat.close();
    this.#cancellations?.close();
    const isAllConfirmed = !STOP_PHASES.reporting.waitsFor.some((what) => this.#isAwaiting(what));
    if (!isAllConfirmed) this.#closeConnections();
    void this.#connections.end().then(() => {
      this.#areConnectionsClosed = true;
      this.#advance();
    });
  }

  /** Closes every connection now. What is in flight is rejected, and reported as `unreported`. */
  #closeConnections(): void {
    const reason = new StateError(
      "CLOSED",
      "Cannot wait for the server any longer as the consumer has to stop",
    );
    this.#connections.close(reason);
  }
}

const NO_TYPE_LIMITS: TypeLimits = { hasLimits: false, limitOf: () => undefined };
