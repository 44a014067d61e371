import { InvalidArgumentError, ServerError } from "../errors.ts";
import { checkQueueName } from "../job/queue_name.ts";
import type { Command } from "../protocol/commands/command.ts";
import { changeQueues, queueLatency } from "../protocol/commands/server.ts";
import { LATENCY_UNKNOWN } from "../protocol/server_errors.ts";

/** Sends a command and returns its parsed reply. */
export type Send = <T>(command: Command<T>) => Promise<T>;

/** One queue or several; `"*"` means all queues. */
export type QueueNames = string | readonly string[];

/**
 * Pauses, resumes, removes and measures the server's queues (QUEUE PAUSE, RESUME, REMOVE, LATENCY).
 *
 * @example Pause and resume a queue
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

  /**
   * Pauses queues: the server hands out no jobs from them, but still accepts jobs for them. `"*"`
   * pauses all existing queues (QUEUE PAUSE).
   *
   * @throws {InvalidArgumentError} `INVALID_QUEUE` if a name is invalid, or there is none.
   */
  async pause(names: QueueNames): Promise<void> {
    await this.#send(changeQueues("PAUSE", checkNames(names, "pause queue", true)));
  }

  /**
   * Resumes paused queues (QUEUE RESUME).
   *
   * @throws {InvalidArgumentError} `INVALID_QUEUE` if a name is invalid, or there is none.
   */
  async resume(names: QueueNames): Promise<void> {
    await this.#send(changeQueues("RESUME", checkNames(names, "resume queue", true)));
  }

  /**
   * Removes queues **with all their jobs** (QUEUE REMOVE).
   *
   * @throws {InvalidArgumentError} `INVALID_QUEUE` if a name is invalid, or there is none.
   */
  async remove(names: QueueNames): Promise<void> {
    await this.#send(changeQueues("REMOVE", checkNames(names, "remove queue", true)));
  }

  /**
   * Returns for each queue the time that its oldest job has waited, in seconds (QUEUE LATENCY).
   * `"*"` is not allowed.
   *
   * The result does not contain a queue whose oldest job has no enqueue time, for example after
   * `sets.scheduled.requeue`. The server then refuses to measure all of the queues, so each queue
   * is then measured by a separate command.
   *
   * @throws {InvalidArgumentError} `INVALID_QUEUE` if a name is invalid, or there is none.
   * @throws {ProtocolError} `UNSUPPORTED_COMMAND` if the server is older than Faktory 1.9.2.
   */
  async latency(names: QueueNames): Promise<Map<string, number>> {
    const all = checkNames(names, "measure queue", false);
    const together = await this.#measure(all);
    if (together !== undefined) return together;
    const alone = all.length === 1 ? [] : all.map((name) => this.#measure([name]));
    return new Map((await Promise.all(alone)).flatMap((found) => [...found ?? []]));
  }

  /** Returns `undefined` if the oldest job of one of the queues has no enqueue time. */
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
    throw new InvalidArgumentError("INVALID_QUEUE", `Cannot ${action} as no name was passed`);
  }
  if (takesAll && list.length === 1 && list[0] === "*") return ["*"];
  return list.map((name) => checkQueueName(name, action));
}
