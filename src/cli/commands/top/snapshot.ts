import { Producer, ProtocolError, ServerError, type ServerInfo } from "../../../../mod.ts";
import type { ConnectionOptions } from "../../../../mod.ts";
import type { Clock } from "../../../internal/clock.ts";
import { withoutInternal } from "../../../job/internal_queues.ts";

/** A server's statistics at one moment, without its internal queues. */
export interface Snapshot extends Omit<ServerInfo, "raw"> {
  /** The time in ms since 1970. */
  readonly at: number;
  /**
   * Seconds that the oldest job of each queue has waited. Queues without this information are
   * missing.
   */
  readonly latencies: ReadonlyMap<string, number>;
}

/** Requests snapshots from a server. Reconnects after an error. */
export class SnapshotSource {
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  #producer: Producer | undefined;

  constructor(options: ConnectionOptions, clock: Clock) {
    // Without reconnecting: an update must show the current state, so it cannot wait for the server
    // to return.
    this.#options = { ...options, reconnect: false };
    this.#clock = clock;
  }

  /**
   * Requests the current statistics.
   *
   * @throws {FaktoryError} if the server does not answer. The next call connects again.
   */
  async snapshot(): Promise<Snapshot> {
    const producer = this.#producer ??= await Producer.connect(this.#options);
    try {
      const { raw: _, ...info } = await producer.info();
      const at = this.#clock.now();
      const queues = withoutInternal(info.queues);
      return { ...info, queues, at, latencies: await latenciesOf(producer, Object.keys(queues)) };
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
  // A single queue whose oldest job has no time makes the server reject the whole request.
  const each = await Promise.allSettled(names.map((name) => producer.queues.latency(name)));
  return new Map(each.flatMap((one) => one.status === "fulfilled" ? [...one.value] : []));
}
