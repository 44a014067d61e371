import { systemClock } from "../internal/clock.ts";
import { monotonic } from "../internal/monotonic_clock.ts";
import type { Hello } from "../protocol/handshake.ts";
import { resolveTransport } from "../transport/stream.ts";
import { dial, type DialOptions } from "./dial.ts";
import { type ConnectionOptions, resolveTiming } from "./options.ts";
import { ConnectionPool, type PoolHooks, type PoolSize } from "./pool.ts";
import type { ConnectionListener, Delivery } from "./reconnect_options.ts";
import { ReconnectingConnection } from "./reconnecting_connection.ts";
import { GRACE_MS } from "./silent_watch.ts";
import { ConnectionStatus, type StatusListener } from "./status.ts";
import { resolveTarget } from "./target.ts";

/** What a producer or a consumer adds to the options of its user. */
export interface PoolOptions {
  readonly delivery: Delivery;
  /** Attempts in a row to reconnect, unless the user's options say otherwise. */
  readonly attempts: number;
  /** Receives the events of each connection. */
  readonly listener?: ConnectionListener | undefined;
  /** Receives outages: one for all connections, from the first that is lost until all are back. */
  readonly status?: StatusListener | undefined;
}

/**
 * Makes a pool of connections to one server. The pool has to be opened. A number is a fixed size.
 */
export type MakePool = (
  size: number | PoolSize,
  worker?: Omit<Hello, "version" | "passwordHash">,
) => ConnectionPool;

/**
 * Checks the options, finds the server and the transport, and returns a function that makes pools.
 *
 * @throws {ConfigError} if an option, URL or variable cannot be used.
 */
export async function preparePools(
  options: ConnectionOptions,
  { delivery, attempts, listener, status }: PoolOptions,
): Promise<MakePool> {
  const clock = monotonic(options.clock ?? systemClock);
  const { reconnect, connectTimeoutMs, commandTimeoutMs } = resolveTiming(options, attempts);
  const { target, password, username, passwordSource } = resolveTarget(options);
  const transport = await resolveTransport(options.transport);
  const all = status === undefined ? undefined : new ConnectionStatus(clock, status);
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
    const make = (hooks: PoolHooks) =>
      new ReconnectingConnection({
        dial: (signal, isAgain) => dial({ ...dialOptions, prove: isAgain }, signal),
        graceMs: Math.min(GRACE_MS, commandTimeoutMs / 3),
        reconnect,
        delivery,
        clock,
        listener: both(all?.connection(), listener),
        ...hooks,
      });
    return new ConnectionPool(
      make,
      typeof size === "number" ? { min: size, max: size } : size,
      clock,
    );
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
