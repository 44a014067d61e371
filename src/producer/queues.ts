import { InvalidArgumentError, ServerError } from "../errors.ts";
import { checkQueueName } from "../job/queue_name.ts";
import type { Command } from "../protocol/commands/command.ts";
import { changeQueues, queueLatency } from "../protocol/commands/server.ts";
import { LATENCY_UNKNOWN } from "../protocol/server_errors.ts";

/** Sends a command and gives what its reply says. */
export type Send = <T>(command: Command<T>) => Promise<T>;

/** One queue or several; `"*"` is all of them. */
export type QueueNames = string | readonly string[];

/**
 * The server's queues: QUEUE PAUSE, RESUME, REMOVE and LATENCY.
 *
 * @example Stop handing out jobs, and go on
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 *
 * await using producer = await Producer.connect();
 * await producer.enqueue("resize", ["cat.png"], { queue: "images" });
 * await producer.queues.pause("images");
 * console.assert((await producer.queues.latency("images")).has("images"));
 * await producer.queues.resume(["images"]);
 * ```
 */
export class Queues {
  readonly #send: Send;

  /** @internal */
  constructor(send: Send) {
    this.#send = send;
  }

  /** Stops handing out jobs of these queues; they still take jobs. `"*"` pauses all there are. */
  async pause(names: QueueNames): Promise<void> {
    await this.#send(changeQueues("PAUSE", checkNames(names, "pause queue", true)));
  }

  /** Hands out jobs of these queues again. */
  async resume(names: QueueNames): Promise<void> {
    await this.#send(changeQueues("RESUME", checkNames(names, "resume queue", true)));
  }

  /** Removes these queues **with all jobs in them**. */
  async remove(names: QueueNames): Promise<void> {
    await this.#send(changeQueues("REMOVE", checkNames(names, "remove queue", true)));
  }

  /**
   * How long the oldest job of each queue has waited, in seconds, by the queue's name. Names only,
   * no `"*"`.
   *
   * A queue is left out if its oldest job does not say when it was enqueued, as after
   * `sets.scheduled.requeue`. The server then refuses to measure all of the queues, so each is
   * asked for by itself.
   *
   * @throws {ProtocolError} `UNSUPPORTED_COMMAND` where the server is older than Faktory 1.9.2.
   */
  async latency(names: QueueNames): Promise<Map<string, number>> {
    const all = checkNames(names, "measure queue", false);
    const together = await this.#measure(all);
    if (together !== undefined) return together;
    const alone = all.length === 1 ? [] : all.map((name) => this.#measure([name]));
    return new Map((await Promise.all(alone)).flatMap((found) => [...found ?? []]));
  }

  /** `undefined` where the oldest job of one of them does not say when it was enqueued. */
  async #measure(names: readonly string[]): Promise<Map<string, number> | undefined> {
    try {
      return await this.#send(queueLatency(names));
    } catch (error) {
      if (error instanceof ServerError && error.code === LATENCY_UNKNOWN) return undefined;
      throw error;
    }
  }
}

function checkNames(names: QueueNames, action: string, takesAll: boolean): string[] {
  const list: readonly unknown[] = Array.isArray(names) ? names : [names];
  if (list.length === 0) {
    throw new InvalidArgumentError("INVALID_QUEUE", `Cannot ${action} as no name was given`);
  }
  if (takesAll && list.length === 1 && list[0] === "*") return ["*"];
  return list.map((name) => checkQueueName(name, action));
}
