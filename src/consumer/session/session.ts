import type { MakeLanes } from "../../connection/connect.ts";
import type { Lanes } from "../../connection/lanes.ts";
import type { Emitter } from "../../events.ts";
import type { Clock } from "../../internal/clock.ts";
import { type Deferred, deferred } from "../../internal/deferred.ts";
import { steady } from "../../internal/steady_clock.ts";
import type { KnownJobs } from "../../job/known_jobs.ts";
import { type ConsumerObserver, Producer } from "../../producer/producer.ts";
import type { ConsumerEvents, ConsumerState } from "../events.ts";
import type { QueueChoice } from "../fetch/choice.ts";
import { Fetcher } from "../fetch/fetcher.ts";
import { Limits } from "../fetch/limits.ts";
import { QueueSelector } from "../fetch/queue_selector.ts";
import { type ConsumerHealth, healthOf } from "../health.ts";
import type { ConsumerSettings } from "../options.ts";
import type { EndReason, Report, SessionLimits } from "../report.ts";
import type { JobRun } from "../run/job_run.ts";
import { JobRuns } from "../run/job_runs.ts";
import { ProgressTracker } from "../run/progress.ts";
import type { Registry } from "../run/registry.ts";
import { MAX_UNREPORTED, Reporter } from "../run/reporter.ts";
import { isStopping, type Phase, type SessionContext, stateOf } from "./context.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LagMonitor } from "./lag.ts";
import { RunLimits } from "./run_limits.ts";

/** What a session is made of. */
export interface SessionParts {
  readonly settings: ConsumerSettings;
  readonly queues: QueueChoice;
  readonly registry: Registry;
  readonly known: KnownJobs | undefined;
  readonly makeLanes: MakeLanes;
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

/** How long aborted handlers have to end by themselves, in milliseconds. */
const ABORT_MS = 250;

/** One run of a consumer, from its connections to its report. */
export class Session {
  readonly #context: SessionContext & { phase: Phase };
  readonly #commandLanes: Lanes;
  readonly #fetchLanes: Lanes;
  readonly #selector: QueueSelector;
  readonly #limits: RunLimits;
  readonly #reporter: Reporter;
  readonly #runs: JobRuns;
  readonly #fetcher: Fetcher;
  readonly #heartbeat: Heartbeat;
  readonly #lag: LagMonitor;
  readonly #cancelTime: () => void;
  readonly #ended: Deferred<void> = deferred();
  #reason: EndReason = "stopped";
  #failure: { readonly error: Error } | undefined;
  /** Ends the phase's timer. */
  #cancelPhase: (() => void) | undefined;

  /** Opens the connections. */
  static async open(parts: SessionParts, signal?: AbortSignal): Promise<Session> {
    const { settings, makeLanes } = parts;
    const { fetch, command } = settings.lanes;
    const commandLanes = makeLanes(command, settings.worker);
    const fetchLanes = makeLanes(isLimited(parts) ? fetch.limited : fetch.free, settings.worker);
    await commandLanes.open(signal);
    try {
      await fetchLanes.open(signal);
    } catch (error) {
      commandLanes.close();
      throw error;
    }
    return new Session(parts, fetchLanes, commandLanes);
  }

  private constructor(parts: SessionParts, fetchLanes: Lanes, commandLanes: Lanes) {
    const { settings, registry, events, clock, observer } = parts;
    this.#fetchLanes = fetchLanes;
    this.#commandLanes = commandLanes;
    const producer = Producer.over(commandLanes, parts.known, observer?.producer);
    for (const middleware of settings.enqueueMiddleware) producer.use(middleware);
    const context = this.#context = {
      settings,
      registry,
      events,
      observer,
      clock,
      steady: steady(clock),
      commandLanes,
      producer,
      tracker: new ProgressTracker(commandLanes, events),
      phase: "running" as Phase,
      advance: () => this.#advance(),
    };
    const fetchLimits = isLimited(parts)
      ? new Limits(settings.limits, registry, context.steady)
      : undefined;
    const selector = this.#selector = new QueueSelector(context, parts.queues, fetchLimits);
    const limits = this.#limits = new RunLimits(parts.limits, selector, context.steady);
    const reporter = this.#reporter = new Reporter(context);
    const runs = this.#runs = new JobRuns(context, { selector, limits, reporter });
    this.#fetcher = new Fetcher(context, fetchLanes, { selector, runs, limits });
    this.#heartbeat = new Heartbeat(context);
    this.#lag = new LagMonitor(context, this.#heartbeat);
    const { maxMs, graceMs = DEFAULT_GRACE_MS } = parts.limits;
    this.#cancelTime = maxMs === undefined
      ? () => {}
      : context.steady.after(maxMs, () => this.stop(graceMs, "time"));
  }

