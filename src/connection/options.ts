import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { ConfigError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import type { Clock } from "../internal/clock.ts";
import type { BackoffOptions } from "../internal/backoff.ts";
import type { DuplexStream, TlsOptions, Transport } from "../transport/transport.ts";
import { DEFAULT_COMMAND_TIMEOUT_MS } from "./connection.ts";
import type { Password } from "./password.ts";

export type { Password } from "./password.ts";

/** How a lost connection is made again. The waits double, with jitter over their upper half. */
export interface ReconnectOptions {
  /** The first wait, in milliseconds. @default 100 */
  readonly initialMs?: number | undefined;
  /** The longest wait, in milliseconds. @default 5000 */
  readonly maxMs?: number | undefined;
  /**
   * Tries in a row before what waits is given up. @default 10 for a producer, Infinity for a
   * consumer
   */
  readonly attempts?: number | undefined;
}

/** Options that a producer and a consumer share. */
export interface ConnectionOptions {
  /**
   * The server: `tcp://:password@host:port`, or `tcp+tls://`.
   *
   * @default the URL in the variable that FAKTORY_PROVIDER names, else FAKTORY_URL, else
   * `tcp://localhost:7419`
   */
  readonly url?: string | URL | undefined;
  /**
   * The server's password, used instead of the URL's; or a function that gives it, which is called
   * before each connection is made, for passwords that change. If the function throws, or gives no
   * text, the attempt fails with an `AuthenticationError` of the code `PASSWORD_UNAVAILABLE`; the
   * time that it takes is part of `connectTimeoutMs`.
   */
  readonly password?: Password | undefined;
  /** TLS settings; given, TLS is used whatever the URL says. `true` for the defaults. */
  readonly tls?: TlsOptions | boolean | undefined;
  /** How connections are made, or a caller's own streams. @default the runtime's own sockets */
  readonly transport?: Transport | DuplexStream | undefined;
  /** How a lost connection is made again; `false`: never. */
  readonly reconnect?: ReconnectOptions | false | undefined;
  /** For connecting, TLS and the handshake together, in milliseconds. @default 10000 */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long the server may leave a command unanswered before the connection is tried anew, in
   * milliseconds. Commands are sent again only when the server answers on the new connection and, a
   * third of this time later, still not on the old one.
   *
   * @default 15000
   */
  readonly commandTimeoutMs?: number | undefined;
  /** Calls off connecting, and closes what was connected. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Where time comes from; a `ManualClock` of `./server` lets tests move it. @default the machine's
   * clock
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

/** {@linkcode ReconnectOptions} with their defaults in place. */
export interface ReconnectPolicy extends BackoffOptions {
  /** 0: never. */
  readonly attempts: number;
  /**
   * What waits is given up when the server has answered nothing for this long, although tries are
   * left, in milliseconds.
   */
  readonly giveUpMs?: number | undefined;
}

/** The timing options, checked, with their defaults in place. */
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
  const given = reconnect === false ? { attempts: 0 } : reconnect ?? {};
  const initialMs = positive("reconnect.initialMs", given.initialMs, 100);
  const maxMs = Math.max(initialMs, positive("reconnect.maxMs", given.maxMs, 5000));
  const tries = count("reconnect.attempts", given.attempts, attempts);
  const connectTimeoutMs = positive("connectTimeoutMs", options.connectTimeoutMs, 10_000);
  const commandTimeoutMs = positive(
    "commandTimeoutMs",
    options.commandTimeoutMs,
    DEFAULT_COMMAND_TIMEOUT_MS,
  );
  const giveUpMs = commandTimeoutMs + tries * (connectTimeoutMs + maxMs);
  return {
    reconnect: { initialMs, maxMs, attempts: tries, giveUpMs },
    connectTimeoutMs,
    commandTimeoutMs,
  };
}

/** A number above 0. */
export function positive(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0) return value;
  throw invalidOption(name, "a number above 0", value);
}

/** An integer of 0 or more, or Infinity. */
function count(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0)) {
    return value as number;
  }
  throw invalidOption(name, "an integer of 0 or more, or Infinity", value);
}

/** An integer from `min` to `max`. */
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

/** The error for an option of the wrong kind. */
export function invalidOption(name: string, wanted: string, value: unknown): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option ${name} as it is not ${wanted}: got ${showValue(value)}`,
  );
}
