import type { Throttles } from "./enterprise/throttles.ts";
import type { Clock } from "../internal/clock.ts";
import { parseAt } from "./at.ts";
import { takeDue } from "./due.ts";
import { checkJob } from "./check_job.ts";
import { type Failure, noteFailure, retryDelayMs, truncateFailure } from "./failure.ts";
import { Stamps } from "./go/time.ts";
import { GoError } from "./go/error.ts";
import { quoted } from "./go/quote.ts";
import { failedEvent, type TellEvent } from "./events.ts";
import { type FailedTo, type JobHooks, noHooks } from "./hooks.ts";
import { Reservation, type SetName, type WaitingFetch } from "./members.ts";
import { ownedPayload, type Payload } from "./payload.ts";
import { JobArena } from "./job_arena.ts";
import { JobSet } from "./job_set.ts";
import { Queues, type TakenJob, type Waiter } from "./queues.ts";
import type { Work } from "./slices.ts";
import { SortedSet } from "./sorted_set.ts";
import { WORKING_PLACE } from "./store/kept.ts";
import { keepExtension, restore } from "./store/restore.ts";
import { nullStore, type Store } from "./store/store.ts";
import { Counters } from "./store/counters.ts";
import { reservedMs } from "./reservation.ts";
import { Reservations } from "./reservations.ts";
import {
  glanceAt,
  readStored,
  type StoredFailure,
  type StoredJob,
  writeJob,
  writeTime,
} from "./stored_job.ts";

const DEAD_MS = 180 * 24 * 60 * 60 * 1000;

/** How many the reference server takes out of a set at a time. */
const DUE_AT_ONCE = 100;
const EXPIRED_AT_ONCE = 10;

export type { SetName };

/**
 * What a server of another edition, or one that serves tests, does otherwise than the reference
 * server.
 */
export interface ManagerOptions {
  /** What its edition does with jobs. @default nothing, as the free one */
  readonly hooks?: JobHooks | undefined;
  /** Hears of failed jobs. */
  readonly tell?: TellEvent | undefined;
  /** From 0 to below 1, for the waits before retries. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** How long a FETCH waits for a job, and by which clock. */
  readonly fetchWait: { readonly clock: Clock; readonly ms: number };
  /** Hears of every job that was enqueued, but for those that their own worker puts off. */
  readonly pushed?: ((job: StoredJob) => void) | undefined;
  /** Queues whose jobs are limited. @default none */
  readonly throttles?: Throttles | undefined;
  /** What keeps everything beyond the process. @default nothing is kept */
  readonly store?: Store | undefined;
}

/** What happens to jobs: from a push over reservations, retries and the schedule to their end. */
export class Manager {
  readonly queues: Queues;
  readonly sets: Readonly<Record<SetName, JobSet>>;
  /** The bytes of all jobs. */
  readonly arena: JobArena;
  readonly counters: Counters;
  /** Jobs that were enqueued since the server started. */
  enqueued = 0;
  /** How long a FETCH waits, and by which clock. */
  readonly fetchWait: { readonly clock: Clock; readonly ms: number };
  /**
   * Workers whose FETCH does not wait once they have nothing to do, each with the job that it is to
   * get first, if any: tests run jobs by them.
   */
  readonly helpers = new Map<string, Payload | undefined>();
  readonly #clock: Clock;
  readonly #stamps: Stamps;
  readonly #random: () => number;
  readonly #pushed: (job: StoredJob) => void;
  readonly #hooks: JobHooks;
  readonly #tell: TellEvent | undefined;
  readonly #store: Store;
  readonly #throttles: Throttles | undefined;
  readonly #working = new SortedSet<Reservation>();
  readonly #reservations = new Reservations();
  /** FETCHes that wait, to be ended with the server. */
  readonly #waiting = new Set<WaitingFetch>();

  constructor(clock: Clock, options: ManagerOptions) {
    this.#clock = clock;
    this.#stamps = new Stamps(clock);
    this.#random = options.random ?? Math.random;
    this.#pushed = options.pushed ?? (() => {});
    this.#hooks = options.hooks ?? noHooks;
    this.#tell = options.tell;
    this.#throttles = options.throttles;
    this.fetchWait = options.fetchWait;
    const store = this.#store = options.store ?? nullStore;
    this.counters = new Counters(store);
    const arena = this.arena = store.arena ?? new JobArena();
    this.queues = new Queues(arena, store);
    const set = (name: SetName) =>
      new JobSet(arena, {
        add: (row, at) => store.add(row, name, { at, owner: "" }),
        remove: (row) => store.remove(row),
      });
    this.sets = { scheduled: set("scheduled"), retries: set("retries"), dead: set("dead") };
    restore(store, {
      arena,
      queues: this.queues,
      sets: this.sets,
      working: this.#working,
      reservations: this.#reservations,
    });
  }

  /** Jobs with a worker. */
  get working(): number {
    return this.#working.size;
  }

