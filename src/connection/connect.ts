import { systemClock } from "../internal/clock.ts";
import { steady } from "../internal/steady_clock.ts";
import type { Hello } from "../protocol/handshake.ts";
import { resolveTransport } from "../transport/stream.ts";
import { dial, type DialOptions } from "./dial.ts";
import { ConnectionPool } from "./pool.ts";
import { type ConnectionOptions, resolveTiming } from "./options.ts";
import type { ConnectionListener, Delivery } from "./reconnect_options.ts";
import { ReconnectingConnection } from "./reconnecting_connection.ts";
import { GRACE_MS } from "./silent_watch.ts";
import { ConnectionStatus, type StatusListener } from "./status.ts";
import { resolveTarget } from "./target.ts";

/** What a producer or a consumer adds to the options of its user. */
export interface PoolOptions {
  readonly delivery: Delivery;
  /** Tries in a row to reconnect, where the options do not say. */
  readonly attempts: number;
  /** Hears of each connection and each try. */
  readonly listener?: ConnectionListener | undefined;
  /** Hears of outages: one for all connections, from the first that is lost until all are back. */
  readonly status?: StatusListener | undefined;
}

/** Makes groups of connections to the server of these options; each still has to be opened. */
export type MakePool = (
  count: number,
  worker?: Omit<Hello, "version" | "passwordHash">,
) => ConnectionPool;

/**
 * Checks the options, finds the server and the transport, and gives what makes connections.
 *
 * @throws {ConfigError} on an option, URL or variable that cannot be used.
 */
export async function preparePools(
  options: ConnectionOptions,
  { delivery, attempts, listener, status }: PoolOptions,
): Promise<MakePool> {
  const clock = steady(options.clock ?? systemClock);
  const { reconnect, connectTimeoutMs, commandTimeoutMs } = resolveTiming(options, attempts);
  const { target, password, username, passwordSource } = resolveTarget(options);
  const transport = await resolveTransport(options.transport);
  const all = status === undefined ? undefined : new ConnectionStatus(clock, status);
  return (count, worker) => {
    const dialOptions: DialOptions = {
      transport,
      target,
      password,
      passwordSource,
      worker: username === undefined ? worker : { ...worker, username },
      connectTimeoutMs,
      commandTimeoutMs,
      clock,
    };
    const connection = () =>
      new ReconnectingConnection({
        dial: (signal, isAgain) => dial({ ...dialOptions, prove: isAgain }, signal),
        graceMs: Math.min(GRACE_MS, commandTimeoutMs / 3),
        reconnect,
        delivery,
        clock,
        listener: both(all?.connection(), listener),
      });
    return new ConnectionPool(Array.from({ length: count }, connection));
  };
}

function both(
  one: ConnectionListener | undefined,
  other: ConnectionListener | undefined,
): ConnectionListener {
  return {
    disconnected(error, retryInMs) {
      one?.disconnected(error, retryInMs);
      other?.disconnected(error, retryInMs);
    },
    reconnected(attempts) {
      one?.reconnected(attempts);
      other?.reconnected(attempts);
    },
    closed() {
      one?.closed?.();
      other?.closed?.();
    },
  };
}
