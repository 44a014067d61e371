import type { Clock } from "../internal/clock.ts";
import { parseAt } from "./at.ts";
import { cleanse, type Failure, noteFailure } from "./failure.ts";
import { GoError, quoted } from "./go_json.ts";
import { type JobHooks, noHooks } from "./hooks.ts";
import type { Reservation, SetMember, SetName, WaitingFetch } from "./members.ts";
import { Queues, type Waiter } from "./queues.ts";
import type { SortedSet } from "./sorted_set.ts";
import { keepExtension, keptSets, restore } from "./store/kept.ts";
import { nullStore, type Store } from "./store/store.ts";
import { Tally } from "./store/tally.ts";
import { MAX_RESERVATION, reservedMs } from "./reservation.ts";
import { readJob, type StoredJob, writeJob, writeTime } from "./stored_job.ts";

/** How long a FETCH waits for a job, in milliseconds. */
const FETCH_WAIT_MS = 2000;

const DEAD_MS = 180 * 24 * 60 * 60 * 1000;

export type { SetMember, SetName };

/** What a server of another edition, or one that serves tests, does otherwise than the reference server. */
export interface ManagerOptions {
  /** What its edition does with jobs. @default nothing, as the free one */
  readonly hooks?: JobHooks | undefined;
  /** From 0 to below 1, for the waits before retries. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** How long a FETCH waits, and by which clock. @default two seconds, by the server's */
  readonly fetchWait?: { readonly clock: Clock; readonly ms: number } | undefined;
  /** Hears of every job that was enqueued, but for those that their own worker puts off. */
  readonly pushed?: ((job: StoredJob) => void) | undefined;
  /** What keeps everything beyond the process. @default nothing is kept */
  readonly store?: Store | undefined;
}

/** What happens to jobs: from a push over reservations, retries and the schedule to their end. */
export class Manager {
  readonly queues: Queues;
  readonly sets: Readonly<Record<SetName, SortedSet<SetMember>>>;
  readonly tally: Tally;
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
  readonly #hooks: JobHooks;
  readonly #store: Store;
  readonly #working: SortedSet<Reservation>;
  readonly #reservations = new Map<string, Reservation>();
  /** FETCHes that wait, to be ended with the server. */
  readonly #waiting = new Set<WaitingFetch>();

