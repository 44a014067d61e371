import { type EncodedJob, encodeJob } from "../job/encode.ts";
import type { Producer } from "../producer/producer.ts";

/** The type of the jobs that keep the queues of heartbeats. No worker runs them. */
const ALIVE = "faktory.cron.alive";

/**
 * Keeps on the server when a process pushed firings last: in the name of a queue, which each
 * client can read (INFO). The queue's job is pushed together with the firings, so a process that
 * dies has done both or neither.
 */
export class Heartbeat {
  readonly #prefix: string;
  readonly #producer: Producer;

  constructor(schedule: string, producer: Producer) {
    this.#prefix = `cron.${schedule}.alive.`;
    this.#producer = producer;
  }

  /**
   * When a process pushed firings last, in ms by the server's clock; `undefined` if that is not
   * known.
   *
   * @param info The reply to INFO.
   */
  last(info: Readonly<Record<string, unknown>>): number | undefined {
    const times = this.#queuesIn(info).map((name) => parseInt(name.slice(this.#prefix.length), 36));
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** The job that says that firings are pushed `now`. */
  job(now: number): EncodedJob {
    return encodeJob({ type: ALIVE, queue: this.#prefix + now.toString(36), retry: 0 });
  }

  /** Removes the heartbeats in `info`, once a later one was pushed. */
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
