import type { MakeLanes } from "../connection/connect.ts";
import type { Lanes } from "../connection/lanes.ts";
import { request } from "../connection/request.ts";
import { JobAbortedError, StateError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import type { Job } from "../job/job.ts";
import type { KnownJobs } from "../job/known_jobs.ts";
import { Producer } from "../producer/producer.ts";
import type { Command } from "../protocol/commands/command.ts";
import type { Progress } from "../protocol/commands/enterprise.ts";
import { info, type WorkerState } from "../protocol/commands/server.ts";
import { parseServerInfo } from "../protocol/server_info.ts";
import { Backlog } from "./backlog.ts";
import type { ConsumerEvents, ConsumerState } from "./events.ts";
import { Execution } from "./execution.ts";
import { describeFailure, isRetried } from "./failure.ts";
import { Fetcher } from "./fetcher.ts";
import { Goal } from "./goal.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LagMonitor } from "./lag.ts";
import { Limits } from "./limits/limits.ts";
import { scopedLogger } from "./logger.ts";
import type { ConsumerSettings } from "./options.ts";
import { ProgressTracker } from "./progress_tracker.ts";
import type { QueueChoice } from "./queues/choice.ts";
import { Planner } from "./queues/planner.ts";
import type { Registry } from "./registry.ts";
import type { EndReason, Report, SessionLimits } from "./report.ts";
import { Reporter } from "./reporter.ts";
import { RunningJobs } from "./running_jobs.ts";
import { Verdicts } from "./verdicts.ts";

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
}

/** A reservation where the job does not say, and the shortest there is, in seconds. */
const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;

/** What is kept clear before a reservation's end, in milliseconds: a report has to reach the server before it. */
const MARGIN_MS = 1000;

/** Reports that may wait for the server, beside the running jobs, before no more jobs are fetched. */
const MAX_UNREPORTED = 1000;

/** How long running jobs are given where the server says that the worker is to end, in milliseconds. */
export const DEFAULT_GRACE_MS = 25_000;

/** How long nothing is fetched from a queue that held a job which is left to others, in milliseconds. */
const LEAVE_MS = 30_000;

/** How long aborted handlers have to end by themselves, in milliseconds. */
const ABORT_MS = 250;

/** One run of a consumer, from its connections to its report. */
export class Session {
  state: ConsumerState = "running";
  readonly #parts: SessionParts;
  readonly #fetchLanes: Lanes;
  readonly #commandLanes: Lanes;
  readonly #fetcher: Fetcher;
  readonly #reporter: Reporter;
  readonly #heartbeat: Heartbeat;
  readonly #planner: Planner;
  readonly #goal: Goal;
  readonly #progress: ProgressTracker;
  readonly #lag: LagMonitor;
  readonly #verdicts: Verdicts;
  readonly #producer: Producer;
  readonly #cancelTime: () => void;
  readonly #running: RunningJobs;
  readonly #unfinished: Job[] = [];
  readonly #ended: Deferred<void> = deferred();
  #reason: EndReason = "stopped";
  #failure: { readonly error: Error } | undefined;
  #cancelGrace: (() => void) | undefined;
  /** Stopping, and past the time that running jobs were given. */
  #isImpatient = false;

