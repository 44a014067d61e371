import {
  ConnectionLostError,
  Consumer,
  type ConsumerLimits,
  type ConsumerOptions,
  Discard,
  type Job,
  type JobContext,
  Kill,
  resumable,
  RetryAfter,
  ServerError,
  Snooze,
} from "../../mod.ts";
import type { Member } from "./crew.ts";
import type { BatchesOfWorld } from "./batches.ts";
import type { Flows } from "./flows.ts";
import type { Worker } from "./worker.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { type ClockError, SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { ReportRules } from "./reports.ts";
import type { Timeline } from "./timeline.ts";

/** The behaviours of jobs, named in their first argument. */
export const BEHAVIOURS = [
  "works",
  "waits",
  "fails once",
  "fails",
  "discards",
  "snoozes once",
  "retries later once",
  "kills",
  "runs too long",
  "ignores its signal",
] as const;

export type Behaviour = typeof BEHAVIOURS[number];

/** The plan of a consumer. */
export interface ConsumerPlan {
  readonly options: Omit<ConsumerOptions, "url" | "transport" | "clock">;
  readonly clock: ClockError;
  /** Options of `registerMany` for the type `many`. */
  readonly many: { readonly size: number; readonly waitMs: number };
}

export interface ConsumerParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly flows: Flows;
  readonly batches: BatchesOfWorld | undefined;
}

/** Longest time of a stop after its grace period, in milliseconds. */
const STOP_MS = 2500;

/** Shortest time before a result may be given up, in milliseconds; reservations last 60 seconds. */
const EARLY_MS = 50_000;

/** Number of steps of a resumable job, and the duration of each, in milliseconds. */
const STEPS = 5;
const STEP_MS = 400;

/** Longest reservation of a job before its handler starts, in milliseconds. */
const RESERVED_MS = 62_000;

/** Longest time between two FETCHes of a consumer without work, in milliseconds. */
const FETCH_MS = 6000;

/** Time after a fault in which a consumer may have to reconnect, in milliseconds. */
const RECOVERY_MS = 25_000;

/** Time after which a consumer must have followed the server's signal, in milliseconds. */
const SIGNAL_MS = 3000;

/** Time for which a quiet consumer may get jobs from FETCHes in flight, in milliseconds. */
const QUIET_MS = 4000;

/** A process with a consumer. */
export class ConsumerProcess implements Worker, Member {
  readonly process: SimulatedProcess;
  readonly consumer: Consumer;
  isStopping = false;
  /** True if the server asked it to go quiet or to terminate. */
  isSignalled = false;
  readonly reports: ReportRules;
  /** Simulated time at which the server last executed a FETCH of it. */
  fetchedAt = -Infinity;
  readonly #parts: ConsumerParts;
  readonly #concurrency: number;
  /** Number of running handlers. */
  #handlers = 0;
  readonly #limits: ConsumerLimits;
  /** Number of running handlers by queue. */
  readonly #byQueue = new Map<string, number>();
  /** Start times of the jobs of the last second. */
  readonly #begun: number[] = [];
  /** The signals of the running handlers, by jid. */
  readonly #signals = new Map<string, AbortSignal>();
  #running: Promise<void> | undefined;
  #quietAt = Infinity;
  #idleSince = Infinity;
  /** True if a job has started since the last check. */
  #hasStarted = false;
  /** Simulated time at which it was last not idle, or had a fault. */
  #busyAt = 0;
  /** True if the server has told it to go quiet or to terminate. */
  #isTold = false;

  constructor(name: string, plan: ConsumerPlan, parts: ConsumerParts) {
    const { timeline, network, ledger } = this.#parts = parts;
    const process = this.process = new SimulatedProcess(name, timeline, plan.clock);
    this.#concurrency = plan.options.concurrency ?? 10;
    this.#limits = plan.options.limits ?? {};
    const consumer = this.consumer = new Consumer({
      ...plan.options,
      url: "tcp://simulated:7419",
      transport: network.transport(process),
      clock: process,
    });
    this.reports = new ReportRules({ process, ledger });
    this.#busyAt = timeline.now;
    ledger.workers.set(consumer.wid, this);
    this.#listen(plan);
  }

