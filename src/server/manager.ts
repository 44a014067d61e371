import type { Clock } from "../internal/clock.ts";
import { cleanse, type Failure, recordOf, retryDelayMs } from "./failures.ts";
import { utf8Length } from "./go/text.ts";
import { parseTime, Stamps } from "./go/time.ts";
import { GoError, quoted } from "./go_json.ts";
import { Queues, type Waiter } from "./queues.ts";
import { type SortedEntry, SortedSet } from "./sorted_set.ts";
import { glanceAt, readJob, type StoredJob, writeJob, writeTime } from "./stored_job.ts";

/** How long a FETCH waits for a job, in milliseconds. */
const FETCH_WAIT_MS = 2000;

const DEFAULT_RESERVATION = 1800;
const MIN_RESERVATION = 60;
const MAX_RESERVATION = 86_400;
const DEAD_MS = 180 * 24 * 60 * 60 * 1000;

/** How many the reference server takes out of a set at a time; where one of them is of no use, it waits for its next look. */
const DUE_AT_ONCE = 100;
const EXPIRED_AT_ONCE = 10;

/** A job with a worker. */
class Reservation {
  readonly jid: string;
  readonly wid: string;
  /** Counts reservations. */
  readonly id: number;
  readonly #payload: string;
  #job: StoredJob | undefined;
  /** Its place in the working set. */
  entry!: SortedEntry<Reservation>;

  constructor(jid: string, payload: string, holder: { wid: string; id: number }) {
    this.jid = jid;
    this.wid = holder.wid;
    this.id = holder.id;
    this.#payload = payload;
  }

  /** Read only once it is asked for: most jobs end well, and nobody asks. */
  get job(): StoredJob {
    return this.#job ??= readJob(this.#payload);
  }
}

/** A job in one of the sets, with its stored text, which filters look at. */
export interface SetMember {
  readonly jid: string;
  readonly payload: string;
}

/** Names of the sets that MUTATE knows. */
export type SetName = "scheduled" | "retries" | "dead";

/** What a server that serves tests does otherwise than the reference server. */
export interface ManagerOptions {
  /** From 0 to below 1, for the waits before retries. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** How long a FETCH waits, and by which clock. @default two seconds, by the server's */
  readonly fetchWait?: { readonly clock: Clock; readonly ms: number } | undefined;
  /** Hears of every job that was enqueued, but for those that their own worker puts off. */
  readonly pushed?: ((job: StoredJob) => void) | undefined;
}

/** A FETCH that waits. */
interface WaitingFetch {
  readonly wid: string;
  /** Ends it with nothing. */
  end(): void;
  /** Ends it with an error. */
  fail(error: GoError): void;
}

/** What happens to jobs: from a push over reservations, retries and the schedule to their end. */
export class Manager {
  readonly queues = new Queues();
  readonly sets: Readonly<Record<SetName, SortedSet<SetMember>>> = {
    scheduled: new SortedSet(payloadOf),
    retries: new SortedSet(payloadOf),
    dead: new SortedSet(payloadOf),
  };
  processed = 0;
  failures = 0;
  /** How long a FETCH waits, and by which clock. */
  readonly fetchWait: { readonly clock: Clock; readonly ms: number };
  /**
   * Workers whose FETCH does not wait once they have nothing to do, each with the job that it is to get first, if any: tests
   * run jobs by them.
   */
  readonly helpers = new Map<string, string | undefined>();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pushed: (job: StoredJob) => void;
  readonly #stamps: Stamps;
  readonly #working = new SortedSet<Reservation>(({ id }) => id);
  #lastReservation = 0;
  readonly #reservations = new Map<string, Reservation>();
  /** FETCHes that wait, to be ended with the server. */
  readonly #waiting = new Set<WaitingFetch>();

  constructor(clock: Clock, options: ManagerOptions = {}) {
    this.#clock = clock;
    this.#stamps = new Stamps(clock);
    this.#random = options.random ?? Math.random;
    this.#pushed = options.pushed ?? (() => {});
    this.fetchWait = options.fetchWait ?? { clock, ms: FETCH_WAIT_MS };
  }

