import type { Clock } from "../internal/clock.ts";
import { parseTimestamp } from "../job/timestamp.ts";
import type { Command } from "../protocol/commands/command.ts";
import { info } from "../protocol/commands/server.ts";
import type { Request } from "./request.ts";

/** A reading older than this is measured again before it is used, in milliseconds. */
const MAX_AGE_MS = 60_000;

/**
 * The machine's time of day was set, or the machine slept, if its clocks differ by more than this,
 * in milliseconds.
 */
const JUMP_MS = 250;

/** Longest time that `fresh()` waits for the server, in milliseconds. */
const MAX_WAIT_MS = 2000;

/** How fast two clocks drift apart at most. */
const DRIFT = 500e-6;

const DAY_MS = 86_400_000;

/** A moment by the two clocks of this machine. */
interface Moment {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly elapsed: number;
}

/** The server's time at a moment of this machine. */
interface Reading extends Moment {
  /** Milliseconds since 1970 by the server's clock. */
  readonly server: number;
  /** The server's time was this close to `server`, in milliseconds. */
  readonly errorMs: number;
}

/**
 * The server's clock, measured by INFO. Times that a server compares with its own clock, such as
 * the `at` of a job, have to be taken from it: a worker whose clock is behind would ask for a time
 * that is over.
 *
 * Nothing is measured until somebody calls `fresh()`. A program that uses no such time pays nothing
 * for it.
 */
export class ServerClock {
  readonly #clock: Clock;
  readonly #send: (request: Request) => void;
  #reading: Reading | undefined;
  /** When the server's clock was last compared with the reading, by `elapsed`. */
  #checkedAt = -Infinity;
  #measuring: Promise<void> | undefined;

  /** `send` sends a request to the server. */
  constructor(clock: Clock, send: (request: Request) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * The server's time in milliseconds since 1970, as far as it is known: at first it is the
   * machine's own.
   */
  now(): number {
    const moment = this.#moment();
    return this.#reading === undefined ? moment.now : serverAt(this.#reading, moment);
  }

  /**
   * Makes sure that `now()` relies on a recent measurement: asks the server if there is none, and
   * waits two seconds at most. After that, or if the server cannot be asked, `now()` relies on what
   * is known. Returns `undefined` if there is nothing to wait for. Never rejects.
   */
  fresh(): Promise<void> | undefined {
    if (this.#isFresh()) return undefined;
    this.#measuring ??= this.info().then(() => {}, () => {}).finally(() => {
      this.#measuring = undefined;
    });
    return this.#atMost(this.#measuring);
  }

  /**
   * The next `fresh()` measures again: the connection was lost, and another server may have taken
   * over.
   */
  distrust(): void {
    this.#checkedAt = -Infinity;
  }

  /** Asks for the server's figures (INFO), and measures its clock by the way. */
  info(): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.#send(new Measurement(this, resolve, reject) as Request);
    });
  }

  /** @internal */
  moment(): Moment {
    return this.#moment();
  }

  /** @internal An INFO that was sent at `sent` was answered. */
  measured(sent: Moment, reply: Readonly<Record<string, unknown>>): void {
    const moment = this.#moment();
    const time = timeIn(reply, moment.now);
    // If the clock jumped while the reply was on its way, it is unknown where the middle was.
    if (time === undefined || hasJumped(sent, moment)) return;
    const halfMs = (moment.elapsed - sent.elapsed) / 2;
    const reading = { ...moment, server: time.ms + halfMs, errorMs: halfMs + time.errorMs };
    if (!this.#isBetter(reading)) this.#reading = reading;
    this.#checkedAt = moment.elapsed;
  }

  /** Whether the reading that there is agrees with `next`, and is the more exact one. */
  #isBetter(next: Reading): boolean {
    const reading = this.#reading;
    if (reading === undefined || this.#checkedAt === -Infinity || hasJumped(reading, next)) {
      return false;
    }
    const errorMs = reading.errorMs + (next.elapsed - reading.elapsed) * DRIFT;
    return errorMs < next.errorMs &&
      Math.abs(serverAt(reading, next) - next.server) <= errorMs + next.errorMs;
  }

  #isFresh(): boolean {
    const moment = this.#moment();
    return this.#reading !== undefined && moment.elapsed - this.#checkedAt < MAX_AGE_MS &&
      !hasJumped(this.#reading, moment);
  }

  #moment(): Moment {
    const now = this.#clock.now();
    return { now, elapsed: this.#clock.elapsed?.() ?? now };
  }

  #atMost(measuring: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(MAX_WAIT_MS, resolve);
      void measuring.then(() => {
        cancel();
        resolve();
      });
    });
  }
}

/** An INFO on its way. */
class Measurement implements Request<Record<string, unknown>> {
  readonly command: Command<Record<string, unknown>> = info();
  readonly reject: (error: unknown) => void;
  readonly #clock: ServerClock;
  readonly #resolve: (reply: Record<string, unknown>) => void;
  #sent: Moment | undefined;

  constructor(
    clock: ServerClock,
    resolve: (reply: Record<string, unknown>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#resolve = resolve;
    this.reject = reject;
  }

  /** It may have waited for a connection before, or be sent again on another. */
  sending(): void {
    this.#sent = this.#clock.moment();
  }

  resolve(reply: Record<string, unknown>): void {
    if (this.#sent !== undefined) this.#clock.measured(this.#sent, reply);
    this.#resolve(reply);
  }
}

/**
 * The server's time at `moment`. If the machine's clocks differ, it slept or was set back: the
 * larger time has passed.
 */
function serverAt({ server, now, elapsed }: Reading, moment: Moment): number {
  return server + Math.max(moment.now - now, moment.elapsed - elapsed);
}

function hasJumped(since: Moment, moment: Moment): boolean {
  return Math.abs((moment.now - since.now) - (moment.elapsed - since.elapsed)) > JUMP_MS;
}

/**
 * The time in a reply to INFO. One without `now` has the time of day only: the day is the one that
 * is nearest to ours.
 */
function timeIn(
  { now, server_utc_time }: Readonly<Record<string, unknown>>,
  nearMs: number,
): { readonly ms: number; readonly errorMs: number } | undefined {
  const ms = parseTimestamp(now)?.getTime();
  if (ms !== undefined) return { ms, errorMs: 1 };
  const [, hour, minute, second] = /^(\d\d):(\d\d):(\d\d)/.exec(String(server_utc_time)) ?? [];
  if (second === undefined) return undefined;
  const ofDay = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + 500;
  return { ms: ofDay + Math.round((nearMs - ofDay) / DAY_MS) * DAY_MS, errorMs: 500 };
}