  /** Runs the consumer. If it cannot connect, tries again. */
  run(): Promise<void> {
    return this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { ledger } = this.#parts;
    for (;;) {
      try {
        const run = this.consumer.run();
        // A run that could not connect does not keep the quiet state.
        if (this.#quietAt < Infinity) this.consumer.quiet();
        const report = await run;
        for (const { jid } of report.unreported) {
          ledger.runs.excused(jid, this, "listed in the report of a run");
        }
        this.reports.ended(report);
        ledger.runs.checkStopped(this, report);
        if (!this.isStopping && !this.isSignalled) {
          ledger.violated("a consumer runs until it is stopped", this.#name);
        }
        return;
      } catch (error) {
        ledger.count(`runs of consumers that failed: ${(error as { code?: string }).code}`);
        if (this.isStopping) return;
        await this.process.sleep(1000);
        if (this.isStopping) return;
      }
    }
  }

  /** Stops the consumer, and checks that it ends in time. */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    this.reports.stops();
    const { ledger } = this.#parts;
    const since = this.process.elapsed();
    const begunAt = this.process.timeline.now;
    await this.consumer.stop({ graceMs });
    await this.#running;
    const tookMs = this.process.elapsed() - since;
    if (tookMs > graceMs + STOP_MS && this.process.pausedAt < begunAt) {
      ledger.violated("a stop ends in time", `${this.#name}: ${tookMs} ms, grace ${graceMs} ms`);
    }
  }

  get #name(): string {
    return this.process.name;
  }

  #listen({ many }: ConsumerPlan): void {
    const { consumer } = this;
    const { ledger, flows, batches } = this.#parts;
    flows.attach(consumer);
    batches?.attach(consumer, this.process);
    consumer.register("one", (job, context) => this.#handle(job, context));
    consumer.registerMany("many", many, async (jobs, { fail }) => {
      for (const job of jobs) this.#begin(job);
      const slow = jobs.find(({ args }) => args[0] === "waits");
      if (slow !== undefined) await this.process.sleep(slow.args[1] as number);
      for (const job of jobs) {
        if (failsNow(job)) fail(job, new Error("it fails"));
        this.#end(job);
      }
    });
    const { process } = this;
    const work = async function* (
      { jid }: Job,
      { cursor = 0 }: { readonly cursor: number | undefined },
    ) {
      for (let step = cursor; step < STEPS; step++) {
        await process.sleep(STEP_MS);
        ledger.runs.stepped(jid, step);
        yield step + 1;
      }
    };
    const run = resumable(work, { hopEveryMs: 1000 });
    consumer.register("steps", async (job, context) => {
      this.#begin(job);
      try {
        return await run(job, context);
      } finally {
        this.#end(job);
      }
    });
    consumer.on("start", ({ job }) => {
      this.#checkRate(job);
      this.#checkReserved(job);
    });
    consumer.on("done", ({ job }) => {
      if (ledger.of(job.jid).hasThrown) {
        ledger.violated("a failed job is not reported as done", job.jid);
      }
      ledger.runs.finished(job.jid, this, "ACK");
    });
    consumer.on("discard", ({ job }) => ledger.runs.finished(job.jid, this, "ACK"));
    consumer.on("snooze", ({ job }) => ledger.runs.finished(job.jid, this, "requeued"));
    consumer.on("requeued", ({ job }) => ledger.runs.finished(job.jid, this, "requeued"));
    consumer.on("fail", ({ job, error }) => {
      const isRequeued = error instanceof RetryAfter;
      ledger.runs.finished(job.jid, this, isRequeued ? "requeued" : "FAIL");
    });
    consumer.on("unreported", ({ job, error }) => {
      const { handedAt, isStarted, toRequeue, isShared, holder } = ledger.of(job.jid);
      const heldMs = this.process.timeline.now - handedAt;
      const isEarly = holder === this && isStarted && toRequeue === 0 && !isShared &&
        heldMs < EARLY_MS &&
        this.process.pausedAt < 0;
      if (error instanceof ConnectionLostError && isEarly && !this.#isEnding) {
        ledger.violated("a result is reported until the reservation ends", job.jid);
      }
      const isTooLate = error instanceof ConnectionLostError && error.code === "DEADLINE_PASSED";
      if (error instanceof ServerError || isTooLate) this.reports.refused(job.jid);
      ledger.runs.excused(job.jid, this, "unreported");
    });
    consumer.on("expired", ({ job }) => {
      ledger.runs.excused(job.jid, this, "expired");
      const { handedAt, isShared } = ledger.of(job.jid);
      // An earlier run of the job may have expired while the consumer has it again.
      const isOfThisRun = this.process.timeline.now - handedAt >= EARLY_MS;
      if (!isShared && isOfThisRun) this.reports.expired(job.jid);
    });
    for (const event of ["done", "discard", "snooze", "requeued", "fail", "expired"] as const) {
      consumer.on(event, ({ job }) => this.reports.settled(job.jid));
    }
    consumer.on("disconnect", () => ledger.count("outages of consumers"));
    consumer.on("listenerError", ({ error }) => {
      ledger.violated("no listener throws", String(error));
    });
  }