  /** Jobs with a worker. */
  get working(): number {
    return this.#working.size;
  }

  /** Jobs that a worker can still end: those with one, and those that had one when everything was flushed. */
  get reserved(): number {
    return this.#reservations.size;
  }

  /** FETCHes that wait for a job. */
  get waiting(): number {
    return this.#waiting.size;
  }

  push(job: StoredJob): void {
    if (job.jid.length < 8 && utf8Length(job.jid) < 8) {
      throw new GoError("jobs must have a reasonable jid parameter");
    }
    if (job.jobtype === "") throw new GoError("jobs must have a jobtype parameter");
    if (job.args === undefined) throw new GoError("jobs must have an args parameter");
    if (job.reserve_for > MAX_RESERVATION) {
      throw new GoError("jobs cannot be reserved for more than one day");
    }
    if (job.created_at === "") job.created_at = this.#stamps.next();
    if (job.queue === "") job.queue = "default";
    const isPutOff = this.#reservations.has(job.jid);
    const at = job.at === "" ? undefined : parseAt(job.at);
    if (at !== undefined && at > this.#clock.now()) {
      this.sets.scheduled.add(at, { jid: job.jid, payload: writeJob(job) });
    } else {
      this.#enqueue(job);
    }
    if (!isPutOff) this.#pushed(job);
  }

  /** A job of the first of these queues that has one, or the first that comes within two seconds. */
  fetch(names: readonly string[], wid: string): string | undefined | Promise<string | undefined> {
    if (names.length === 0) throw new GoError("must call fetch with at least one queue");
    const active = this.queues.active(names);
    const payload = this.#handed(wid) ?? this.queues.pop(active);
    if (payload !== undefined) return this.#reserve(payload, wid);
    if (this.#isIdle(wid)) return undefined;
    return this.#wait(active, wid);
  }

  acknowledge(jid: string): void {
    const reservation = this.#release(jid);
    if (reservation === undefined) return;
    this.#working.remove(reservation.entry);
    this.processed++;
  }

  fail(failure: Failure): void {
    if (failure.jid === "") throw new GoError("missing JID");
    const reservation = this.#release(failure.jid);
    if (reservation === undefined) throw new GoError(`Job not found ${failure.jid}`);
    // After a FLUSH it is with its worker still, but not in the set.
    if (this.#working.remove(reservation.entry)) this.#failed(reservation.job, cleanse(failure));
  }

  /** Enqueues what is due of the scheduled jobs and of those to be tried again. */
  enqueueDue(name: "scheduled" | "retries"): number {
    return this.#takeDue(this.sets[name], DUE_AT_ONCE, ({ payload }) => {
      this.#enqueue(readJob(payload));
    });
  }