  /** Some of the jobs with a worker, in the order in which their reservations end. */
  workingPage(from: number, max: number): Reservation[] {
    return this.#working.page(from, max).map(({ value }) => value);
  }

  /** What is known of a job that a worker has. */
  reservationOf(jid: string): Reservation | undefined {
    return this.#reservations.get(jid);
  }

  /**
   * Jobs that a worker can still end: those with one, and those that had one when everything was
   * flushed.
   */
  get reserved(): number {
    return this.#reservations.size;
  }

  /** FETCHes that wait for a job. */
  get waiting(): number {
    return this.#waiting.size;
  }

  push(job: StoredJob): void {
    checkJob(job);
    if (job.created_at === "") job.created_at = this.#stamps.next();
    if (job.queue === "") job.queue = "default";
    const isPutOff = this.#reservations.has(job.jid);
    const at = job.at === "" ? undefined : parseAt(job.at);
    const isLater = at !== undefined && at > this.#clock.now();
    this.#hooks.pushing(job, isLater ? at : undefined);
    if (isLater) {
      this.sets.scheduled.add(at, ownedPayload(writeJob(job)));
    } else {
      this.#enqueue(job);
    }
    if (isPutOff) return;
    this.enqueued++;
    this.#pushed(job);
  }

  /**
   * A job of the first of these queues that has one, or the first that comes within two seconds.
   * `waits` is given what ends the wait before that.
   */
  fetch(
    names: readonly string[],
    wid: string,
    waits?: (end: () => void) => void,
  ): Payload | undefined | Promise<Payload | undefined> {
    if (names.length === 0) throw new GoError("must call fetch with at least one queue");
    const { admitted: active, awaited } = this.#throttled(this.queues.active(names), wid);
    let taken: TakenJob | undefined;
    while ((taken = this.#handed(wid) ?? this.queues.pop(active)) !== undefined) {
      const job = this.#reserve(taken, wid);
      if (job !== undefined) return job;
    }
    if (this.#isIdle(wid)) return undefined;
    return this.#wait(awaited, wid, waits);
  }

  acknowledge(jid: string): void {
    const reservation = this.#release(jid);
    if (reservation === undefined) return;
    this.#end(reservation);
    this.counters.processed++;
    if (this.#isWatched) this.#hooks.acknowledged(reservation.job);
  }

  fail(failure: Failure): void {
    if (failure.jid === "") throw new GoError("missing JID");
    const reservation = this.#release(failure.jid);
    if (reservation === undefined) throw new GoError(`Job not found ${failure.jid}`);
    // After a FLUSH it is with its worker still, but not in the set.
    if (this.#end(reservation)) this.#failed(reservation.job, truncateFailure(failure));
  }

  /** Has the reservation of a job last until then; one that lasts longer already stays as it is. */
  extend(jid: string, until: number): void {
    const reservation = this.#reservations.get(jid);
    if (reservation === undefined || until <= reservation.entry.at) return;
    reservation.extension = until;
    keepExtension(this.#store, jid, until);
  }

  /** Enqueues what is due of the scheduled jobs and of those to be tried again. */
  enqueueDue(name: "scheduled" | "retries"): Work<number> {
    const due = { now: this.#clock.now(), atOnce: DUE_AT_ONCE };
    return takeDue<Payload>(this.sets[name], due, (payload) => this.#enqueue(readStored(payload)));
  }

  /** Drops dead jobs whose time is over: some at a time. */
  // deno-lint-ignore require-yield
  *purgeDead(): Work<number> {
    return this.sets.dead.takeUntil(this.#clock.now(), DUE_AT_ONCE).length;
  }

  /** Fails the jobs whose reservation is over. */
  *reap(): Work<number> {
    const now = this.#clock.now();
    let extended = 0;
    const count = yield* takeDue<Reservation>(
      this.#working,
      { now, atOnce: EXPIRED_AT_ONCE },
      (expired) => {
        const { jid, row, extension } = expired;
        if (extension !== undefined && extension > now) {
          expired.entry = this.#working.add(extension, expired);
          this.#store.reserve(expired.row, { at: extension, owner: expired.wid });
          extended++;
          return;
        }
        this.#store.remove(row);
        this.arena.free(row);
        // Two jobs of one jid share what is known of it, so the second may find nothing.
        const reservation = this.#release(jid);
        if (reservation === undefined) throw new GoError(`Job not found ${jid}`);
        this.#failed(reservation.job, {
          jid,
          errtype: "ReservationExpired",
          message: "Faktory job reservation expired",
          backtrace: [],
        });
      },
    );
    return count - extended;
  }

  /** Moves a job of a set to the dead. */
  moveToDead(payload: Payload): void {
    this.sets.dead.add(this.#clock.now() + DEAD_MS, payload);
  }

  /** Puts a job of a set back on its queue, as it is. */
  requeue(payload: Payload): void {
    this.queues.push(readStored(payload).queue, payload);
  }

  flush(): void {
    this.queues.flush();
    this.#working.clear();
    for (const set of Object.values(this.sets)) set.forget();
    this.arena.clear();
    this.#store.clear();
    this.counters.processed = 0;
    this.counters.failures = 0;
    this.#hooks.flushed();
  }

  /** Ends every FETCH that waits. */
  close(): void {
    for (const waiting of [...this.#waiting]) waiting.fail(new GoError("redis: client is closed"));
  }

  /**
   * Of these queues, those from which the worker may get a job now, and those whose jobs it may get
   * whenever they come.
   */
  #throttled(names: readonly string[], wid: string) {
    const throttles = this.#throttles;
    if (throttles === undefined) return { admitted: names, awaited: names };
    return {
      admitted: names.filter((name) => throttles.admits(name, wid, this.#reservations.values())),
      awaited: names.filter((name) => !throttles.has(name)),
    };
  }

  /** What a helper is to get before all else. */
  #handed(wid: string): TakenJob | undefined {
    const payload = this.helpers.get(wid);
    if (payload === undefined) return undefined;
    this.helpers.set(wid, undefined);
    return { row: this.arena.add(payload), payload, isKept: false };
  }

  /** Whether this is a helper that has nothing to do. */
  #isIdle(wid: string): boolean {
    if (!this.helpers.has(wid)) return false;
    for (const reservation of this.#reservations.values()) {
      if (reservation.wid === wid) return false;
    }
    return true;
  }

  #wait(
    active: readonly string[],
    wid: string,
    waits?: (end: () => void) => void,
  ): Promise<Payload | undefined> {
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
        take: (taken) => {
          const job = this.#reserve({ ...taken, payload: ownedPayload(taken.payload) }, wid);
          if (job !== undefined) end(() => resolve(job));
        },
      };
      const { clock, ms } = this.fetchWait;
      const cancelTimer = clock.after(ms, waiting.end);
      this.#waiting.add(waiting);
      this.queues.wait(active, waiter);
      waits?.(waiting.end);
    });
  }

  /** The job as the worker gets it; `undefined` where it is not to be run. */
  #reserve({ row, payload, isKept }: TakenJob, wid: string): Payload | undefined {
    const { jid, reserve_for } = glanceAt(payload);
    const reservation = new Reservation({ row, jid, payload, wid });
    if (this.#isWatched && !this.#hooks.fetching(reservation.job)) {
      if (isKept) this.#store.remove(row);
      this.arena.free(row);
      return undefined;
    }
    const at = this.#clock.now() + reservedMs({ reserve_for });
    reservation.entry = this.#working.add(at, reservation);
    if (isKept) this.#store.reserve(row, { at, owner: wid });
    else this.#store.add(row, WORKING_PLACE, { at, owner: wid });
    this.#reservations.set(reservation);
    // What was cut in a failure's text is read as U+FFFD, and written as it is.
    const head = typeof payload === "string" ? payload : payload.head;
    return head.includes("\\ufffd") ? writeJob(reservation.job) : payload;
  }

  /** Takes a job from its worker; false where it is not there any more, after a FLUSH. */
  #end({ entry, row }: Reservation): boolean {
    if (!this.#working.remove(entry)) return false;
    this.#store.remove(row);
    this.arena.free(row);
    return true;
  }

  #release(jid: string): Reservation | undefined {
    const reservation = this.#reservations.take(jid);
    if (reservation?.extension !== undefined) keepExtension(this.#store, jid, undefined);
    if (reservation !== undefined && this.#isIdle(reservation.wid)) {
      for (const waiting of [...this.#waiting]) if (waiting.wid === reservation.wid) waiting.end();
    }
    return reservation;
  }

  #failed(job: StoredJob, failure: Failure): void {
    this.counters.failures++;
    this.counters.processed++;
    const noted = noteFailure(job, failure, this.#stamps.next());
    const to = this.#keepFailed(job, noted);
    this.#hooks.failed(job, to);
    this.#tell?.(failedEvent(job, noted, to));
  }

  #keepFailed(job: StoredJob, noted: StoredFailure): FailedTo {
    if (job.retry === 0) return "nowhere";
    if (noted.retry_count < job.retry) {
      const at = this.#clock.now() + retryDelayMs(noted.retry_count, this.#random());
      noted.next_at = writeTime(at);
      this.sets.retries.add(at, ownedPayload(writeJob(job)));
      return "retries";
    }
    this.moveToDead(ownedPayload(writeJob(job)));
    return "dead";
  }

  #enqueue(job: StoredJob): void {
    job.enqueued_at = this.#stamps.next();
    try {
      this.queues.push(job.queue, writeJob(job));
    } catch (error) {
      throw new GoError(`cannot get ${quoted(job.queue)} queue: ${(error as Error).message}`);
    }
  }

  /** Whether an edition looks at jobs; they need not be read for one that does not. */
  get #isWatched(): boolean {
    return this.#hooks !== noHooks;
  }
}
