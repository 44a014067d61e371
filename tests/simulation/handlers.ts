import { type ConsumerLimits, type Job, type JobContext, resumable } from "../../mod.ts";
import { behave, failsNow, isOutcome, stepsOf } from "./behaviours.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import { whenCounted } from "./rules/runs.ts";
import type { Worker } from "./worker.ts";

/** Parts of {@linkcode Handlers}. */
export interface HandlersParts {
  readonly worker: Worker;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly limits: ConsumerLimits;
  /** Options of `registerMany` for the type `many`. */
  readonly many: { readonly size: number; readonly waitMs: number };
}

/** The handlers of the jobs that producers enqueue. They record each run. */
export class Handlers {
  readonly #parts: HandlersParts;

  constructor(parts: HandlersParts) {
    this.#parts = parts;
  }

  /** Registers the handlers. */
  register(): void {
    const { worker: { consumer, process }, ledger, many } = this.#parts;
    consumer.register("one", (job, context) => this.#one(job, context));
    consumer.registerMany("many", many, async (jobs, { fail }) => {
      for (const job of jobs) this.#begin(job);
      const slow = jobs.find(({ args }) => args[0] === "waits");
      if (slow !== undefined) await process.sleep(slow.args[1] as number);
      for (const job of jobs) {
        if (failsNow(job)) fail(job, new Error("it fails"));
        this.#end(job);
      }
    });
    const steps = stepsOf(process, (jid, step) => ledger.runs.stepped(jid, step));
    const run = resumable(steps, { hopEveryMs: 1000 });
    consumer.register("steps", async (job, context) => {
      this.#begin(job);
      try {
        return await run(job, context);
      } finally {
        this.#end(job);
      }
    });
  }

  async #one(job: Job, { signal }: JobContext): Promise<void> {
    const { worker: { process, signals }, ledger, random } = this.#parts;
    const entry = ledger.of(job.jid);
    this.#begin(job);
    signals.set(job.jid, signal);
    entry.hasThrown = false;
    try {
      await behave(job, { process, random, signal });
    } catch (error) {
      entry.hasThrown = !isOutcome(error);
      throw error;
    } finally {
      this.#end(job);
      if (signals.get(job.jid) === signal) signals.delete(job.jid);
    }
  }

  #begin({ jid, queue }: Job): void {
    const { worker, ledger, limits: { queues = {} } } = this.#parts;
    const { process } = worker;
    ledger.runs.started(jid, worker);
    worker.reports.begun(jid);
    worker.hasStarted = true;
    worker.handlers++;
    const count = (worker.handlersOf.get(queue) ?? 0) + 1;
    worker.handlersOf.set(queue, count);
    const { concurrency: limit = Infinity } = queues[queue] ?? {};
    const entry = ledger.of(jid);
    ledger.judge(whenCounted, { entry, worker, process, count, limit, of: queue });
  }

  #end({ queue }: Job): void {
    const { worker } = this.#parts;
    worker.handlers--;
    worker.handlersOf.set(queue, worker.handlersOf.get(queue)! - 1);
  }
}
