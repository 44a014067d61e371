import { ConfigError } from "../../errors.ts";
import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { showText, showValue } from "../../internal/show.ts";
import { isQueueName } from "../../job/queue_name.ts";
import type { Reservation } from "../reservation.ts";

/**
 * Limits how many jobs of a queue run at the same time, as in `[throttles]` of Faktory Enterprise's
 * configuration.
 */
export interface ServerThrottle {
  /** Maximum number of jobs that run at the same time on all workers. */
  readonly concurrency?: number | undefined;
  /** Maximum number of jobs that run at the same time on each worker process. */
  readonly worker?: number | undefined;
  /**
   * Accepted for compatibility, but has no effect: a job counts until it has ended or its
   * reservation has expired.
   */
  readonly timeout?: number | undefined;
}

const OPTIONS = {
  concurrency: true,
  worker: true,
  timeout: true,
} as const satisfies OptionNames<ServerThrottle>;

/** Queues with a limit on running jobs. */
export class Throttles {
  readonly #limits: ReadonlyMap<string, ServerThrottle>;

  /** @throws {ConfigError} `INVALID_OPTION`. */
  constructor(throttles: unknown) {
    if (typeof throttles !== "object" || throttles === null || Array.isArray(throttles)) {
      throw invalidThrottles(`it is not an object: got ${showValue(throttles)}`);
    }
    this.#limits = new Map(Object.entries(throttles));
    for (const [queue, limit] of this.#limits) check(queue, limit);
  }

  /**
   * Returns true if a queue is limited. A FETCH never waits for such a queue, since a job could
   * arrive while the limit is reached.
   */
  has(queue: string): boolean {
    return this.#limits.has(queue);
  }

  /** Returns true if a worker may get another job of a queue while these jobs run. */
  admits(queue: string, wid: string, running: Iterable<Reservation>): boolean {
    const limit = this.#limits.get(queue);
    if (limit === undefined) return true;
    const { concurrency = Infinity, worker = Infinity } = limit;
    let [all, own] = [0, 0];
    for (const { job, wid: holder } of running) {
      if (job.queue !== queue) continue;
      all++;
      if (holder === wid) own++;
    }
    return all < concurrency && own < worker;
  }
}

function check(queue: string, limit: unknown): void {
  const owner = `throttles.${queue}`;
  if (!isQueueName(queue)) throw invalidThrottles(`${showText(queue)} is not a valid queue name`);
  checkOptionNames(limit, OPTIONS, owner);
  const { concurrency, worker, timeout } = limit as ServerThrottle;
  if ((concurrency === undefined) === (worker === undefined)) {
    throw invalidThrottles(`${owner} must have exactly one of concurrency and worker`);
  }
  for (const [name, value] of Object.entries({ concurrency, worker, timeout })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw invalidThrottles(
      `${owner}.${name} is not an integer of 1 or more: got ${showValue(value)}`,
    );
  }
}

function invalidThrottles(reason: string): ConfigError {
  return new ConfigError("INVALID_OPTION", `Cannot use the option throttles as ${reason}`);
}
