import type { MakeLanes } from "../connection/connect.ts";
import type { Lanes } from "../connection/lanes.ts";
import { request } from "../connection/request.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import { steady } from "../internal/steady_clock.ts";
import type { KnownJobs } from "../job/known_jobs.ts";
import { type ConsumerObserver, Producer } from "../producer/producer.ts";
import type { Command } from "../protocol/commands/command.ts";
import { info, type WorkerState } from "../protocol/commands/server.ts";
import { parseServerInfo } from "../protocol/server_info.ts";
import { Backlog } from "./backlog.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { ConsumerEvents, ConsumerState } from "./events.ts";
import type { Execution } from "./execution.ts";
import { Fetcher } from "./fetcher.ts";
import { Goal } from "./goal.ts";
import { type ConsumerHealth, FORGOTTEN_MS, healthOf } from "./health.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LagMonitor } from "./lag.ts";
import { Limits } from "./limits/limits.ts";
import type { ConsumerSettings } from "./options.ts";
import { ProgressTracker } from "./progress_tracker.ts";
import type { QueueChoice } from "./queues/choice.ts";
import { Planner } from "./queues/planner.ts";
import type { Registry } from "./registry.ts";
import type { EndReason, Report, SessionLimits } from "./report.ts";
import { Reporter } from "./reporter.ts";
import { RunningJobs } from "./running_jobs.ts";

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
  /** Heeds no limit but the number of slots, so that nothing waits for time to pass. @default false */
  readonly ignoresLimits?: boolean | undefined;
  /** Is given the producer of handlers' contexts before any of them is. */
  readonly adopt?: ((producer: Producer) => void) | undefined;
  /** Sees every job that is run, or enqueued by a handler. */
  readonly observer?: ConsumerObserver | undefined;
}

/** Reports that may wait for the server, beside the running jobs, before no more jobs are fetched. */
const MAX_UNREPORTED = 1000;

/** How long running jobs are given where the server says that the worker is to end, in milliseconds. */
export const DEFAULT_GRACE_MS = 25_000;

/** How long aborted handlers have to end by themselves, in milliseconds. */
const ABORT_MS = 250;