  constructor(clock: Clock, options: ManagerOptions = {}) {
    this.#clock = clock;
    this.#random = options.random ?? Math.random;
    this.#pushed = options.pushed ?? (() => {});
    this.#hooks = options.hooks ?? noHooks;
    this.fetchWait = options.fetchWait ?? { clock, ms: FETCH_WAIT_MS };
    const store = this.#store = options.store ?? nullStore;
    this.tally = new Tally(store);
    this.queues = new Queues(store);
    const { working, ...sets } = keptSets(store);
    this.#working = working;
    this.sets = sets;
    restore(store, { queues: this.queues, working, sets, reservations: this.#reservations });
  }

  /** Jobs with a worker. */
  get working(): number {
    return this.#working.size;
  }

  /** FETCHes that wait for a job. */
  get waiting(): number {
    return this.#waiting.size;
  }

  push(job: StoredJob): void {
    if (new TextEncoder().encode(job.jid).length < 8) {
      throw new GoError("jobs must have a reasonable jid parameter");
    }
    if (job.jobtype === "") throw new GoError("jobs must have a jobtype parameter");
    if (job.args === undefined) throw new GoError("jobs must have an args parameter");
    if (job.reserve_for > MAX_RESERVATION) {
      throw new GoError("jobs cannot be reserved for more than one day");
    }
    if (job.created_at === "") job.created_at = this.#nowText();
    if (job.queue === "") job.queue = "default";
    const isPutOff = this.#reservations.has(job.jid);
    const at = job.at === "" ? undefined : parseAt(job.at);
    const isLater = at !== undefined && at > this.#clock.now();
    this.#hooks.pushing(job, isLater ? at : undefined);
    if (isLater) {
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
    let payload: string | undefined;
    while ((payload = this.#handed(wid) ?? this.queues.pop(active)) !== undefined) {
      if (this.#reserve(payload, wid)) return payload;
    }
    if (this.#isIdle(wid)) return undefined;
    return this.#wait(active, wid);
  }

  acknowledge(jid: string): void {
    const reservation = this.#release(jid);
    if (reservation === undefined) return;
    this.#working.remove(reservation.entry);
    this.tally.processed++;
    this.#hooks.acknowledged(reservation.job);
  }

  fail(failure: Failure): void {
    if (failure.jid === "") throw new GoError("missing JID");
    const reservation = this.#release(failure.jid);
    if (reservation === undefined) throw new GoError(`Job not found ${failure.jid}`);
    // After a FLUSH it is with its worker still, but not in the set.
    if (this.#working.remove(reservation.entry)) this.#failed(reservation.job, cleanse(failure));
  }

  /** Has the reservation of a job last until then; one that lasts longer already stays as it is. */
  extend(jid: string, until: number): void {
    const reservation = this.#reservations.get(jid);
    if (reservation === undefined || until <= reservation.entry.at) return;
    reservation.extension = until;
    keepExtension(this.#store, jid, until);
  }

  /** Enqueues what is due of the scheduled jobs and of those to be tried again. */
  enqueueDue(name: "scheduled" | "retries"): number {
    const due = this.sets[name].takeUntil(this.#clock.now());
    for (const { payload } of due) this.#enqueue(readJob(payload));
    return due.length;
  }

  /** Drops dead jobs whose time is over. */
  purgeDead(): number {
    return this.sets.dead.takeUntil(this.#clock.now()).length;
  }

  /** Fails the jobs whose reservation is over. */
  reap(): number {
    let count = 0;
    const now = this.#clock.now();
    for (const expired of this.#working.takeUntil(now)) {
      const { job, extension } = expired;
      if (extension !== undefined && extension > now) {
        expired.entry = this.#working.add(extension, expired);
        continue;
      }
      // Two jobs of one jid share what is known of it, so the second may find nothing.
      const reservation = this.#release(job.jid);
      if (reservation === undefined) continue;
      count++;
      this.#failed(reservation.job, {
        jid: job.jid,
        errtype: "ReservationExpired",
        message: "Faktory job reservation expired",
        backtrace: [],
      });
    }
    return count;
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
    this.#store.clear();
    this.tally.processed = 0;
    this.tally.failures = 0;
    this.#hooks.flushed();
  }

  /** Ends every FETCH that waits. */
  close(): void {
    for (const waiting of [...this.#waiting]) waiting.fail(new GoError("redis: client is closed"));
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
        waiter.isDone = true;
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
        isDone: false,
        take: (payload) => {
          if (this.#reserve(payload, wid)) return end(() => resolve(payload));
          waiter.isDone = false;
          this.queues.wait([readJob(payload).queue], waiter);
        },
      };
      const { clock, ms } = this.fetchWait;
      const cancelTimer = clock.after(ms, waiting.end);
      this.#waiting.add(waiting);
      this.queues.wait(active, waiter);
    });
  }

  /** False where the job is not to be run. */
  #reserve(payload: string, wid: string): boolean {
    const job = readJob(payload);
    if (!this.#hooks.fetching(job)) return false;
    const reservation = { job, payload, wid } as Reservation;
    reservation.entry = this.#working.add(this.#clock.now() + reservedMs(job), reservation);
    this.#reservations.set(job.jid, reservation);
    return true;
  }

  #release(jid: string): Reservation | undefined {
    const reservation = this.#reservations.get(jid);
    this.#reservations.delete(jid);
    if (reservation?.extension !== undefined) keepExtension(this.#store, jid, undefined);
    if (reservation !== undefined && this.#isIdle(reservation.wid)) {
      for (const waiting of [...this.#waiting]) if (waiting.wid === reservation.wid) waiting.end();
    }
    return reservation;
  }

  #failed(job: StoredJob, failure: Failure): void {
    this.tally.failures++;
    this.tally.processed++;
    const noted = noteFailure(job, failure, this.#nowText());
    if (job.retry === 0) return this.#hooks.failed(job, "nowhere");
    if (noted.retry_count < job.retry) {
      const at = this.#clock.now() + this.#retryDelayMs(noted.retry_count);
      noted.next_at = writeTime(at);
      this.sets.retries.add(at, { jid: job.jid, payload: writeJob(job) });
      this.#hooks.failed(job, "retries");
    } else {
      this.bury({ jid: job.jid, payload: writeJob(job) });
      this.#hooks.failed(job, "dead");
    }
  }

  #retryDelayMs(count: number): number {
    return (count ** 4 + 15 + Math.floor(this.#random() * 30) * (count + 1)) * 1000;
  }

  #enqueue(job: StoredJob): void {
    job.enqueued_at = this.#nowText();
    try {
      this.queues.push(job.queue, writeJob(job));
    } catch (error) {
      throw new GoError(`cannot get ${quoted(job.queue)} queue: ${(error as Error).message}`);
    }
  }

  #nowText(): string {
    return writeTime(this.#clock.now());
  }
}
