import { type EncodedJob, encodeJob } from "../job/encode.ts";
import { INTERNAL_PREFIX } from "../job/internal_queues.ts";
import type { Producer } from "../producer/producer.ts";

/** Type of the jobs that create the queues of heartbeats. No worker runs them. */
const ALIVE = "faktory.cron.alive";

/**
 * Records on the server when a process last pushed firings, in the name of a queue, which every
 * client can read (INFO). The queue's job is pushed together with the firings, so a process that
 * crashes has done both or neither.
 */
export class Heartbeat {
  readonly #prefix: string;
  readonly #producer: Producer;

  constructor(schedule: string, producer: Producer) {
    this.#prefix = `${INTERNAL_PREFIX}cron.${schedule}.alive.`;
    this.#producer = producer;
  }

  /**
   * Returns the time at which a process last pushed firings, in ms by the server's clock;
   * `undefined` if it is not known.
   *
   * @param info The reply to INFO.
   */
  last(info: Readonly<Record<string, unknown>>): number | undefined {
    const times = this.#queuesIn(info).map((name) => parseInt(name.slice(this.#prefix.length), 36));
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Returns the job that records that firings are pushed at `now`. */
  job(now: number): EncodedJob {
    return encodeJob({ type: ALIVE, queue: this.#prefix + now.toString(36), retry: 0 });
  }

  /** Removes the heartbeats in `info`, after a later one was pushed. */
  async removeOld(info: Readonly<Record<string, unknown>>): Promise<void> {
    const queues = this.#queuesIn(info);
    if (queues.length > 0) await this.#producer.queues.remove(queues);
  }

  #queuesIn(info: Readonly<Record<string, unknown>>): string[] {
    const { queues } = Object(info["faktory"]) as { queues?: unknown };
    return Object.keys(Object(queues ?? {})).filter((name) =>
      name.startsWith(this.#prefix) && /^[0-9a-z]+$/.test(name.slice(this.#prefix.length))
    );
  }
}
