import type { Clock } from "../internal/clock.ts";
import { greeting, hello } from "../protocol/commands/handshake.ts";
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
import { request } from "./request.ts";

/** What it takes to open a lane. */
export interface DialOptions {
  readonly transport: Transport;
  readonly target: ConnectTarget;
  readonly password?: string | undefined;
  /** What a consumer says of itself; producers say nothing. */
  readonly worker?: Omit<Hello, "version" | "passwordHash"> | undefined;
  /** For connecting, TLS and the handshake together. */
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly clock: Clock;
}

/**
 * Connects and shakes hands.
 *
 * @throws {ConnectError} where no lane could be opened; an `AuthenticationError` and a `VersionError` are final.
 */
export async function dial(options: DialOptions, signal?: AbortSignal): Promise<Lane> {
  const { target, transport, connectTimeoutMs, clock } = options;
  const giveUp = new AbortController();
  const abort = () => giveUp.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", abort, { once: true });
  let lane: Lane | undefined;
  const cancelTimer = clock.after(connectTimeoutMs, () => {
    giveUp.abort(tookTooLong(target, connectTimeoutMs, lane?.replies === 0));
  });
  try {
    const connecting = transport.connect(target, { signal: giveUp.signal });
    const connection = await orAborted(connecting, giveUp.signal, (late) => late.close());
    lane = new Lane(connection, options);
    const shaking = shakeHands(lane, options);
    try {
      await orAborted(shaking, giveUp.signal);
      // What came right behind the OK may have been a refusal after all.
      if (lane.isEnded) throw endedEarly((await lane.ended).error, target, "the first command");
      return lane;
    } catch (error) {
      lane.close();
      throw error;
    }
  } finally {
    cancelTimer();
    signal?.removeEventListener("abort", abort);
  }
}

/** `promise`, or the signal's reason as soon as there is one; what comes too late goes to `discard`. */
function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => void = () => {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then((value) => {
      signal.removeEventListener("abort", abort);
      if (signal.aborted) discard(value);
      resolve(value);
    }, reject);
  });
}

async function shakeHands(lane: Lane, options: DialOptions): Promise<void> {
  const { target, password, worker } = options;
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
