import { systemClock } from "../internal/clock.ts";
import { monotonic } from "../internal/monotonic_clock.ts";
import type { Hello } from "../protocol/handshake.ts";
import { resolveTransport } from "../transport/stream.ts";
import { dial, type DialOptions } from "./dial.ts";
import { type ConnectionOptions, resolveTiming } from "./options.ts";
import { ConnectionPool, type PoolCallbacks, type PoolSize } from "./pool.ts";
import type { Delivery, ReconnectListener } from "./reconnect_options.ts";
import { ReconnectingConnection } from "./reconnecting_connection.ts";
import { GRACE_MS } from "./silent_watch.ts";
import { ConnectionStatus, type StatusListener } from "./status.ts";
import { resolveTarget } from "./target.ts";

/** Settings of a producer or a consumer for its connections. */
export interface PoolOptions {
  readonly delivery: Delivery;
  /** Number of attempts to reconnect, unless the user's options set it. */
  readonly attempts: number;
  /** Receives the events of each connection. */
  readonly listener?: ReconnectListener | undefined;
  /** Receives outages. An outage covers all connections: it lasts until all are restored. */
  readonly status?: StatusListener | undefined;
}

/**
 * Creates a pool of connections to one server. The caller has to open it. A `size` that is
 * a number is both minimum and maximum.
 */
export type MakePool = (
  size: number | PoolSize,
  worker?: Omit<Hello, "version" | "passwordHash">,
) => ConnectionPool;

/**
 * Checks the options, finds the server and the transport, and returns a function that creates
 * pools.
 *
 * @throws {ConfigError} if an option, a URL or an environment variable is invalid.
 */
export async function preparePools(
  options: ConnectionOptions,
  { delivery, attempts, listener, status }: PoolOptions,
): Promise<MakePool> {
  const clock = monotonic(options.clock ?? systemClock);
  const { reconnect, connectTimeoutMs, commandTimeoutMs } = resolveTiming(options, attempts);
  const { target, password, username, passwordSource } = resolveTarget(options);
  const transport = await resolveTransport(options.transport);
  const connectionStatus = status === undefined ? undefined : new ConnectionStatus(clock, status);
  return (size, worker) => {
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
    const make = (callbacks: PoolCallbacks) =>
      new ReconnectingConnection({
        dial: (signal, isAgain) => dial({ ...dialOptions, prove: isAgain }, signal),
        graceMs: Math.min(GRACE_MS, commandTimeoutMs / 3),
        reconnect,
        delivery,
        clock,
        listener: callBoth(connectionStatus?.connection(), listener),
        ...callbacks,
      });
    return new ConnectionPool(
      make,
      typeof size === "number" ? { min: size, max: size } : size,
      clock,
    );
  };
}

function callBoth(
  one: ReconnectListener | undefined,
  other: ReconnectListener | undefined,
): ReconnectListener {
  return {
    disconnected(error, retryInMs) {
      one?.disconnected(error, retryInMs);
      other?.disconnected(error, retryInMs);
    },
    reconnected(attempts) {
      one?.reconnected(attempts);
      other?.reconnected(attempts);
    },
    replaced(error) {
      one?.replaced?.(error);
      other?.replaced?.(error);
    },
    closed() {
      one?.closed?.();
      other?.closed?.();
    },
  };
}
