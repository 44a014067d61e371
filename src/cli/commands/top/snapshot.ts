import { Producer, ProtocolError, ServerError, type ServerInfo } from "../../../../mod.ts";
import type { ConnectionOptions } from "../../../../mod.ts";
import type { Clock } from "../../../internal/clock.ts";

/** What a server said at one moment. */
export interface Snapshot extends Omit<ServerInfo, "raw"> {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /**
   * How long the oldest job of each queue has waited, in seconds; without those of which the server
   * does not tell.
   */
  readonly latencies: ReadonlyMap<string, number>;
}

/** Asks a server again and again, on a new connection once the last one failed. */
export class Watch {
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  #producer: Producer | undefined;

  constructor(options: ConnectionOptions, clock: Clock) {
    // What is shown is to be of now: nothing waits for a server to come back.
    this.#options = { ...options, reconnect: false };
    this.#clock = clock;
  }

  /**
   * What the server says now.
   *
   * @throws {FaktoryError} where it cannot be asked; the next call tries anew.
   */
  async snapshot(): Promise<Snapshot> {
    const producer = this.#producer ??= await Producer.connect(this.#options);
    try {
      const { raw: _, ...info } = await producer.info();
      const at = this.#clock.now();
      return { ...info, at, latencies: await latenciesOf(producer, Object.keys(info.queues)) };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.close();
  }
}

async function latenciesOf(
  producer: Producer,
  names: readonly string[],
): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  try {
    return await producer.queues.latency(names);
  } catch (error) {
    if (error instanceof ProtocolError && error.code === "UNSUPPORTED_COMMAND") return new Map();
    if (!(error instanceof ServerError)) throw error;
  }
  // One queue whose oldest job does not say since when it waits spoils the reply for all.
  const each = await Promise.allSettled(names.map((name) => producer.queues.latency(name)));
  return new Map(each.flatMap((one) => one.status === "fulfilled" ? [...one.value] : []));
}
