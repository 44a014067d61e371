import { JobAbortedError, StateError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { steady, type SteadyClock } from "../internal/steady_clock.ts";
import type { Job } from "../job/job.ts";
import type { ConsumerObserver, Producer } from "../producer/producer.ts";
import type { ConsumerEvents, ConsumerState } from "./events.ts";
import { Execution, type ExecutionOwner } from "./execution.ts";
import { describeFailure, isRetried } from "./failure.ts";
import type { Goal } from "./goal.ts";
import { scopedLogger } from "./logger.ts";
import type { ConsumerSettings } from "./options.ts";
import type { ProgressTracker } from "./progress_tracker.ts";
import type { Planner } from "./queues/planner.ts";
import type { Registered, Registry } from "./registry.ts";
import type { Reporter } from "./reporter.ts";
import type { RunningJobs } from "./running_jobs.ts";
import { Verdicts } from "./verdicts.ts";

/** What a dispatcher needs. */
export interface DispatcherOptions {
  readonly settings: ConsumerSettings;
  readonly registry: Registry;
  readonly events: Emitter<ConsumerEvents>;
  readonly clock: Clock;
  readonly planner: Planner;
  readonly goal: Goal;
  readonly running: RunningJobs;
  readonly reporter: Reporter;
  readonly progress: ProgressTracker;
  readonly producer: Producer;
  /** Sees each run. */
  readonly observer: ConsumerObserver | undefined;
  state(): ConsumerState;
  /** Whether a stop has run out of patience. */
  isImpatient(): boolean;
  /** A job ended, or was not begun. */
  proceed(): void;
}

/** A reservation where the job does not say, and the shortest there is, in seconds. */
const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;

/** What is kept clear before a reservation's end, in milliseconds: a report has to reach the server before it. */
const MARGIN_MS = 1000;

/** How long nothing is fetched from a queue that held a job which is left to others, in milliseconds. */
const LEAVE_MS = 30_000;

/** Decides what becomes of each job that comes: it is run, put back, or given back; and hears how its run ends. */
export class Dispatcher {
  /** Jobs that a stop gave back. */
  readonly unfinished: Job[] = [];
  readonly #options: DispatcherOptions;
  /** For deadlines; what is told to others takes the clock of `#options`. */
  readonly #steady: SteadyClock;
  readonly #verdicts: Verdicts;

  constructor(options: DispatcherOptions) {
    const { reporter, events, clock } = options;
    this.#options = options;
    this.#steady = steady(clock);
    this.#verdicts = new Verdicts(reporter, events, clock);
  }

  /** Jobs whose handler ended well. */
  get done(): number {
    return this.#verdicts.done;
  }

  /** Jobs that failed. */
  get failed(): number {
    return this.#verdicts.failed;
  }

  /** A job came, by a FETCH that was sent at `askedAt`. */
  take(job: Job, askedAt: number): void {
    const { clock, events, goal, proceed } = this.#options;
    const seconds = Math.max(job.reserveFor || DEFAULT_RESERVATION, MIN_RESERVATION);
    const deadline = askedAt + seconds * 1000 - MARGIN_MS;
    const startedAt = clock.now();
    goal.came();
    if (deadline <= this.#steady.at(startedAt)) {
      // It lay there while the machine slept, and is another's by now.
      events.emit("expired", { job });
      return proceed();
    }
    this.#decide(new Execution(job, { startedAt, deadline }, this.#owner));
  }

  /** Hands a job back that will not be run, or not to its end. */
  giveBack(execution: Execution): void {
    const { job } = execution;
    execution.isSettled = true;
    this.unfinished.push(job);
    const error = new JobAbortedError(
      "STOPPED",
      `Job ${job.jid} was given back as its worker stops`,
    );
    this.#options.reporter.failed(execution, describeFailure(job, error));
  }

  #decide(execution: Execution): void {
    const { registry, settings, planner, goal, state, isImpatient } = this.#options;
    const { job } = execution;
    if (state() === "stopping") {
      if (isRetried(job)) return this.giveBack(execution);
      // A FAIL would be the end of it, and nobody is left to wait for its handler.
      if (isImpatient()) return this.#verdicts.putBack(execution, "stopped");
    }
    if (settings.unregistered === "leave" && registry.find(job.type) === undefined) {
      planner.rest(job.queue, LEAVE_MS);
      return this.#verdicts.putBack(execution, "unregistered");
    }
    const meters = planner.begin(job);
    if (meters === undefined) {
      goal.putBack();
      return this.#verdicts.putBack(execution, "limit");
    }
    goal.begin();
    this.#options.running.add(execution, meters);
    this.#run(execution);
  }

  #run(execution: Execution): void {
    const { registry, events, clock, observer } = this.#options;
    const { job } = execution;
    events.emit("start", { job });
    const { run, timeoutMs: typeTimeoutMs } = registry.find(job.type) ?? NOT_REGISTERED;
    const timeoutMs = ownTimeout(job) ?? typeTimeoutMs;
    if (timeoutMs !== undefined) execution.limit(timeoutMs, clock);
    if (observer === undefined) return execution.run(run);
    execution.run((job, context, ends) => {
      const next = () => new Promise((resolve, reject) => run(job, context, { resolve, reject }));
      Promise.resolve(observer.run(job, context.attempt, next))
        .then((value) => ends.resolve(value), (error) => ends.reject(error));
    });
  }

  readonly #owner: ExecutionOwner = {
    finished: (execution, failure) => {
      const { running, goal, proceed } = this.#options;
      running.remove(execution);
      goal.end();
      if (!execution.isSettled) {
        execution.isSettled = true;
        this.#verdicts.tell(execution, failure);
      }
      proceed();
    },
    track: (progress) => this.#options.progress.track(progress),
    extended: (execution, until) => {
      const { running, clock } = this.#options;
      running.extend(execution, until - clock.now() + this.#steady.now() - MARGIN_MS);
    },
    producer: () => this.#options.producer,
    log: ({ job, attempt }) => {
      const { jid, type, queue } = job;
      return scopedLogger(this.#options.settings.logger, { jid, type, queue, attempt });
    },
    now: () => this.#options.clock.now(),
    expired: (execution) => {
      execution.isSettled = true;
      this.#options.events.emit("expired", { job: execution.job });
    },
  };
}

/** Runs jobs that have no handler. */
const NOT_REGISTERED: Pick<Registered, "run" | "timeoutMs"> = {
  timeoutMs: undefined,
  run({ jid, type }) {
    throw new StateError(
      "NOT_REGISTERED",
      `Cannot run job ${jid} as no handler is registered for its type ${JSON.stringify(type)}`,
    );
  },
};

/** How long the job itself says that it may take. */
export function ownTimeout({ custom }: Job): number | undefined {
  const timeoutMs = custom["timeoutMs"];
  return typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : undefined;
}
