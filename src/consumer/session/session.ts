import type { MakePool } from "../../connection/connect.ts";
import { ServerClock } from "../../connection/server_clock.ts";
import { TimeoutError } from "../../errors.ts";
import type { Emitter } from "../../events.ts";
import type { Clock } from "../../internal/clock.ts";
import { monotonic } from "../../internal/monotonic_clock.ts";
import type { JobCatalogue } from "../../job/job_catalogue.ts";
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
import { enterPhase, isStopping, type OwnedContext, stateOf } from "./context.ts";
import { sessionHealth } from "./health.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LagMonitor } from "./lag.ts";
import { RunLimits } from "./run_limits.ts";
import { StopSequence } from "./stop_sequence.ts";

/** The parts of a session. */
export interface SessionParts {
  readonly settings: ConsumerSettings;
  readonly queues: QueueChoice;
  readonly registry: Registry;
  readonly catalogue: JobCatalogue | undefined;
  readonly makePool: MakePool;
  readonly events: Emitter<ConsumerEvents>;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /**
   * Ignores all limits except the number of slots, so that nothing waits for time to pass.
   *
   * @default false
   */
  readonly ignoresLimits?: boolean | undefined;
  /** Observes every job that is run, or enqueued by a handler. */
  readonly observer?: ConsumerObserver | undefined;
}

/** The parts of a session that do not depend on the server. */
export type ConsumerInternals = Pick<
  SessionParts,
  "settings" | "catalogue" | "queues" | "registry" | "events"
>;

/** Time that running jobs have if the server asks the worker to end, in milliseconds. */
export const DEFAULT_GRACE_MS = 25_000;

/** One run of a consumer, from its connections to its report. */
export class Session {
  readonly #context: OwnedContext;
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
  readonly #stopping: StopSequence;
  #reason: EndReason = "stopped";
  #failure: { readonly error: Error } | undefined;

  /** Opens the connections. */
  static async open(parts: SessionParts, signal?: AbortSignal): Promise<Session> {
    const { settings, makePool, clock } = parts;
    const connections = new WorkerConnections({ settings, makePool, clock: monotonic(clock) });
    await connections.open(signal);
    return new Session(parts, connections);
  }

  private constructor(parts: SessionParts, connections: WorkerConnections) {
    const { settings, registry, events, clock, observer } = parts;
    const { commands } = this.#connections = connections;
    const producer = Producer.onPool(commands, parts.catalogue, observer?.producer);
    for (const middleware of settings.enqueueMiddleware) producer.use(middleware);
    const context: OwnedContext = this.#context = {
      settings,
      registry,
      events,
      observer,
      clock,
      monotonic: monotonic(clock),
      serverClock: new ServerClock(clock, (entry) => commands.send(entry)),
      connections,
      producer,
      tracker: new ProgressTracker(commands, events, {
        clock,
        timeoutMs: settings.commandTimeoutMs,
      }),
      phase: "running",
      advance: () => this.#advance(),
    };
    const fetchLimits = parts.ignoresLimits === true
      ? new Limits({}, NO_TYPE_LIMITS, context.monotonic)
      : new Limits(settings.limits, registry, context.monotonic);
    const selector = this.#selector = new QueueSelector(context, parts.queues, fetchLimits);
    const limits = this.#limits = new RunLimits(parts.limits, selector, context.monotonic);
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
    this.#stopping = new StopSequence(context, {
      ...{ selector, runs, reporter, fetcher: this.#fetcher },
      ...{ heartbeat: this.#heartbeat, lag: this.#lag, cancellations: this.#cancellations },
    });
    const { maxMs, graceMs = DEFAULT_GRACE_MS } = parts.limits;
    this.#cancelTime = maxMs === undefined
      ? () => {}
      : context.monotonic.after(maxMs, () => this.stop(graceMs, "time"));
    this.#cancelFetchTimer = parts.limits.failsWithoutAnswer === true
      ? context.monotonic.after(settings.commandTimeoutMs, () => this.#checkAnswer())
      : () => {};
  }