  /** Drops dead jobs whose time is over: some at a time. */
  purgeDead(): number {
    return this.sets.dead.takeUntil(this.#clock.now(), DUE_AT_ONCE).length;
  }

  /** Fails the jobs whose reservation is over. */
  reap(): number {
    return this.#takeDue(this.#working, EXPIRED_AT_ONCE, ({ jid }) => {
      // Two jobs of one jid share what is known of it, so the second may find nothing.
      const reservation = this.#release(jid);
      if (reservation === undefined) throw new GoError(`Job not found ${jid}`);
      this.#failed(reservation.job, {
        jid,
        errtype: "ReservationExpired",
        message: "Faktory job reservation expired",
        backtrace: [],
      });
    });
  }

  /** Moves a job of a set to the dead. */
  bury({ jid, payload }: SetMember): void {
    this.sets.dead.add(this.#clock.now() + DEAD_MS, { jid, payload });
  }

  /** Puts a job of a set back on its queue, as it is. */
  requeue({ payload }: SetMember): void {
    this.queues.push(readJob(payload).queue, payload);
  }

  flush(): void {
    this.queues.flush();
    this.#working.clear();
    for (const set of Object.values(this.sets)) set.clear();
    this.processed = 0;
    this.failures = 0;
  }

  /** Ends every FETCH that waits. */
  close(): void {
    for (const waiting of [...this.#waiting]) waiting.fail(new GoError("redis: client is closed"));
  }

  /** Takes out what is due, and counts what came to something. The rest is lost, as on the reference server. */
  #takeDue<T>(set: SortedSet<T>, atOnce: number, use: (value: T) => void): number {
    const now = this.#clock.now();
    let total = 0;
    for (;;) {
      let count = 0;
      for (const value of set.takeUntil(now, atOnce)) {
        try {
          use(value);
          count++;
        } catch (error) {
          if (!(error instanceof GoError)) throw error;
        }
      }
      total += count;
      if (count < atOnce) return total;
    }
  }

  /** What a helper is to get before all else. */
  #handed(wid: string): string | undefined {
    const payload = this.helpers.get(wid);
    if (payload !== undefined) this.helpers.set(wid, undefined);
    return payload;
  }

  /** Whether this is a helper that has nothing to do. */
  #isIdle(wid: string): boolean {
    if (!this.helpers.has(wid)) return false;
    for (const reservation of this.#reservations.values()) {
      if (reservation.wid === wid) return false;
    }
    return true;
  }

  #wait(active: readonly string[], wid: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.queues.leave(active, waiter);
        cancelTimer();
        this.#waiting.delete(waiting);
        settle();
      };
      const waiting: WaitingFetch = {
        wid,
        end: () => end(() => resolve(undefined)),
        fail: (error) => end(() => reject(error)),
      };
      const waiter: Waiter = {
        take: (payload) => end(() => resolve(this.#reserve(payload, wid))),
      };
      const { clock, ms } = this.fetchWait;
      const cancelTimer = clock.after(ms, waiting.end);
      this.#waiting.add(waiting);
      this.queues.wait(active, waiter);
    });
  }

  #reserve(payload: string, wid: string): string {
    const { jid, reserveFor } = glanceAt(payload);
    const seconds = reserveFor === 0
      ? DEFAULT_RESERVATION
      : Math.min(Math.max(reserveFor, MIN_RESERVATION), MAX_RESERVATION);
    const reservation = new Reservation(jid, payload, { wid, id: ++this.#lastReservation });
    reservation.entry = this.#working.add(this.#clock.now() + seconds * 1000, reservation);
    this.#reservations.set(jid, reservation);
    // What was cut in a failure's text is read as U+FFFD, and written as it is.
    return payload.includes("\\ufffd") ? writeJob(reservation.job) : payload;
  }

  #release(jid: string): Reservation | undefined {
    const reservation = this.#reservations.get(jid);
    this.#reservations.delete(jid);
    if (reservation !== undefined && this.#isIdle(reservation.wid)) {
      for (const waiting of [...this.#waiting]) if (waiting.wid === reservation.wid) waiting.end();
    }
    return reservation;
  }

  #failed(job: StoredJob, said: Failure): void {
    this.failures++;
    this.processed++;
    const failure = job.failure = recordOf(job, said, this.#stamps.next());
    if (job.retry === 0) return;
    if (failure.retry_count < job.retry) {
      const at = this.#clock.now() + retryDelayMs(failure.retry_count, this.#random());
      failure.next_at = writeTime(at);
      this.sets.retries.add(at, { jid: job.jid, payload: writeJob(job) });
    } else {
      this.bury({ jid: job.jid, payload: writeJob(job) });
    }
  }

  #enqueue(job: StoredJob): void {
    job.enqueued_at = this.#stamps.next();
    try {
      this.queues.push(job.queue, writeJob(job));
    } catch (error) {
      throw new GoError(`cannot get ${quoted(job.queue)} queue: ${(error as Error).message}`);
    }
  }
}

function payloadOf({ payload }: SetMember): string {
  return payload;
}

function parseAt(text: string): number {
  try {
    return parseTime(text);
  } catch (error) {
    throw new GoError(`invalid timestamp for 'at': ${quoted(text)}: ${(error as Error).message}`);
  }
}
