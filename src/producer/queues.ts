import { InvalidArgumentError } from "../errors.ts";
import { checkQueueName } from "../job/queue_name.ts";
import type { Command } from "../protocol/commands/command.ts";
import { changeQueues, queueLatency } from "../protocol/commands/server.ts";

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
   * How long the oldest job of each queue has waited, in seconds, by the queue's name. Names only, no `"*"`.
   *
   * @throws {ProtocolError} `UNSUPPORTED_COMMAND` where the server is older than Faktory 1.9.2.
   */
  async latency(names: QueueNames): Promise<Map<string, number>> {
    return await this.#send(queueLatency(checkNames(names, "measure queue", false)));
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