  /** Fetches and runs jobs, unless the session was quieted or stopped before, and resolves when it has ended. */
  async report(): Promise<Report> {
    this.#advance();
    await this.#ended.promise;
    this.#runs.close();
    this.#selector.close();
    this.#lag.close();
    this.#cancelTime();
    // What handlers enqueued and did not wait for; the bounds of the stop hold for that, too.
    this.#advance();
    await this.producer.close();
    this.#heartbeat.close();
    await Promise.all([this.#fetchLanes.end(), this.#commandLanes.end()]);
    this.#cancelPhase?.();
    this.#enter("stopped");
    if (this.#failure !== undefined) throw this.#failure.error;
    const { done, failed, unfinished } = this.#runs;
    return { reason: this.#reason, done, failed, unfinished };
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
    const { settings, clock, steady } = this.#context;
    const now = steady.now();
    const date = (at: number) => new Date(clock.now() - (now - at));
    const [beat, fetcher, { size, done, failed }] = [this.#heartbeat, this.#fetcher, this.#runs];
    return healthOf({
      state: this.state,
      wid: settings.worker.wid,
      connected: this.#commandLanes.connected && this.#fetchLanes.connected,
      busy: size,
      concurrency: settings.concurrency,
      done,
      failed,
      unreported: this.#reporter.inFlight,
      maxUnreported: MAX_UNREPORTED,
      lagMs: this.#lag.lastMs,
      lastBeatAt: beat.hasAnswer ? date(beat.lastAt) : undefined,
      lastFetchAt: fetcher.hasAnswer ? date(fetcher.answeredAt) : undefined,
      beatAgeMs: now - beat.lastAt,
      fetchAgeMs: fetcher.inFlight === 0 ? undefined : now - fetcher.answeredAt,
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

  /** Fetches nothing more, waits for what runs, aborts it after `graceMs`, and ends. */
  stop(graceMs: number, reason: EndReason = "stopped"): void {
    const { phase, steady } = this.#context;
    if (phase === "stopped") return;
    if (!isStopping(phase)) {
      this.#reason = reason;
      this.#enter("draining");
      this.#fetcher.close();
    }
    // After the abort there is nothing left to hasten.
    if (this.#context.phase === "draining") {
      this.#cancelPhase?.();
      this.#cancelPhase = steady.after(graceMs, () => this.#abort());
    }
    this.#advance();
  }

  /** A connection was lost. If it is not made again, nothing can be fetched or reported any more. */
  disconnected(error: Error, retryInMs: number | undefined): void {
    if (retryInMs === undefined) {
      this.#failure ??= { error };
      this.stop(0);
    } else {
      this.#advance();
    }
  }

  #abort(): void {
    this.#enter("aborting");
    this.#runs.abort();
    this.#cancelPhase = this.#context.steady.after(ABORT_MS, () => this.#release());
  }

  #release(): void {
    this.#enter("reporting");
    this.#runs.release();
    this.#advance();
  }

  /** Does whatever can be done next; called when something has ended. */
  #advance(): void {
    const { phase } = this.#context;
    if (phase === "running" || phase === "quiet") return this.#fetchOrEnd();
    if (phase === "stopped") return;
    if (!this.#isBusy) this.#ended.resolve();
    // Reports outlast lost connections, but not the grace of a stop.
    if (phase !== "draining" && !this.#commandLanes.connected) this.#commandLanes.close();
  }

  #fetchOrEnd(): void {
    this.#onServerState();
    const { phase } = this.#context;
    if (isStopping(phase)) return;
    if (phase === "running" && !this.#limits.isReached) this.#fetcher.pump();
    if (this.#isBusy) return;
    const reason = this.#limits.reached();
    // A quiet session cannot know whether the queues are empty, but whether it has run enough.
    if (reason === "limit" || (phase === "running" && reason !== undefined)) {
      this.stop(DEFAULT_GRACE_MS, reason);
    }
  }

  get #isBusy(): boolean {
    return this.#runs.size > 0 || this.#fetcher.inFlight > 0 || this.#reporter.inFlight > 0;
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
  }
}

/** Whether anything but the number of slots limits what is fetched. */
function isLimited({ settings: { limits }, registry, ignoresLimits }: SessionParts): boolean {
  if (ignoresLimits === true) return false;
  return limits.perSecond !== undefined || limits.queues !== undefined || registry.hasLimits;
}