/** One run of a consumer, from its connections to its report. */
export class Session {
  state: ConsumerState = "running";
  readonly #parts: SessionParts;
  /** For all that lasts; what is told to others takes that of `#parts`. */
  readonly #clock: Clock;
  readonly #fetchLanes: Lanes;
  readonly #commandLanes: Lanes;
  readonly #fetcher: Fetcher;
  readonly #reporter: Reporter;
  readonly #heartbeat: Heartbeat;
  readonly #planner: Planner;
  readonly #goal: Goal;
  readonly #lag: LagMonitor;
  readonly #dispatcher: Dispatcher;
  readonly #producer: Producer;
  readonly #cancelTime: () => void;
  readonly #running: RunningJobs;
  readonly #ended: Deferred<void> = deferred();
  #reason: EndReason = "stopped";
  #failure: { readonly error: Error } | undefined;
  #cancelGrace: (() => void) | undefined;
  /** Stopping, and past the time that running jobs were given. */
  #isImpatient = false;
  /** When the last FETCH was sent that was answered; at first, when it all began. */
  #fetchedAt: number;
  #hasFetched = false;

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
    const { settings, events, registry } = parts;
    const clock = this.#clock = steady(parts.clock);
    this.#parts = parts;
    this.#fetchedAt = clock.now();
    this.#fetchLanes = fetchLanes;
    this.#commandLanes = commandLanes;
    this.#producer = Producer.over(commandLanes, parts.known, parts.observer?.producer);
    for (const middleware of settings.enqueueMiddleware) this.#producer.use(middleware);
    parts.adopt?.(this.#producer);
    this.#planner = new Planner({
      choice: parts.queues,
      limits: isLimited(parts)
        ? new Limits(settings.limits, (type) => registry.limitOf(type), clock)
        : undefined,
      clock,
      ask: () => this.#waitingJobs(),
      changed: () => this.#proceed(),
      failed: (error) => events.emit("fetchError", { error }),
    });
    this.#goal = new Goal(parts.limits, this.#planner, clock);
    this.#running = new RunningJobs(clock, this.#planner);
    this.#lag = new LagMonitor(parts.clock, {
      late: (lagMs) => {
        events.emit("lag", { lagMs });
        // Whether the worker is still known is better heard now than in a while.
        if (lagMs >= FORGOTTEN_MS) this.#heartbeat.beat();
      },
      setBack: (setBackMs) => events.emit("clock", { setBackMs }),
    });
    const { maxMs, graceMs = DEFAULT_GRACE_MS } = parts.limits;
    this.#cancelTime = maxMs === undefined
      ? () => {}
      : clock.after(maxMs, () => this.stop(graceMs, "time"));
    this.#reporter = new Reporter({
      send: (entry) => commandLanes.send(entry),
      settled: () => this.#proceed(),
      unreported: (job, error) => events.emit("unreported", { job, error }),
    });
    this.#dispatcher = new Dispatcher({
      settings,
      registry,
      events,
      clock: parts.clock,
      planner: this.#planner,
      goal: this.#goal,
      running: this.#running,
      reporter: this.#reporter,
      progress: new ProgressTracker((command) => this.#command(command), events),
      producer: this.#producer,
      observer: parts.observer,
      state: () => this.state,
      isImpatient: () => this.#isImpatient,
      proceed: () => this.#proceed(),
    });
    this.#heartbeat = new Heartbeat({
      wid: settings.worker.wid,
      clock,
      send: (entry) => commandLanes.send(entry),
      state: () => beatState(this.state),
      told: (wanted) => this.#told(wanted),
      // The connections that the server still has belong to nobody: new ones register the worker again.
      forgotten: (error) => commandLanes.renew(error),
    });
    this.#fetcher = new Fetcher({
      planner: this.#planner,
      lanes: fetchLanes.all,
      backlog: new Backlog(clock, () => this.#waitingHere()),
      clock,
      wanted: () => this.#wanted(),
      fetched: (job, askedAt) => {
        this.#fetchedAt = askedAt;
        this.#hasFetched = true;
        this.#dispatcher.take(job, askedAt);
      },
      empty: (plan) => {
        this.#fetchedAt = clock.now();
        this.#hasFetched = true;
        this.#goal.foundNothing(plan, this.#running.size === 0);
        this.#proceed();
      },
      lost: () => this.#proceed(),
      failed: (error) => events.emit("fetchError", { error }),
    });
  }

  /** Begins to fetch, unless it was quieted or stopped before. Resolves once nothing runs, nothing is fetched and all is told. */
  async report(): Promise<Report> {
    this.#proceed();
    await this.#ended.promise;
    this.#running.close();
    this.#planner.close();
    this.#lag.close();
    this.#cancelTime();
    // What handlers enqueued without waiting for it; the patience of the stop holds for that, too.
    this.#proceed();
    await this.#producer.close();
    this.#heartbeat.close();
    await Promise.all([this.#fetchLanes.end(), this.#commandLanes.end()]);
    this.#cancelGrace?.();
    this.#become("stopped");
    if (this.#failure !== undefined) throw this.#failure.error;
    return {
      reason: this.#reason,
      done: this.#dispatcher.done,
      failed: this.#dispatcher.failed,
      unfinished: this.#dispatcher.unfinished,
    };
  }

  /** The jobs that run, those that began first at the front. */
  get running(): readonly Execution[] {
    return this.#running.all;
  }

  /** How it is. */
  health(): ConsumerHealth {
    const { settings, clock } = this.#parts;
    const now = this.#clock.now();
    const date = (at: number) => new Date(clock.now() - (now - at));
    const beat = this.#heartbeat;
    return healthOf({
      state: this.state,
      wid: settings.worker.wid,
      connected: this.#commandLanes.connected && this.#fetchLanes.connected,
      busy: this.#running.size,
      concurrency: settings.concurrency,
      done: this.#dispatcher.done,
      failed: this.#dispatcher.failed,
      unreported: this.#reporter.underWay,
      maxUnreported: MAX_UNREPORTED,
      lagMs: this.#lag.lastMs,
      lastBeatAt: beat.hasAnswer ? date(beat.lastAt) : undefined,
      lastFetchAt: this.#hasFetched ? date(this.#fetchedAt) : undefined,
      beatAgeMs: now - beat.lastAt,
      fetchAgeMs: this.#fetcher.underWay === 0 ? undefined : now - this.#fetchedAt,
    });
  }

  /** Takes jobs from other queues from now on; a FETCH that waits may still bring one of the old ones. */
  choose(queues: QueueChoice): void {
    this.#planner.choose(queues);
  }

  /** Fetches no more; what runs goes on, and so do the heartbeats. */
  quiet(): void {
    if (this.state !== "running") return;
    this.#become("quiet");
    this.#fetcher.quiet();
    this.#proceed();
  }

  /** Fetches no more, waits for what runs, aborts it after `graceMs`, and ends. */
  stop(graceMs: number, reason: EndReason = "stopped"): void {
    if (this.state === "stopped") return;
    if (this.state !== "stopping") {
      this.#reason = reason;
      this.#become("stopping");
      this.#fetcher.close();
    }
    // Once all are aborted, there is nothing left to hasten.
    if (!this.#isImpatient) {
      this.#cancelGrace?.();
      this.#cancelGrace = this.#clock.after(graceMs, () => this.#abortAll());
    }
    this.#proceed();
  }

  /** A connection was lost; where it is not tried again, nothing can be fetched or told any longer. */
  disconnected(error: Error, retryInMs: number | undefined): void {
    if (retryInMs === undefined) {
      this.#failure ??= { error };
      this.stop(0);
    } else {
      this.#proceed();
    }
  }

  /** Jobs that could be run, those that are being fetched left out of account. */
  #wanted(): number {
    if (this.state !== "running" || this.#reporter.underWay > MAX_UNREPORTED) return 0;
    return this.#goal.left(this.#parts.settings.concurrency - this.#running.size);
  }

  #abortAll(): void {
    this.#isImpatient = true;
    this.#running.abortAll();
    this.#cancelGrace = this.#clock.after(ABORT_MS, () => {
      for (const execution of this.#running.all) {
        this.#running.remove(execution);
        execution.ended();
        if (!execution.isSettled) this.#dispatcher.giveBack(execution);
      }
      this.#proceed();
    });
  }

  /** Goes on with whatever can be done next. Called whenever something ended. */
  #proceed(): void {
    if (this.state === "running" || this.state === "quiet") this.#fetchOrEnd();
    if (this.state !== "stopping") return;
    if (!this.#isBusy()) this.#ended.resolve();
    // Reports outlast lost connections, but a stop that has run out of patience does not.
    if (this.#isImpatient && !this.#commandLanes.connected) this.#commandLanes.close();
  }

  #fetchOrEnd(): void {
    const isFetching = this.state === "running";
    if (isFetching && !this.#goal.isInReach) this.#fetcher.pump();
    if (this.#isBusy()) return;
    const reason = this.#goal.reached();
    // What is quiet cannot know whether the queues are empty, but whether it has run enough.
    if (reason === "limit" || (isFetching && reason !== undefined)) {
      this.stop(DEFAULT_GRACE_MS, reason);
    }
  }

  #isBusy(): boolean {
    return this.#running.size > 0 || this.#fetcher.underWay > 0 || this.#reporter.underWay > 0;
  }

  #told(wanted: WorkerState): void {
    if (wanted === "quiet") this.quiet();
    if (wanted === "terminate" && this.state !== "stopping") this.stop(DEFAULT_GRACE_MS, "server");
  }

  async #waitingJobs(): Promise<Readonly<Record<string, number>>> {
    return parseServerInfo(await this.#command(info())).queues;
  }

  async #waitingHere(): Promise<number> {
    const waiting = await this.#waitingJobs();
    return this.#planner.names.reduce((sum, name) => sum + (waiting[name] ?? 0), 0);
  }

  #command<T>(command: Command<T>): Promise<T> {
    return request((entry) => this.#commandLanes.send(entry), command);
  }

  #become(state: ConsumerState): void {
    this.state = state;
    this.#parts.events.emit("state", { state });
  }
}

/** Whether anything but the number of slots limits what is fetched. */
function isLimited({ settings: { limits }, registry, ignoresLimits }: SessionParts): boolean {
  if (ignoresLimits === true) return false;
  return limits.perSecond !== undefined || limits.queues !== undefined || registry.hasLimits;
}

function beatState(state: ConsumerState): "quiet" | "terminate" | undefined {
  if (state === "quiet") return "quiet";
  return state === "stopping" ? "terminate" : undefined;
}
