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
import { endedEarly, GREETED, helloRefused, passwordRequired, tookTooLong } from "./dial_errors.ts";
import { Lane } from "./lane.ts";
import { askPassword, type Password, passwordTookTooLong } from "./password.ts";
import { request } from "./request.ts";

/** What it takes to open a lane. */
export interface DialOptions {
  readonly transport: Transport;
  readonly target: ConnectTarget;
  readonly password?: Password | undefined;
  /** What a consumer says of itself; producers say nothing. */
  readonly worker?: Omit<Hello, "version" | "passwordHash"> | undefined;
  /** For connecting, TLS and the handshake together. */
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly clock: Clock;
  /** Whether the server has to answer a command, too: one that greets may still be of no use. @default false */
  readonly prove?: boolean | undefined;
}

/**
 * Connects and shakes hands.
 *
 * @throws {ConnectError} if no lane could be opened. After a `VersionError`, trying again cannot help.
 */
export async function dial(options: DialOptions, signal?: AbortSignal): Promise<Lane> {
  const { target, transport, connectTimeoutMs, clock } = options;
  signal?.throwIfAborted();
  const giveUp = new AbortController();
  const forget = onAbort(signal, () => giveUp.abort(signal?.reason));
  let isAsking = typeof options.password === "function";
  let lane: Lane | undefined;
  const cancelTimer = clock.after(connectTimeoutMs, () => {
    giveUp.abort(
      isAsking
        ? passwordTookTooLong(target, connectTimeoutMs)
        : tookTooLong(target, connectTimeoutMs, lane?.replies === 0),
    );
  });
  try {
    // Before the connection is made: the server waits for HELLO for two seconds only.
    const password = typeof options.password === "function"
      ? await orAborted(askPassword(options.password, target), giveUp.signal)
      : options.password;
    isAsking = false;
    const connecting = transport.connect(target, { signal: giveUp.signal });
    const connection = await orAborted(connecting, giveUp.signal, (late) => late.close());
    lane = new Lane(connection, options);
    try {
      await orAborted(shakeHands(lane, options, password), giveUp.signal);
      if (options.prove === true) await orAborted(prove(lane, target), giveUp.signal);
      // What came right behind the OK may have been a refusal after all.
      if (lane.isEnded) throw endedEarly((await lane.ended).error, target, "the first command");
      return lane;
    } catch (error) {
      lane.close();
      throw error;
    }
  } finally {
    cancelTimer();
    forget();
  }
}

/** `promise`, or the signal's reason as soon as there is one; what comes too late goes to `discard`. */
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
  lane: Lane,
  { target, worker }: DialOptions,
  password: string | undefined,
): Promise<void> {
  const { salt, iterations = 1 } = await answered(
    lane,
    () => request((entry) => lane.expect(entry), greeting(parseGreeting)),
    target,
    GREETED,
  );
  if (salt !== undefined && password === undefined) throw passwordRequired(target);
  const hash = salt === undefined ? undefined : passwordHash(password!, salt, iterations);
  const command = hello(
    helloPayload({ version: PROTOCOL_VERSION, passwordHash: hash, ...worker }),
  );
  try {
    await answered(
      lane,
      () => request((entry) => lane.send(entry), command),
      target,
      "its reply to HELLO",
    );
  } catch (error) {
    throw helloRefused(error, target);
  }
}

/** A cheap command that changes nothing: only an answered command shows that a connection works. */
async function prove(lane: Lane, target: ConnectTarget): Promise<void> {
  try {
    const ask = () => request((entry) => lane.send(entry), info());
    await answered(lane, ask, target, "its reply to INFO");
  } catch (error) {
    // A refusal is an answer.
    if (!(error instanceof ServerError)) throw error;
  }
}

/** The reply to what `ask` sends, or a `ConnectError` where the lane ended before it came. */
async function answered<T>(
  lane: Lane,
  ask: () => Promise<T>,
  target: ConnectTarget,
  awaited: string,
): Promise<T> {
  const ended = lane.ended.then(({ error }) => {
    throw endedEarly(error, target, awaited);
  });
  return await (lane.isEnded ? ended : Promise.race([ask(), ended]));
}