  async #handle(job: Job, { signal }: JobContext): Promise<void> {
    const { ledger } = this.#parts;
    this.#begin(job);
    this.#signals.set(job.jid, signal);
    ledger.of(job.jid).hasThrown = false;
    try {
      await this.#behave(job, signal);
    } catch (error) {
      ledger.of(job.jid).hasThrown = !isOutcome(error);
      throw error;
    } finally {
      this.#end(job);
      if (this.#signals.get(job.jid) === signal) this.#signals.delete(job.jid);
    }
  }

  async #behave({ args, failure }: Job, signal: AbortSignal): Promise<void> {
    const [behaviour, ms] = args as [Behaviour, number];
    const isFirst = failure === undefined;
    switch (behaviour) {
      case "works":
        return;
      case "waits":
        return await this.process.sleep(ms);
      case "fails once":
        if (isFirst) throw new Error("it fails once");
        return;
      case "fails":
        throw new Error("it fails");
      case "discards":
        throw new Discard("it is not wanted");
      case "snoozes once":
        if (this.#parts.random.chance(0.5)) throw new Snooze(ms / 100);
        return;
      case "retries later once":
        if (isFirst) throw new RetryAfter(ms / 100);
        return;
      case "kills":
        throw new Kill("it is bad");
      case "runs too long":
        return await new Promise((resolve, reject) => {
          const timer = this.process.schedule(90_000, resolve as () => void);
          signal.addEventListener("abort", () => {
            timer.callback = undefined;
            reject(signal.reason);
          }, { once: true });
        });
      case "ignores its signal":
        return await this.process.sleep(70_000);
    }
  }

  /** Returns the signal of a running handler. */
  signalOf(jid: string): AbortSignal | undefined {
    return this.#signals.get(jid);
  }

  /** True if it can certainly run another job: a limit may be reached. */
  get hasFreeSlot(): boolean {
    return this.#handlers < this.#concurrency && Object.keys(this.#limits).length === 0;
  }

