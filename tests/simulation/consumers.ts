import {
  ConnectionLostError,
  Consumer,
  type ConsumerOptions,
  RetryAfter,
  ServerError,
} from "../../mod.ts";
import type { BatchesOfWorld } from "./batches.ts";
import type { Member } from "./crew.ts";
import type { FlowKills } from "./flow_kills.ts";
import type { Flows } from "./flows.ts";
import { Handlers } from "./handlers.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { type ClockError, SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { Reports } from "./reports.ts";
import { whenRunEnds, whenStopped } from "./rules/consumers.ts";
import { EARLY_MS, whenDone, whenUnreported } from "./rules/reports.ts";
import { whenStartEmitted } from "./rules/runs.ts";
import type { Timeline } from "./timeline.ts";
import { Worker } from "./worker.ts";

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
  readonly flowKills: FlowKills | undefined;
  readonly batches: BatchesOfWorld | undefined;
}

/** Longest time of a stop after its grace period, in milliseconds. */
const STOP_MS = 2500;

/** A second, less 2 ms because two clocks round to milliseconds. */
const SECOND_MS = 998;

/** A process with a consumer. */
export class ConsumerProcess implements Member {
  readonly process: SimulatedProcess;
  readonly consumer: Consumer;
  readonly worker: Worker;
  readonly #parts: ConsumerParts;
  readonly #plan: ConsumerPlan;
  /** Start times of the jobs of the last second. */
  readonly #begun: number[] = [];
  #running: Promise<void> | undefined;

  constructor(name: string, plan: ConsumerPlan, parts: ConsumerParts) {
    const { timeline, network, ledger, flows, flowKills, batches, random } = this.#parts = parts;
    const { options, clock, many } = this.#plan = plan;
    const { concurrency = 10, limits = {} } = options;
    const process = this.process = new SimulatedProcess(name, timeline, clock);
    const consumer = this.consumer = new Consumer({
      ...options,
      url: "tcp://simulated:7419",
      transport: network.transport(process),
      clock: process,
    });
    const reports = new Reports(ledger);
    const worker = this.worker = new Worker({ process, consumer, reports, concurrency });
    process.tap = (bytes) => reports.wrote(worker, bytes);
    ledger.workers.set(consumer.wid, worker);
    flows.attach(consumer);
    if (flowKills !== undefined) {
      consumer.on("start", ({ job }) => flowKills.started(job, process));
    }
    batches?.attach(consumer, process);
    new Handlers({ worker, ledger, random, limits, many }).register();
    this.#listen();
  }

  get isStopping(): boolean {
    return this.worker.isStopping;
  }

  /** True if no limit of the consumer may be reached. */
  get isUnlimited(): boolean {
    return Object.keys(this.#plan.options.limits ?? {}).length === 0;
  }

  /** Runs the consumer. If it cannot connect, tries again. */
  run(): Promise<void> {
    return this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { ledger } = this.#parts;
    const { worker, process } = this;
    for (;;) {
      try {
        const run = this.consumer.run();
        // A run that could not connect does not keep the quiet state.
        if (worker.quietAt < Infinity) this.consumer.quiet();
        const report = await run;
        for (const { jid } of report.unreported) {
          ledger.runs.excused(jid, worker, "listed in the report of a run");
        }
        worker.reports.ended(worker, report);
        ledger.runs.checkStopped(worker, report);
        ledger.judge(whenRunEnds, { worker, process });
        return;
      } catch (error) {
        ledger.count(`runs of consumers that failed: ${(error as { code?: string }).code}`);
        if (worker.isStopping) return;
        await process.sleep(1000);
        if (worker.isStopping) return;
      }
    }
  }

  /** Stops the consumer, and checks that it ends in time. */
  async stop(graceMs: number): Promise<void> {
    const { process, worker } = this;
    const since = process.elapsed();
    const atMs = process.timeline.now;
    worker.isStopping = true;
    worker.stopsAt = Math.min(worker.stopsAt, atMs);
    await this.consumer.stop({ graceMs });
    await this.#running;
    const tookMs = process.elapsed() - since;
    const limitMs = graceMs + STOP_MS;
    this.#parts.ledger.judge(whenStopped, { process, atMs, tookMs, limitMs });
  }

  /** Makes the consumer quiet. */
  quiet(): void {
    this.worker.quietAt = Math.min(this.worker.quietAt, this.process.timeline.now);
    this.consumer.quiet();
  }

  /** Records the events of the consumer. */
  #listen(): void {
    const { consumer, worker, worker: { reports }, process } = this;
    const { ledger } = this.#parts;
    const { runs } = ledger;
    const { perSecond: limit = Infinity } = this.#plan.options.limits ?? {};
    consumer.on("start", ({ job }) => {
      const count = limit === Infinity ? 0 : this.#countSecond();
      const entry = ledger.of(job.jid);
      ledger.judge(whenStartEmitted, { entry, worker, process, count, limit, of: "a second" });
    });
    consumer.on("done", ({ job }) => {
      ledger.judge(whenDone, { entry: ledger.of(job.jid), worker, process });
      runs.finished(job.jid, worker, "ACK");
    });
    consumer.on("discard", ({ job }) => runs.finished(job.jid, worker, "ACK"));
    consumer.on("snooze", ({ job }) => runs.finished(job.jid, worker, "requeued"));
    consumer.on("requeued", ({ job }) => runs.finished(job.jid, worker, "requeued"));
    consumer.on("fail", ({ job, error }) => {
      runs.finished(job.jid, worker, error instanceof RetryAfter ? "requeued" : "FAIL");
    });
    consumer.on("unreported", ({ job, error }) => {
      ledger.judge(whenUnreported, { entry: ledger.of(job.jid), worker, process, error });
      const isTooLate = error instanceof ConnectionLostError && error.code === "DEADLINE_PASSED";
      if (error instanceof ServerError || isTooLate) reports.refused(job.jid);
      runs.excused(job.jid, worker, "unreported");
    });
    consumer.on("expired", ({ job }) => {
      runs.excused(job.jid, worker, "expired");
      const { handedAt, isShared } = ledger.of(job.jid);
      // An earlier run of the job may have expired while the consumer has it again.
      const isOfThisRun = ledger.now - handedAt >= EARLY_MS;
      if (!isShared && isOfThisRun) reports.expired(job.jid);
    });
    for (const event of ["done", "discard", "snooze", "requeued", "fail", "expired"] as const) {
      consumer.on(event, ({ job }) => reports.settled(job.jid));
    }
    consumer.on("disconnect", () => ledger.count("outages of consumers"));
    consumer.on("listenerError", ({ error }) => {
      ledger.violated("no listener throws", String(error));
    });
  }

  /** Returns the number of jobs that have started in the last second, with this one. */
  #countSecond(): number {
    const now = this.process.elapsed();
    while (this.#begun.length > 0 && this.#begun[0]! <= now - SECOND_MS) this.#begun.shift();
    return this.#begun.push(now);
  }
}
