import { ServerError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import type { Clock } from "../internal/clock.ts";
import { greeting, hello } from "../protocol/commands/handshake.ts";
import { info } from "../protocol/commands/server.ts";
import {
  type Hello,
  helloPayload,
  parseGreeting,
  passwordHash,
  PROTOCOL_VERSION,
} from "../protocol/handshake.ts";
import type { ConnectTarget, Transport } from "../transport/transport.ts";
import {
  connectTimedOut,
  endedEarly,
  GREETING,
  helloRefused,
  passwordRequired,
} from "./dial_errors.ts";
import { Connection } from "./connection.ts";
import {
  askPassword,
  onlyUsername,
  type Password,
  passwordTookTooLong,
  urlRefused,
} from "./password.ts";
import { request } from "./request.ts";

/** Options of `dial`. */
export interface DialOptions {
  readonly transport: Transport;
  readonly target: ConnectTarget;
  readonly password?: Password | undefined;
  /** The URL that the password comes from, for errors. */
  readonly passwordSource?: string | undefined;
  /** The data about a worker in HELLO; `undefined` for producers. */
  readonly worker?: Omit<Hello, "version" | "passwordHash"> | undefined;
  /** Longest time for connecting, TLS and the handshake together, in ms. */
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly clock: Clock;
  /**
   * Also waits for the reply to a command: a server that sends its greeting may still not work.
   *
   * @default false
   */
  readonly prove?: boolean | undefined;
}

/**
 * Opens a connection and completes the handshake.
 *
 * @throws {ConnectError} if no connection could be opened. After a `VersionError`, trying again
 * does not help.
 */
export async function dial(options: DialOptions, signal?: AbortSignal): Promise<Connection> {
  const { target, transport, connectTimeoutMs, clock } = options;
  signal?.throwIfAborted();
  const abandon = new AbortController();
  const removeListener = onAbort(signal, () => abandon.abort(signal?.reason));
  let isAsking = typeof options.password === "function";
  let connection: Connection | undefined;
  const cancelTimer = clock.after(connectTimeoutMs, () => {
    abandon.abort(
      isAsking
        ? passwordTookTooLong(target, connectTimeoutMs)
        : connectTimedOut(target, connectTimeoutMs, connection?.replies === 0),
    );
  });
  try {
    // The password is fetched before connecting, because the server waits for HELLO for only two
    // seconds.
    const password = typeof options.password === "function"
      ? await orAborted(askPassword(options.password, target), abandon.signal)
      : options.password;
    isAsking = false;
    const connecting = transport.connect(target, { signal: abandon.signal });
    const opened = await orAborted(connecting, abandon.signal, (late) => late.close());
    connection = new Connection(opened, options);
    try {
      await orAborted(shakeHands(connection, options, password), abandon.signal);
      if (options.prove === true) await orAborted(prove(connection, target), abandon.signal);
      // An error may have arrived right after the OK.
      if (connection.isEnded) {
        throw endedEarly((await connection.ended).error, target, "the first command");
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  } finally {
    cancelTimer();
    removeListener();
  }
}

/**
 * Settles with `promise`, or rejects with the signal's reason as soon as it is aborted. A value
 * that arrives later is passed to `discard`.
 */
function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => void = () => {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const removeListener = onAbort(signal, () => reject(signal.reason));
    promise.then((value) => {
      removeListener();
      if (signal.aborted) discard(value);
      resolve(value);
    }, (error) => {
      removeListener();
      reject(error);
    });
  });
}

async function shakeHands(
  connection: Connection,
  { target, worker, passwordSource }: DialOptions,
  password: string | undefined,
): Promise<void> {
  const { salt, iterations = 1 } = await replyOrEnd(
    connection,
    () => request((entry) => connection.expect(entry), greeting(parseGreeting)),
    target,
    GREETING,
  );
  if (salt !== undefined && password === undefined) {
    throw worker?.username === undefined ? passwordRequired(target) : onlyUsername(target);
  }
  const hash = salt === undefined ? undefined : passwordHash(password!, salt, iterations);
  const command = hello(
    helloPayload({ version: PROTOCOL_VERSION, passwordHash: hash, ...worker }),
  );
  try {
    await replyOrEnd(
      connection,
      () => request((entry) => connection.send(entry), command),
      target,
      "its reply to HELLO",
    );
  } catch (error) {
    throw urlRefused(helloRefused(error, target), target, passwordSource);
  }
}

/** Sends a cheap command without effects. Only a reply to a command shows that the server works. */
async function prove(connection: Connection, target: ConnectTarget): Promise<void> {
  try {
    const send = () => request((entry) => connection.send(entry), info());
    await replyOrEnd(connection, send, target, "its reply to INFO");
  } catch (error) {
    // An error of the server is a reply too.
    if (!(error instanceof ServerError)) throw error;
  }
}

/**
 * Returns the reply to the command that `ask` sends. Rejects with a `ConnectError` if the
 * connection ends first.
 */
async function replyOrEnd<T>(
  connection: Connection,
  send: () => Promise<T>,
  target: ConnectTarget,
  awaited: string,
): Promise<T> {
  const ended = connection.ended.then(({ error }) => {
    throw endedEarly(error, target, awaited);
  });
  return await (connection.isEnded ? ended : Promise.race([send(), ended]));
}
