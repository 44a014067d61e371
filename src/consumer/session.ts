import type { MakeLanes } from "../connection/connect.ts";
import type { Lanes } from "../connection/lanes.ts";
import { request } from "../connection/request.ts";
import { EnterpriseOnlyError, JobAbortedError, StateError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import type { Job } from "../job/job.ts";
import { Producer } from "../producer/producer.ts";
import { type Progress, trackSet } from "../protocol/commands/enterprise.ts";
import { info, type WorkerState } from "../protocol/commands/server.ts";
import { parseServerInfo } from "../protocol/server_info.ts";
import { Backlog } from "./backlog.ts";
import type { ConsumerEvents, ConsumerState } from "./events.ts";
import { Execution } from "./execution.ts";
import { describeFailure, isRetried } from "./failure.ts";
import { Fetcher } from "./fetcher.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { ConsumerSettings } from "./options.ts";
import type { Registered } from "./registry.ts";
import { LagMonitor } from "./lag.ts";
import { scopedLogger } from "./logger.ts";
import type { EndReason, Report, SessionLimits } from "./report.ts";
import { Reporter } from "./reporter.ts";
import { Reservations } from "./reservations.ts";
import { Verdicts } from "./verdicts.ts";

/** What a session is made of. */
export interface SessionParts {
  readonly settings: ConsumerSettings;
  readonly registered: (type: string) => Registered | undefined;
  readonly makeLanes: MakeLanes;
  readonly events: Emitter<ConsumerEvents>;
  readonly clock: Clock;
  readonly limits: SessionLimits;
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

/** A reply of the server is not older than this when it is read, in milliseconds. */
const SETTLED_MS = 1000;

/** How long running jobs are given where the server says that the worker is to end, in milliseconds. */
export const DEFAULT_GRACE_MS = 25_000;

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
  readonly #reservations: Reservations;
  readonly #lag: LagMonitor;
  readonly #verdicts: Verdicts;
  readonly #producer: Producer;
  readonly #cancelTime: () => void;
  readonly #running = new Set<Execution>();
  readonly #unfinished: Job[] = [];
  readonly #ended: Deferred<void> = deferred();
  #reason: EndReason = "stopped";
  #failure: { readonly error: Error } | undefined;
  #cancelGrace: (() => void) | undefined;
  /** A FETCH came back empty, and no job has begun since. */
  #foundEmpty = false;
  /** Stopping, and past the time that running jobs were given. */
  #isImpatient = false;
  #lastEndAt = -Infinity;
  #begun = 0;
  /** The server is known to keep no progress. */
  #isFree = false;

  /** Opens the connections and begins to fetch. */
  static async open(parts: SessionParts, signal?: AbortSignal): Promise<Session> {
    const { settings, makeLanes } = parts;
    const commandLanes = makeLanes(settings.lanes, settings.worker);
    const fetchLanes = makeLanes(settings.lanes, settings.worker);
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
    const { settings, clock, events } = parts;
    this.#parts = parts;
    this.#fetchLanes = fetchLanes;
    this.#commandLanes = commandLanes;
    this.#producer = Producer.over(commandLanes);
    parts.adopt?.(this.#producer);
    this.#reservations = new Reservations(clock);
    this.#lag = new LagMonitor(clock, (lagMs) => events.emit("lag", { lagMs }));
    const { maxMs } = parts.limits;
    this.#cancelTime = maxMs === undefined
      ? () => {}
      : clock.after(maxMs, () => this.stop(DEFAULT_GRACE_MS, "time"));
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
      queues: settings.queues,
      lanes: fetchLanes.all,
      backlog: new Backlog(clock, () => this.#waitingJobs()),
      clock,
      wanted: () => this.#wanted(),
      fetched: (job, askedAt) => this.#fetched(job, askedAt),
      empty: () => this.#empty(),
      lost: () => this.#proceed(),
      failed: (error) => events.emit("fetchError", { error }),
    });
    this.#fetcher.pump();
  }

  /** Resolves once nothing runs, nothing is fetched and all is told. */
  async report(): Promise<Report> {
    await this.#ended.promise;
    this.#heartbeat.close();
    this.#reservations.close();
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
    return [...this.#running];
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
    const { settings, limits } = this.#parts;
    const slots = settings.concurrency - this.#running.size;
    return limits.maxJobs === undefined ? slots : Math.min(slots, limits.maxJobs - this.#begun);
  }

  #fetched(job: Job, askedAt: number): void {
    const { clock, registered, events } = this.#parts;
    const seconds = Math.max(job.reserveFor || DEFAULT_RESERVATION, MIN_RESERVATION);
    const times = { startedAt: clock.now(), deadline: askedAt + seconds * 1000 - MARGIN_MS };
    const execution = new Execution(job, times, this.#owner);
    this.#begun++;
    this.#foundEmpty = false;
    if (this.state === "stopping" && isRetried(job)) return this.#giveBack(execution);
    this.#running.add(execution);
    this.#reservations.add(execution);
    events.emit("start", { job });
    const found = registered(job.type);
    if (found !== undefined) {
      const timeoutMs = ownTimeout(job) ?? found.timeoutMs;
      if (timeoutMs !== undefined) execution.limit(timeoutMs, clock);
      return execution.run(found.handler);
    }
    const error = new StateError(
      "NOT_REGISTERED",
      `Cannot run job ${job.jid} as no handler is registered for its type ${
        JSON.stringify(job.type)
      }`,
    );
    this.#owner.finished(execution, { error });
  }

  readonly #owner = {
    finished: (execution: Execution, failure: { readonly error: unknown } | undefined) => {
      this.#running.delete(execution);
      if (this.#parts.limits.untilEmpty === true) this.#lastEndAt = this.#parts.clock.now();
      if (!execution.isSettled) {
        execution.isSettled = true;
        this.#reservations.remove(execution);
        this.#verdicts.tell(execution, failure);
      }
      this.#proceed();
    },
    track: (progress: Progress) => this.#track(progress),
    extended: (execution: Execution, until: number) => {
      if (execution.isSettled) return;
      this.#reservations.remove(execution);
      execution.deadline = until - MARGIN_MS;
      this.#reservations.add(execution);
    },
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

  async #track(progress: Progress): Promise<boolean> {
    if (this.#isFree) return false;
    try {
      await request((entry) => this.#commandLanes.send(entry), trackSet(progress));
      return true;
    } catch (error) {
      if (!(error instanceof EnterpriseOnlyError)) throw error;
      if (!this.#isFree) {
        this.#isFree = true;
        this.#parts.events.emit("warning", {
          code: "ENTERPRISE_ONLY",
          message: "The server keeps no progress of jobs as it is not Faktory Enterprise",
        });
      }
      return false;
    }
  }

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
    const reason = (jid: string) =>
      new JobAbortedError("STOPPED", `Job ${jid} has to end as its worker stops`);
    for (const execution of this.#running) execution.abort(reason(execution.job.jid));
    this.#cancelGrace = this.#parts.clock.after(ABORT_MS, () => {
      for (const execution of this.#running) {
        this.#running.delete(execution);
        execution.ended();
        if (execution.isSettled) continue;
        this.#reservations.remove(execution);
        this.#giveBack(execution);
      }
      this.#proceed();
    });
  }

  /**
   * A FETCH waited for two seconds and found nothing up to its end: what jobs that ended before have enqueued was fetched,
   * too. A job that ended a moment ago may have ended after the server sent this.
   */
  #empty(): void {
    const sinceEndMs = this.#parts.clock.now() - this.#lastEndAt;
    const isSettled = this.#parts.limits.trustsEmpty === true || sinceEndMs > SETTLED_MS;
    this.#foundEmpty = this.#running.size === 0 && isSettled;
    this.#proceed();
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
    const { maxJobs, untilEmpty } = this.#parts.limits;
    const isEnough = maxJobs !== undefined && this.#begun >= maxJobs;
    const isEmpty = untilEmpty === true && this.#foundEmpty;
    if (!isEnough && !isEmpty) this.#fetcher.pump();
    else if (!this.#isBusy()) this.stop(0, isEnough ? "limit" : "empty");
  }

  #isBusy(): boolean {
    return this.#running.size > 0 || this.#fetcher.underWay > 0 || this.#reporter.underWay > 0;
  }

  #told(wanted: WorkerState): void {
    if (wanted === "quiet") this.quiet();
    if (wanted === "terminate" && this.state !== "stopping") this.stop(DEFAULT_GRACE_MS, "server");
  }

  async #waitingJobs(): Promise<number | undefined> {
    const reply = await request((entry) => this.#commandLanes.send(entry), info());
    const { queues } = parseServerInfo(reply);
    return this.#parts.settings.queues.reduce((sum, name) => sum + (queues[name] ?? 0), 0);
  }

  #become(state: ConsumerState): void {
    this.state = state;
    this.#parts.events.emit("state", { state });
  }
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