  get #isEnding(): boolean {
    return this.isStopping || this.isSignalled;
  }

  /** Returns the time for which checks have found it idle while jobs waited, in milliseconds. */
  idleSince(isWaiting: boolean): number {
    const { now } = this.process.timeline;
    const isIdle = isWaiting && this.#handlers === 0 && this.consumer.state === "running" &&
      this.consumer.running.length === 0 && !this.#isEnding && !this.process.isPaused &&
      Object.keys(this.#limits).length === 0;
    if (!isIdle || this.#hasStarted) this.#idleSince = now;
    this.#hasStarted = false;
    return now - this.#idleSince;
  }

  /** Checks that it sends a FETCH from time to time while it has nothing to do. */
  checkFetches(): void {
    const { process, consumer } = this;
    const { timeline: { now }, ledger } = this.#parts;
    const isIdle = this.#handlers === 0 && consumer.running.length === 0 &&
      consumer.state === "running" && !this.#isEnding && !process.isPaused &&
      Object.keys(this.#limits).length === 0;
    const troubledAt = Math.max(process.troubledAt, ledger.server.troubledAt) + RECOVERY_MS;
    if (!isIdle || troubledAt > now) this.#busyAt = now;
    if (now - Math.max(this.#busyAt, this.fetchedAt) < FETCH_MS) return;
    this.#busyAt = now;
    ledger.violated("an idle consumer sends a FETCH", process.name);
  }

  /** Called when the server answers a heartbeat with its signal. */
  told(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { process } = this;
    const { timeline, ledger } = this.#parts;
    const toldAt = timeline.now;
    timeline.at(toldAt + SIGNAL_MS, () => {
      const isCalm = Math.max(process.troubledAt, ledger.server.troubledAt) < toldAt;
      this.#isTold = isCalm;
      if (process.isDead || !isCalm || this.consumer.state !== "running") return;
      ledger.violated("a consumer follows the server's signal", process.name);
    });
  }

  /** Makes the consumer quiet. */
  quiet(): void {
    this.#quietAt = this.process.timeline.now;
    this.reports.fetchesNoMore();
    this.consumer.quiet();
  }

  #begin(job: Job): void {
    const { jid } = job;
    this.#hasStarted = true;
    const { ledger } = this.#parts;
    // A FETCH in flight may bring one more job, late if the network holds it back.
    const isLate = ledger.of(jid).handedAt > this.#quietAt + QUIET_MS;
    const troubledAt = Math.max(this.process.troubledAt, ledger.server.troubledAt);
    if (isLate && troubledAt < this.#quietAt) {
      ledger.violated("a quiet consumer starts nothing", `${this.#name}: ${jid}`);
    }
    ledger.runs.started(jid, this);
    this.reports.begun(jid);
    if (++this.#handlers > this.#concurrency && !this.isStopping) {
      ledger.violated("a consumer respects its concurrency", `${this.#name}: ${this.#handlers}`);
    }
    this.#checkLimit(job);
  }

  #end({ queue }: Job): void {
    this.#handlers--;
    this.#byQueue.set(queue, this.#byQueue.get(queue)! - 1);
  }

  #checkReserved({ jid }: Job): void {
    const { ledger, timeline } = this.#parts;
    const { holder, handedAt, isShared, number } = ledger.of(jid);
    // Only the jobs of producers have this reservation: those of schedules have half an hour.
    if (holder !== this || isShared || number < 0) return;
    // The consumer counts from its FETCH, whatever the server's clock does.
    if (this.process.jumpedAt >= handedAt) return;
    if (timeline.now - handedAt > RESERVED_MS) {
      ledger.violated("a job starts only while it is reserved", `${this.#name}: ${jid}`);
    }
  }

  #checkLimit({ jid, queue }: Job): void {
    const { queues = {} } = this.#limits;
    const running = (this.#byQueue.get(queue) ?? 0) + 1;
    this.#byQueue.set(queue, running);
    const { concurrency = Infinity } = queues[queue] ?? {};
    if (running > concurrency && !this.isStopping) {
      this.#parts.ledger.violated(
        "a limit is respected",
        `${this.#name}: ${jid}, ${running} of ${queue}`,
      );
    }
  }

  #checkRate({ jid }: Job): void {
    const { perSecond = Infinity } = this.#limits;
    if (perSecond === Infinity || this.process.pausedAt >= 0) return;
    const now = this.process.elapsed();
    // Two milliseconds less than a second, because both clocks round to milliseconds.
    while (this.#begun.length > 0 && this.#begun[0]! <= now - 998) this.#begun.shift();
    if (this.#begun.push(now) > perSecond) {
      this.#parts.ledger.violated("a limit is respected", `${this.#name}: ${jid}, in a second`);
    }
  }
}

function isOutcome(error: unknown): boolean {
  return [Discard, Kill, RetryAfter, Snooze].some((outcome) => error instanceof outcome);
}

function failsNow({ args, failure }: Job): boolean {
  return args[0] === "fails" || args[0] === "fails once" && failure === undefined;
}
