import { encodeJob } from "../job/encode.ts";
import { type Producer, sendCommand } from "../producer/producer.ts";
import { push } from "../protocol/commands/jobs.ts";

/**
 * The type of the jobs by which it is known when a process ran the schedule last. No worker runs
 * them.
 */
const ALIVE = "faktory.cron.alive";

/**
 * Keeps on the server when a process ran the schedule last: as the age of a job in a queue that
 * nobody fetches from, which is what a client can ask for (QUEUE LATENCY). Two queues in turn, as a
 * queue is emptied before it gets its job.
 */
export class Heartbeat {
  readonly #queues: readonly string[];
  readonly #producer: Producer;
  /** The queue with the older job, or with none. */
  #next: string;

  constructor(schedule: string, producer: Producer) {
    this.#queues = [1, 2].map((number) => `cron.${schedule}.alive-${number}`);
    this.#producer = producer;
    this.#next = this.#queues[0]!;
  }

  /**
   * When a process ran the schedule last, by the server's clock; `undefined` if that is not known.
   */
  async last(info: Readonly<Record<string, unknown>>, now: number): Promise<number | undefined> {
    const sizes = sizesIn(info);
    const full = this.#queues.filter((name) => (sizes[name] ?? 0) > 0);
    this.#next = this.#queues.find((name) => !full.includes(name)) ?? this.#next;
    if (full.length === 0) return undefined;
    const ages = await this.#producer.queues.latency(full);
    const found = [...ages].sort(([, a], [, b]) => a - b);
    if (full.length > 1) this.#next = found.at(-1)?.[0] ?? this.#next;
    return found[0] && now - found[0][1] * 1000;
  }

  /** A process runs it now. */
  async beat(): Promise<void> {
    const queue = this.#next;
    await this.#producer.queues.remove(queue);
    await sendCommand(this.#producer, push(encodeJob({ type: ALIVE, queue, retry: 0 })));
  }
}

function sizesIn(info: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  const { queues } = Object(info["faktory"]) as { queues?: unknown };
  return Object(queues ?? {});
}
