import type { Clock } from "../internal/clock.ts";
import { parseTimestamp } from "../job/timestamp.ts";
import type { Command } from "../protocol/commands/command.ts";
import { info } from "../protocol/commands/server.ts";
import type { Request } from "./request.ts";

/** Age after which a reading is measured again before it is used, in milliseconds. */
const MAX_AGE_MS = 60_000;

/**
 * If the machine's two clocks differ by more than this, in ms, its time of day was set or it slept.
 */
const JUMP_MS = 250;

/** Largest error of a reading that is used without measuring again, in milliseconds. */
const MAX_ERROR_MS = 2000;

/** Longest time that `fresh()` waits for the server, in milliseconds. */
const MAX_WAIT_MS = 2000;

/** Largest drift between two clocks, in milliseconds per millisecond. */
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
  /** Largest error of `server`, in milliseconds. */
  readonly errorMs: number;
}

/**
 * The server's clock, measured with INFO. Times that the server compares with its own clock, such
 * as the `at` of a job, must be taken from it. A worker whose clock is slow would otherwise send a
 * time in the past.
 *
 * Nothing is measured before the first call of `fresh()`, so programs without such times have no
 * cost.
 */
export class ServerClock {
  readonly #clock: Clock;
  readonly #send: (request: Request) => void;
  #reading: Reading | undefined;
  /** Time of the last comparison with the server's clock, by `elapsed`. */
  #checkedAt = -Infinity;
  #measuring: Promise<void> | undefined;

  /** `send` sends a request to the server. */
  constructor(clock: Clock, send: (request: Request) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * Returns the server's time in milliseconds since 1970. Before the first measurement, it is the
   * machine's own time.
   */
  now(): number {
    const moment = this.#moment();
    return this.#reading === undefined ? moment.now : serverAt(this.#reading, moment);
  }

  /**
   * Measures the server's clock if the last measurement is not recent, and waits for that at most
   * two seconds. If it fails, `now()` uses the last measurement. Returns `undefined` if there is
   * nothing to wait for. Never rejects.
   */
  fresh(): Promise<void> | undefined {
    if (this.#isFresh()) return undefined;
    this.#measuring ??= this.info().then(() => {}, () => {}).finally(() => {
      this.#measuring = undefined;
    });
    return this.#atMost(this.#measuring);
  }

  /**
   * Makes the next `fresh()` measure again: the connection was lost, and the next one may lead to
   * another server.
   */
  invalidate(): void {
    this.#checkedAt = -Infinity;
  }

  /** Reads the server's statistics (INFO), and also measures its clock. */
  info(): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.#send(new Measurement(this, resolve, reject) as Request);
    });
  }

  /** @internal */
  moment(): Moment {
    return this.#moment();
  }

  /** @internal Called with the reply to an INFO that was sent at `sent`. */
  measured(sent: Moment, reply: Readonly<Record<string, unknown>>): void {
    const moment = this.#moment();
    const time = timeIn(reply, moment.now);
    // If the clock jumped while the reply was on its way, the midpoint is unknown.
    if (time === undefined || hasJumped(sent, moment)) return;
    const halfMs = (moment.elapsed - sent.elapsed) / 2;
    const reading = { ...moment, server: time.ms + halfMs, errorMs: halfMs + time.errorMs };
    if (!this.#isBetter(reading)) this.#reading = reading;
    this.#checkedAt = moment.elapsed;
  }

  /** Returns true if the present reading agrees with `next` and is more exact. */
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
    const [reading, moment] = [this.#reading, this.#moment()];
    return reading !== undefined && reading.errorMs <= MAX_ERROR_MS &&
      moment.elapsed - this.#checkedAt < MAX_AGE_MS && !hasJumped(reading, moment);
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

/** An INFO that measures the clock. */
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

  /** Taken now, because the request may have waited for a connection, or is sent again. */
  sending(): void {
    this.#sent = this.#clock.moment();
  }

  resolve(reply: Record<string, unknown>): void {
    if (this.#sent !== undefined) this.#clock.measured(this.#sent, reply);
    this.#resolve(reply);
  }
}

/**
 * Returns the server's time at `moment`. If the machine's clocks differ, it slept or was set back:
 * the larger of the two durations has passed.
 */
function serverAt({ server, now, elapsed }: Reading, moment: Moment): number {
  return server + Math.max(moment.now - now, moment.elapsed - elapsed);
}

function hasJumped(since: Moment, moment: Moment): boolean {
  return Math.abs((moment.now - since.now) - (moment.elapsed - since.elapsed)) > JUMP_MS;
}

/**
 * Returns the time in a reply to INFO. A reply without `now` only has the time of day; the nearest
 * matching day is used.
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
