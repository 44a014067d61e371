import type { MakeLanes } from "../connection/connect.ts";
import type { Lanes } from "../connection/lanes.ts";
import { request } from "../connection/request.ts";
import { JobAbortedError, StateError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import type { Job } from "../job/job.ts";
import { info, type WorkerState } from "../protocol/commands/server.ts";
import { parseServerInfo } from "../protocol/server_info.ts";
import { Backlog } from "./backlog.ts";
import type { ConsumerEvents, ConsumerState } from "./events.ts";
import { Execution } from "./execution.ts";
import { describeFailure } from "./failure.ts";
import { Fetcher } from "./fetcher.ts";
import type { Handler } from "./handler.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { ConsumerSettings } from "./options.ts";
import { Reporter } from "./reporter.ts";
import { Reservations } from "./reservations.ts";

/** When a session ends by itself. */
export interface SessionLimits {
  /** Once so many jobs have begun and ended. @default none */
  readonly maxJobs?: number | undefined;
  /** Once the queues are empty and nothing runs. @default false */
  readonly untilEmpty?: boolean | undefined;
}

/** Why a session ended: a call of `stop`, the server's word, empty queues, or as many jobs as were asked for. */
export type EndReason = "stopped" | "server" | "empty" | "limit";

/** How a session ended. */
export interface Report {
  /** Why it ended. */
  readonly reason: EndReason;
  /** Jobs whose handler ended well. */
  readonly done: number;
  /** Jobs whose handler failed, or that had none. */
  readonly failed: number;
  /** Jobs that a stop gave back to the server by FAIL: their handlers had not ended, or not begun. */
  readonly unfinished: readonly Job[];
}

/** What a session is made of. */
export interface SessionParts {
  readonly settings: ConsumerSettings;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly makeLanes: MakeLanes;
  readonly events: Emitter<ConsumerEvents>;
  readonly clock: Clock;
  readonly limits: SessionLimits;
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
  #done = 0;
  #failed = 0;

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
    this.#reservations = new Reservations(clock);
    this.#reporter = new Reporter({
      send: (entry) => commandLanes.send(entry),
      settled: () => this.#proceed(),
      unreported: (job, error) => events.emit("unreported", { job, error }),
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
    this.#cancelGrace?.();
    await Promise.all([this.#fetchLanes.end(), this.#commandLanes.end()]);
    this.#become("stopped");
    if (this.#failure !== undefined) throw this.#failure.error;
    return {
      reason: this.#reason,
      done: this.#done,
      failed: this.#failed,
      unfinished: this.#unfinished,
    };
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
    const { clock, handlers, events } = this.#parts;
    const seconds = Math.max(job.reserveFor || DEFAULT_RESERVATION, MIN_RESERVATION);
    const times = { startedAt: clock.now(), deadline: askedAt + seconds * 1000 - MARGIN_MS };
    const execution = new Execution(job, times, this.#owner);
    this.#begun++;
    this.#foundEmpty = false;
    if (this.state === "stopping" && isRetried(job)) return this.#giveBack(execution);
    this.#running.add(execution);
    this.#reservations.add(execution);
    events.emit("start", { job });
    const handler = handlers.get(job.type);
    if (handler !== undefined) return execution.run(handler);
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
        this.#tell(execution, failure);
      }
      this.#proceed();
    },
    expired: (execution: Execution) => {
      execution.isSettled = true;
      this.#parts.events.emit("expired", { job: execution.job });
    },
  };

  #tell(execution: Execution, failure: { readonly error: unknown } | undefined): void {
    const { events, clock } = this.#parts;
    const { job, startedAt } = execution;
    if (failure === undefined) {
      this.#done++;
      if (events.has("done")) events.emit("done", { job, elapsedMs: clock.now() - startedAt });
      this.#reporter.done(execution);
    } else {
      this.#failed++;
      const { error } = failure;
      if (events.has("fail")) {
        events.emit("fail", { job, error, elapsedMs: clock.now() - startedAt });
      }
      this.#reporter.failed(execution, describeFailure(job, error));
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
    this.#foundEmpty = this.#running.size === 0 && sinceEndMs > SETTLED_MS;
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

/** Whether a FAIL brings the job back: with no retry left it would be dead, or gone. */
function isRetried({ retry, failure }: Job): boolean {
  return failure === undefined ? retry === undefined || retry > 0 : failure.remaining > 0;
}
