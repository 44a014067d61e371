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
  GREETED,
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

/** What it takes to open a connection. */
export interface DialOptions {
  readonly transport: Transport;
  readonly target: ConnectTarget;
  readonly password?: Password | undefined;
  /** Which URL the password comes from, for errors. */
  readonly passwordSource?: string | undefined;
  /** What a consumer says of itself; producers say nothing. */
  readonly worker?: Omit<Hello, "version" | "passwordHash"> | undefined;
  /** For connecting, TLS and the handshake together. */
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly clock: Clock;
  /**
   * Whether the server has to answer a command, too: one that greets may still be of no use.
   * @default false
   */
  readonly prove?: boolean | undefined;
}

/**
 * Connects and shakes hands.
 *
 * @throws {ConnectError} if no connection could be opened. After a `VersionError`, trying again
 * cannot help.
 */
export async function dial(options: DialOptions, signal?: AbortSignal): Promise<Connection> {
  const { target, transport, connectTimeoutMs, clock } = options;
  signal?.throwIfAborted();
  const giveUp = new AbortController();
  const forget = onAbort(signal, () => giveUp.abort(signal?.reason));
  let isAsking = typeof options.password === "function";
  let connection: Connection | undefined;
  const cancelTimer = clock.after(connectTimeoutMs, () => {
    giveUp.abort(
      isAsking
        ? passwordTookTooLong(target, connectTimeoutMs)
        : connectTimedOut(target, connectTimeoutMs, connection?.replies === 0),
    );
  });
  try {
    // Before the connection is made: the server waits for HELLO for two seconds only.
    const password = typeof options.password === "function"
      ? await orAborted(askPassword(options.password, target), giveUp.signal)
      : options.password;
    isAsking = false;
    const connecting = transport.connect(target, { signal: giveUp.signal });
    const opened = await orAborted(connecting, giveUp.signal, (late) => late.close());
    connection = new Connection(opened, options);
    try {
      await orAborted(shakeHands(connection, options, password), giveUp.signal);
      if (options.prove === true) await orAborted(prove(connection, target), giveUp.signal);
      // What came right behind the OK may have been a refusal after all.
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
    forget();
  }
}

/**
 * `promise`, or the signal's reason as soon as there is one; what comes too late goes to `discard`.
 */
function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => void = () => {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const forget = onAbort(signal, () => reject(signal.reason));
    promise.then((value) => {
      forget();
      if (signal.aborted) discard(value);
      resolve(value);
    }, (error) => {
      forget();
      reject(error);
    });
  });
}

async function shakeHands(
  connection: Connection,
  { target, worker, passwordSource }: DialOptions,
  password: string | undefined,
): Promise<void> {
  const { salt, iterations = 1 } = await answered(
    connection,
    () => request((entry) => connection.expect(entry), greeting(parseGreeting)),
    target,
    GREETED,
  );
  if (salt !== undefined && password === undefined) {
    throw worker?.username === undefined ? passwordRequired(target) : onlyUsername(target);
  }
  const hash = salt === undefined ? undefined : passwordHash(password!, salt, iterations);
  const command = hello(
    helloPayload({ version: PROTOCOL_VERSION, passwordHash: hash, ...worker }),
  );
  try {
    await answered(
      connection,
      () => request((entry) => connection.send(entry), command),
      target,
      "its reply to HELLO",
    );
  } catch (error) {
    throw urlRefused(helloRefused(error, target), target, passwordSource);
  }
}

/** A cheap command that changes nothing: only an answered command shows that a connection works. */
async function prove(connection: Connection, target: ConnectTarget): Promise<void> {
  try {
    const ask = () => request((entry) => connection.send(entry), info());
    await answered(connection, ask, target, "its reply to INFO");
  } catch (error) {
    // A refusal is an answer.
    if (!(error instanceof ServerError)) throw error;
  }
}

/** The reply to what `ask` sends, or a `ConnectError` where the connection ended before it came. */
async function answered<T>(
  connection: Connection,
  ask: () => Promise<T>,
  target: ConnectTarget,
  awaited: string,
): Promise<T> {
  const ended = connection.ended.then(({ error }) => {
    throw endedEarly(error, target, awaited);
  });
  return await (connection.isEnded ? ended : Promise.race([ask(), ended]));
}
