import {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  ProtocolError,
  ServerError,
  TimeoutError,
  TlsError,
} from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { type Command, parseOk, unexpected } from "../protocol/commands/command.ts";
import {
  type Greeting,
  type Hello,
  helloPayload,
  parseGreeting,
  passwordHash,
  PROTOCOL_VERSION,
} from "../protocol/handshake.ts";
import { placeOf } from "../transport/failures.ts";
import type { ConnectTarget, Transport } from "../transport/transport.ts";
import { Lane, type LaneEnd } from "./lane.ts";
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

/** What a server says first, in what is told of one that does not. */
const GREETED = "its greeting";

const GREETING: Command<Greeting> = {
  verb: "the greeting",
  payload: "",
  resend: "never",
  parse(reply) {
    if (reply.kind === "status") return parseGreeting(reply.text);
    throw unexpected(reply, "a greeting");
  },
};

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
    // A server that waits for TLS says nothing to a client that waits for its greeting.
    const hint = lane?.replies === 0 ? hintAtTls(target) : "";
    giveUp.abort(
      new ConnectError(
        "CONNECT_TIMEOUT",
        `Cannot connect to ${placeOf(target)} as it took longer than ${connectTimeoutMs} ms${hint}`,
      ),
    );
  });
  try {
    const connecting = transport.connect(target, { signal: giveUp.signal });
    const connection = await orAborted(connecting, giveUp.signal, (late) => late.close());
    lane = new Lane(connection, options);
    const shaking = shakeHands(lane, options);
    try {
      await orAborted(shaking, giveUp.signal);
      // What came right behind the OK may have been a refusal after all.
      if (lane.isEnded) throw endedEarly(await lane.ended, target, "the first command");
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
  const greeting = await answered(
    lane,
    () => request((entry) => lane.expect(entry), GREETING),
    target,
    GREETED,
  );
  if (greeting.salt !== undefined && password === undefined) {
    throw new AuthenticationError(
      "PASSWORD_REQUIRED",
      `Cannot connect to ${placeOf(target)} as the server wants a password and none was given`,
    );
  }
  const hash = greeting.salt === undefined || password === undefined
    ? undefined
    : passwordHash(password, greeting.salt, greeting.iterations ?? 1);
  const hello: Command<void> = {
    verb: "HELLO",
    payload: helloPayload({ version: PROTOCOL_VERSION, passwordHash: hash, ...worker }),
    resend: "never",
    parse: parseOk,
  };
  try {
    await answered(
      lane,
      () => request((entry) => lane.send(entry), hello),
      target,
      "its reply to HELLO",
    );
  } catch (error) {
    if (error instanceof ServerError && /invalid password/i.test(error.reply)) {
      throw new AuthenticationError(
        "PASSWORD_REFUSED",
        `Cannot connect to ${placeOf(target)} as the server refuses the password`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** The reply to what `ask` sends, or a `ConnectError` where the lane ended before it came. */
async function answered<T>(
  lane: Lane,
  ask: () => Promise<T>,
  target: ConnectTarget,
  awaited: string,
): Promise<T> {
  const ended = lane.ended.then((end) => {
    throw endedEarly(end, target, awaited);
  });
  return await (lane.isEnded ? ended : Promise.race([ask(), ended]));
}

function endedEarly({ error }: LaneEnd, target: ConnectTarget, awaited: string): Error {
  if (error instanceof ConnectError || error instanceof TlsError) return error;
  if (error instanceof ProtocolError && awaited === GREETED) return strange(error, target);
  if (error !== undefined && !(error instanceof ConnectionLostError)) return error;
  const hint = awaited === GREETED ? hintAtTls(target) : "";
  if (error instanceof TimeoutError) {
    return new ConnectError(
      "CONNECT_TIMEOUT",
      `Cannot connect to ${placeOf(target)} as the server did not send ${awaited} in time${hint}`,
      { cause: error },
    );
  }
  return new ConnectError(
    "CONNECT_FAILED",
    `Cannot connect to ${placeOf(target)} as the server hung up before ${awaited}${hint}`,
    { cause: error },
  );
}

/** What answered is of another kind: SSH and mail servers speak first, too. */
function strange(cause: ProtocolError, target: ConnectTarget): ProtocolError {
  return new ProtocolError(
    cause.code,
    `Cannot connect to ${placeOf(target)} as what answers there does not greet as Faktory does`,
    { cause },
  );
}

/** For a server that has not greeted. */
function hintAtTls({ tls }: ConnectTarget): string {
  return tls === undefined ? ". Does the server want TLS (tcp+tls://)?" : "";
}