  /** Opens the connections and begins to fetch. */
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
    const { settings, clock, events, registry } = parts;
    this.#parts = parts;
    this.#fetchLanes = fetchLanes;
    this.#commandLanes = commandLanes;
    this.#producer = Producer.over(commandLanes, parts.known);
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
    this.#progress = new ProgressTracker((command) => this.#command(command), events);
    this.#lag = new LagMonitor(clock, (lagMs) => events.emit("lag", { lagMs }));
    const { maxMs, graceMs = DEFAULT_GRACE_MS } = parts.limits;
    this.#cancelTime = maxMs === undefined
      ? () => {}
      : clock.after(maxMs, () => this.stop(graceMs, "time"));
    this.#reporter = new Reporter({
      send: (entry) => commandLanes.send(entry),
      settled: () => this.#proceed(),
      unreported: (job, error) => events.emit("unreported", { job, error }),
    });
    this.#verdicts = new Verdicts(this.#reporter, events, clock);
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
      fetched: (job, askedAt) => this.#fetched(job, askedAt),
      empty: (plan) => {
        this.#goal.foundNothing(plan, this.#running.size === 0);
        this.#proceed();
      },
      lost: () => this.#proceed(),
      failed: (error) => events.emit("fetchError", { error }),
    });
    this.#fetcher.pump();
  }

  /** Resolves once nothing runs, nothing is fetched and all is told. */
  async report(): Promise<Report> {
    await this.#ended.promise;
    this.#heartbeat.close();
    this.#running.close();
    this.#planner.close();
    this.#lag.close();
    this.#cancelTime();
    this.#cancelGrace?.();
    // What handlers enqueued without waiting for it.
    await this.#producer.close();
    await Promise.all([this.#fetchLanes.end(), this.#commandLanes.end()]);
    this.#become("stopped");
    if (this.#failure !== undefined) throw this.#failure.error;
    return {
      reason: this.#reason,
      done: this.#verdicts.done,
      failed: this.#verdicts.failed,
      unfinished: this.#unfinished,
    };
  }

  /** The jobs that run, those that began first at the front. */
  get running(): readonly Execution[] {
    return this.#running.all;
  }

  /** Takes jobs from other queues from now on; a FETCH that waits may still bring one of the old ones. */
  choose(queues: QueueChoice): void {
    this.#planner.choose(queues);
  }

  /** Fetches no more; what runs goes on, and so do the heartbeats. */
  quiet(): void {
    if (this.state === "running") this.#become("quiet");
  }

  /** Fetches no more, waits for what runs, aborts it after `graceMs`, and ends. */
  stop(graceMs: number, reason: EndReason = "stopped"): void {
    if (this.state === "stopped") return;
    if (this.state !== "stopping") {
      this.#reason = reason;
      this.#become("stopping");
      this.#fetcher.close();
    }
    this.#cancelGrace?.();
    this.#cancelGrace = this.#parts.clock.after(graceMs, () => this.#abortAll());
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

  #fetched(job: Job, askedAt: number): void {
    const { clock, registry, settings, events } = this.#parts;
    const seconds = Math.max(job.reserveFor || DEFAULT_RESERVATION, MIN_RESERVATION);
    const times = { startedAt: clock.now(), deadline: askedAt + seconds * 1000 - MARGIN_MS };
    const execution = new Execution(job, times, this.#owner);
    this.#goal.came();
    if (this.state === "stopping" && isRetried(job)) return this.#giveBack(execution);
    const found = registry.find(job.type);
    if (found === undefined && settings.unregistered === "leave") {
      this.#planner.rest(job.queue, LEAVE_MS);
      return this.#verdicts.putBack(execution, "unregistered");
    }
    const meters = this.#planner.begin(job);
    if (meters === undefined) return this.#verdicts.putBack(execution, "limit");
    this.#goal.begin();
    this.#running.add(execution, meters);
    events.emit("start", { job });
    if (found === undefined) return this.#owner.finished(execution, { error: unregistered(job) });
    const timeoutMs = ownTimeout(job) ?? found.timeoutMs;
    if (timeoutMs !== undefined) execution.limit(timeoutMs, clock);
    execution.run(found.handler);
  }

  readonly #owner = {
    finished: (execution: Execution, failure: { readonly error: unknown } | undefined) => {
      this.#running.remove(execution);
      this.#goal.end();
      if (!execution.isSettled) {
        execution.isSettled = true;
        this.#verdicts.tell(execution, failure);
      }
      this.#proceed();
    },
    track: (progress: Progress) => this.#progress.track(progress),
    extended: (execution: Execution, until: number) =>
      this.#running.extend(execution, until - MARGIN_MS),
    producer: () => this.#producer,
    log: ({ job, attempt }: Execution) => {
      const { jid, type, queue } = job;
      return scopedLogger(this.#parts.settings.logger, { jid, type, queue, attempt });
    },
    now: () => this.#parts.clock.now(),
    expired: (execution: Execution) => {
      execution.isSettled = true;
      this.#parts.events.emit("expired", { job: execution.job });
    },
  };

  /** Hands a job back that will not be run, or not to its end. */
  #giveBack(execution: Execution): void {
    const { job } = execution;
    execution.isSettled = true;
    this.#unfinished.push(job);
    const error = new JobAbortedError(
      "STOPPED",
      `Job ${job.jid} was given back as its worker stops`,
    );
    this.#reporter.failed(execution, describeFailure(job, error));
  }

  #abortAll(): void {
    this.#isImpatient = true;
    this.#running.abortAll();
    this.#cancelGrace = this.#parts.clock.after(ABORT_MS, () => {
      for (const execution of this.#running.all) {
        this.#running.remove(execution);
        execution.ended();
        if (!execution.isSettled) this.#giveBack(execution);
      }
      this.#proceed();
    });
  }

  /** Goes on with whatever can be done next. Called whenever something ended. */
  #proceed(): void {
    if (this.state === "running") this.#fetchOrEnd();
    if (this.state !== "stopping") return;
    if (!this.#isBusy()) return this.#ended.resolve();
    // Reports outlast lost connections, but a stop that has run out of patience does not.
    if (this.#isImpatient && !this.#commandLanes.connected) this.#commandLanes.close();
  }

  #fetchOrEnd(): void {
    if (!this.#goal.isInReach) this.#fetcher.pump();
    if (this.#isBusy()) return;
    const reason = this.#goal.reached();
    if (reason !== undefined) this.stop(0, reason);
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

function unregistered({ jid, type }: Job): StateError {
  return new StateError(
    "NOT_REGISTERED",
    `Cannot run job ${jid} as no handler is registered for its type ${JSON.stringify(type)}`,
  );
}

function beatState(state: ConsumerState): "quiet" | "terminate" | undefined {
  if (state === "quiet") return "quiet";
  return state === "stopping" ? "terminate" : undefined;
}

/** How long the job itself says that it may take. */
export function ownTimeout({ custom }: Job): number | undefined {
  const timeoutMs = custom["timeoutMs"];
  return typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : undefined;
}