  /**
   * Fetches and runs jobs, unless the session was quieted or stopped before. Resolves when the
   * session has ended.
   */
  async report(): Promise<Report> {
    this.#advance();
    await this.#stopping.ended;
    if (this.#failure !== undefined) throw this.#failure.error;
    const { done, failed, dead, dropped, unfinished } = this.#runs;
    const { unreported } = this.#reporter;
    return { reason: this.#reason, done, failed, dead, dropped, unfinished, unreported };
  }

  /** The producer in the contexts of handlers. */
  get producer(): Producer {
    return this.#context.producer;
  }

  get state(): ConsumerState {
    return stateOf(this.#context.phase);
  }

  /** The runs, in the order in which they started. */
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

  /**
   * Changes the queues to fetch from. A FETCH in flight may still bring a job from the old queues.
   */
  setQueues(queues: QueueChoice): void {
    this.#selector.setQueues(queues);
  }

  /** Stops fetching. Running jobs and heartbeats continue. */
  quiet(): void {
    if (this.#context.phase !== "running") return;
    enterPhase(this.#context, "quiet");
    this.#advance();
  }

  /**
   * Ends the session by the phases of a stop. Handlers are aborted after `graceMs`. A second stop
   * continues from the present phase, with less time.
   */
  stop(graceMs: number, reason: EndReason = "stopped"): void {
    const { phase } = this.#context;
    if (phase === "stopped") return;
    if (isStopping(phase)) return this.#stopping.hurry(graceMs);
    this.#reason = reason;
    this.#cancelTime();
    this.#cancelFetchTimer();
    this.#stopping.begin(graceMs);
  }

  /**
   * Sets the error that the following stop gives as its reason, unless it has one. Released jobs
   * are failed with it.
   */
  setStopError(error: unknown): void {
    this.#stopping.crash ??= error;
  }

  /**
   * Called when a connection was lost. If it is not restored, nothing more can be fetched or
   * reported.
   */
  disconnected(error: Error, retryInMs: number | undefined): void {
    // The next connection may lead to another server.
    this.#context.serverClock.invalidate();
    // While the session stops, connections for FETCH are not restored.
    if (isStopping(this.#context.phase)) this.#fetcher.close();
    if (retryInMs !== undefined) return this.#advance();
    this.#failure ??= { error };
    this.stop(0);
  }

  /** Ends a run with `failsWithoutAnswer` if the server has not answered a FETCH in time. */
  #checkAnswer(): void {
    const { hasAnswer, lastError } = this.#fetcher;
    if (hasAnswer) return;
    const ms = this.#context.settings.commandTimeoutMs;
    this.#failure ??= {
      error: new TimeoutError(
        "COMMAND_TIMEOUT",
        `Cannot run a job as the server has not answered a FETCH for ${ms} ms`,
        { outcome: "unknown", cause: lastError },
      ),
    };
    this.stop(0);
  }

  /** Does what can be done next. Called when something has ended. */
  #advance(): void {
    if (isStopping(this.#context.phase)) this.#stopping.advance();
    else if (this.#context.phase !== "stopped") this.#fetchOrEnd();
  }

  #fetchOrEnd(): void {
    this.#onServerState();
    const { phase } = this.#context;
    if (isStopping(phase)) return;
    if (phase === "running" && !this.#limits.isReached) this.#fetcher.fetchMore();
    else this.#fetcher.pause();
    if (this.#runs.size > 0 || this.#fetcher.inFlight > 0) return;
    const reason = this.#limits.reached();
    // A result may cause the server to enqueue a job, such as the callback of a batch.
    if (reason === "empty" && this.#reporter.inFlight > 0) return;
    // A quiet session cannot know if the queues are empty, but it knows if it has run enough jobs.
    if (reason === "limit" || (phase === "running" && reason !== undefined)) {
      this.stop(DEFAULT_GRACE_MS, reason);
    }
  }

  /** Enters the state that the server asked for in its answers to heartbeats. */
  #onServerState(): void {
    const { serverState } = this.#heartbeat;
    if (serverState === "running") return;
    if (serverState === "quiet") this.quiet();
    else this.stop(DEFAULT_GRACE_MS, "server");
  }
}

const NO_TYPE_LIMITS: TypeLimits = { hasLimits: false, limitOf: () => undefined };
