import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { ConfigError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import type { Clock } from "../internal/clock.ts";
import type { BackoffOptions } from "../internal/backoff.ts";
import type { DuplexStream, TlsOptions, Transport } from "../transport/transport.ts";
import { DEFAULT_COMMAND_TIMEOUT_MS } from "./connection.ts";
import type { Password } from "./password.ts";

export type { Password } from "./password.ts";

/**
 * Options for reconnecting. The delay doubles with each attempt; the upper half of it is random.
 */
export interface ReconnectOptions {
  /** Delay before the first attempt, in milliseconds. @default 100 */
  readonly initialMs?: number | undefined;
  /** Longest delay, in milliseconds. @default 5000 */
  readonly maxMs?: number | undefined;
  /**
   * Number of consecutive attempts after which waiting calls are rejected.
   *
   * @default 10 for a producer, unlimited for a consumer
   */
  readonly attempts?: number | undefined;
}

/** Options that producers and consumers have in common. */
export interface ConnectionOptions {
  /**
   * The server's URL: `tcp://:password@host:port` or `tcp+tls://:password@host:port`.
   *
   * @default the URL in the environment variable that FAKTORY_PROVIDER names, or else FAKTORY_URL,
   * or else `tcp://localhost:7419`
   */
  readonly url?: string | URL | undefined;
  /**
   * The server's password, instead of the one in the URL; or a function that returns it, for
   * passwords that change. The function is called before each connection is opened, and its time
   * counts towards `connectTimeoutMs`. If it throws or does not return a string, the attempt fails
   * with the code `PASSWORD_UNAVAILABLE` (`AuthenticationError`).
   *
   * @default the password in the URL
   */
  readonly password?: Password | undefined;
  /**
   * TLS settings; `true` for the defaults. If set, TLS is used with any URL.
   *
   * @default off, unless the URL begins with `tcp+tls://`
   */
  readonly tls?: TlsOptions | boolean | undefined;
  /** A transport that opens connections, or a pair of streams. @default the runtime's sockets */
  readonly transport?: Transport | DuplexStream | undefined;
  /** Options for reconnecting; `false` disables reconnecting. @default {} */
  readonly reconnect?: ReconnectOptions | false | undefined;
  /**
   * Longest time for connecting, TLS and the handshake together, in milliseconds. @default 10000
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Longest time without a reply, in milliseconds. Then another connection is opened. Commands are
   * sent again if the server replies on the new connection but, after another third of this time,
   * still not on the old one.
   *
   * @default 15000
   */
  readonly commandTimeoutMs?: number | undefined;
  /** Aborts connecting, and closes the connections. @default none */
  readonly signal?: AbortSignal | undefined;
  /**
   * The source of time. In tests, use a `ManualClock` from `./server`. @default the system clock
   */
  readonly clock?: Clock | undefined;
}

/** The names of {@linkcode ConnectionOptions}. */
export const CONNECTION_OPTIONS = {
  url: true,
  password: true,
  tls: true,
  transport: true,
  reconnect: true,
  connectTimeoutMs: true,
  commandTimeoutMs: true,
  signal: true,
  clock: true,
} as const satisfies OptionNames<ConnectionOptions>;

const RECONNECT_OPTIONS = {
  initialMs: true,
  maxMs: true,
  attempts: true,
} as const satisfies OptionNames<ReconnectOptions>;

/** The checked {@linkcode ReconnectOptions}, with defaults. */
export interface ReconnectPolicy extends BackoffOptions {
  /** Number of attempts; 0 disables reconnecting. */
  readonly attempts: number;
  /**
   * Time without any reply after which waiting commands are rejected, even if attempts are left, in
   * milliseconds.
   */
  readonly giveUpMs?: number | undefined;
}

/** The checked timing options, with defaults. */
export interface Timing {
  readonly reconnect: ReconnectPolicy;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
}

/**
 * Checks the timing options.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function resolveTiming(options: ConnectionOptions, attempts: number): Timing {
  const { reconnect } = options;
  if (reconnect !== undefined && reconnect !== false) {
    if (typeof reconnect !== "object" || reconnect === null) {
      throw invalidOption("reconnect", "an object or false", reconnect);
    }
    checkOptionNames(reconnect, RECONNECT_OPTIONS, "reconnect", "reconnect.");
  }
  const settings = reconnect === false ? { attempts: 0 } : reconnect ?? {};
  const initialMs = positive("reconnect.initialMs", settings.initialMs, 100);
  const maxMs = Math.max(initialMs, positive("reconnect.maxMs", settings.maxMs, 5000));
  const maxAttempts = count("reconnect.attempts", settings.attempts, attempts);
  const connectTimeoutMs = positive("connectTimeoutMs", options.connectTimeoutMs, 10_000);
  const commandTimeoutMs = positive(
    "commandTimeoutMs",
    options.commandTimeoutMs,
    DEFAULT_COMMAND_TIMEOUT_MS,
  );
  const giveUpMs = commandTimeoutMs + maxAttempts * (connectTimeoutMs + maxMs);
  return {
    reconnect: { initialMs, maxMs, attempts: maxAttempts, giveUpMs },
    connectTimeoutMs,
    commandTimeoutMs,
  };
}

/** Checks a number above 0. */
export function positive(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0) return value;
  throw invalidOption(name, "a number above 0", value);
}

/** Checks an integer that is at least 0, or Infinity. */
function count(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0)) {
    return value as number;
  }
  throw invalidOption(name, "an integer of 0 or more, or Infinity", value);
}

/** Checks an integer from `min` to `max`. */
export function integerIn(
  name: string,
  value: unknown,
  { min, max, fallback }: { min: number; max: number; fallback: number },
): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  throw invalidOption(name, `an integer from ${min} to ${max}`, value);
}

/** Returns the error for an invalid option. */
export function invalidOption(name: string, wanted: string, value: unknown): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option ${name} as it is not ${wanted}: got ${showValue(value)}`,
  );
}
