import { invalidOption, positive } from "../connection/options.ts";
import { ConfigError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { ConnectTarget, Transport } from "../transport/transport.ts";
import { readUrl } from "../transport/url.ts";
import { edgeClock } from "./clock.ts";
import { sockets } from "./sockets.ts";

/**
 * Options of {@linkcode PasswordlessProducer.connect}.
 *
 * @example Wait for the server for at most two seconds
 * ```ts ignore
 * import { PasswordlessProducer } from "@faktory-ts/faktory/edge";
 *
 * await using producer = await PasswordlessProducer.connect({
 *   url: "tcp://10.0.0.7:7419",
 *   connectTimeoutMs: 2000,
 *   commandTimeoutMs: 2000,
 * });
 * ```
 */
export interface PasswordlessProducerOptions {
  /**
   * The server's URL: `tcp://host:port`, or `tcp+tls://host:port` for TLS. Environment variables
   * are not read.
   */
  readonly url: string | URL;
  /** A transport that opens connections. @default the sockets of Cloudflare Workers */
  readonly transport?: Transport | undefined;
  /**
   * Longest time for connecting, TLS and the handshake together, in milliseconds. @default 10000
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Longest time that jobs wait without any reply from the server, in milliseconds. @default 15000
   */
  readonly commandTimeoutMs?: number | undefined;
  /**
   * The source of time. In tests, use a `ManualClock` from `./server`. @default the system clock
   */
  readonly clock?: Clock | undefined;
}

/**
 * Options of {@linkcode Producer.connect}.
 *
 * @example Enqueue from Deno, with the sockets of Deno
 * ```ts ignore
 * import { Producer } from "@faktory-ts/faktory/edge";
 * import { denoTransport } from "@faktory-ts/faktory/transport/deno";
 *
 * await using producer = await Producer.connect({
 *   url: "tcp+tls://jobs.example.com:7419",
 *   password: "open, sesame",
 *   transport: denoTransport,
 * });
 * ```
 */
export interface ProducerOptions extends PasswordlessProducerOptions {
  /** The server's password. @default the one in the URL */
  readonly password?: string | undefined;
}

/** The checked options, with defaults. */
export interface Settings {
  readonly target: ConnectTarget;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly transport: Transport;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly clock: Clock;
}

const NAMES: readonly string[] = [
  ...["url", "password", "transport", "connectTimeoutMs", "commandTimeoutMs", "clock"],
];

/**
 * Checks the options.
 *
 * @throws {ConfigError} `INVALID_OPTION`, `INVALID_URL`.
 */
export function settingsOf(options: ProducerOptions): Settings {
  for (const [name, value] of Object.entries(options)) {
    if (NAMES.includes(name) || value === undefined) continue;
    // An ignored option `tls` would send jobs unencrypted.
    throw refused(`the option ${name} as ./edge does not support it`);
  }
  const { url, password, transport = sockets, clock = edgeClock } = options;
  if (typeof url !== "string" && !(url as unknown instanceof URL)) {
    throw invalidOption("url", "a string or a URL", url);
  }
  if (password !== undefined && typeof password !== "string") {
    throw refused("the option password as it is not a string");
  }
  if (typeof transport?.connect !== "function") {
    throw invalidOption("transport", "an object with a function connect", transport);
  }
  const { hostname, port, tls, ...user } = readUrl(
    String(url),
    "the option url",
    () => "it has a path, query or fragment: in a password write %2F %3F %23 for / ? #",
  );
  return {
    target: { hostname, port, tls: tls ? {} : undefined },
    username: user.username,
    password: password ?? user.password,
    transport,
    connectTimeoutMs: positive("connectTimeoutMs", options.connectTimeoutMs, 10_000),
    commandTimeoutMs: positive("commandTimeoutMs", options.commandTimeoutMs, 15_000),
    clock,
  };
}

/** Returns the error for an invalid option. */
export function refused(what: string): ConfigError {
  return new ConfigError("INVALID_OPTION", `Cannot use ${what}`);
}
