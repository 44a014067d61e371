import type { Throttles } from "./enterprise/throttles.ts";
import type { Clock } from "../internal/clock.ts";
import { Attempts } from "./attempts.ts";
import { takeDue } from "./due.ts";
import { checkJob, parseAt } from "./check_job.ts";
import { type Failure, recordFailure, retryDelayMs, truncateFailure } from "./failure.ts";
import { Timestamps } from "./go/time.ts";
import { GoError } from "./go/error.ts";
import { quote } from "./go/quote.ts";
import { type EmitEvent, failedEvent } from "./events.ts";
import { type FailedTo, type JobHooks, noHooks } from "./hooks.ts";
import { Reservation, reservedMs } from "./reservation.ts";
import { copyPayload, type Payload } from "./payload.ts";
import { Fetches } from "./fetches.ts";
import { JobArena } from "./job_arena.ts";
import { JobSet, type SetName } from "./job_set.ts";
import { Queues, type TakenJob } from "./queues.ts";
import type { Work } from "./slices.ts";
import { SortedSet } from "./sorted_set.ts";
import { WORKING_PLACE } from "./store/places.ts";
import { restore, saveExtension } from "./store/restore.ts";
import { nullStore, type Store } from "./store/store.ts";
import { Counters } from "./store/counters.ts";
import { Reservations } from "./reservations.ts";
import {
  peekJob,
  readStored,
  type StoredFailure,
  type StoredJob,
  writeJob,
  writeTime,
} from "./stored_job.ts";

const DEAD_MS = 180 * 24 * 60 * 60 * 1000;

/** Jobs that the reference server takes out of a set at a time. */
const DUE_AT_ONCE = 100;
const EXPIRED_AT_ONCE = 10;

/** Replaceable parts of a {@linkcode Manager}: for another edition, or for tests. */
export interface ManagerOptions {
  /** Callbacks of the edition. @default none, like the free edition */
  readonly hooks?: JobHooks | undefined;
  /** Receives the event of every failed job. */
  readonly emit?: EmitEvent | undefined;
  /** Random number from 0 to below 1, for the delays before retries. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Time that a FETCH waits for a job, and the clock that measures it. */
  readonly fetchWait: { readonly clock: Clock; readonly ms: number };
  /** Called with every job that was enqueued, except jobs that their own worker pushes again. */
  readonly onPush?: ((job: StoredJob) => void) | undefined;
  /** Queues with a limit on running jobs. @default none */
  readonly throttles?: Throttles | undefined;
  /** Storage for all data. @default nothing is stored */
  readonly store?: Store | undefined;
}

/** The life of a job on the server: push, reservation, retry, schedule, end. */
export class Manager {
  readonly queues: Queues;
  readonly sets: Readonly<Record<SetName, JobSet>>;
  /** The bytes of all jobs. */
  readonly arena: JobArena;
  readonly counters: Counters;
  /** The latest failed attempts. */
  readonly attempts: Attempts;
  /** Jobs enqueued since the server started. */
  enqueued = 0;
  /** Gives jobs to workers. */
  readonly fetches: Fetches;
  readonly #clock: Clock;
  readonly #timestamps: Timestamps;
  readonly #random: () => number;
  readonly #onPush: (job: StoredJob) => void;
  readonly #hooks: JobHooks;
  readonly #emit: EmitEvent | undefined;
  readonly #store: Store;
  readonly #working = new SortedSet<Reservation>();
  readonly #reservations = new Reservations();

  constructor(clock: Clock, options: ManagerOptions) {
    this.#clock = clock;
    this.#timestamps = new Timestamps(clock);
    this.#random = options.random ?? Math.random;
    this.#onPush = options.onPush ?? (() => {});
    this.#hooks = options.hooks ?? noHooks;
    this.#emit = options.emit;
    const store = this.#store = options.store ?? nullStore;
    this.counters = new Counters(store);
    this.attempts = new Attempts(clock, store);
    const arena = this.arena = store.arena ?? new JobArena();
    this.queues = new Queues(arena, store);
    const set = (name: SetName) =>
      new JobSet(arena, {
        add: (row, at) => store.add(row, name, { at, owner: "" }),
        remove: (row) => store.remove(row),
      });
    this.sets = { scheduled: set("scheduled"), retries: set("retries"), dead: set("dead") };
    this.fetches = new Fetches({
      ...{ arena, queues: this.queues, reservations: this.#reservations },
      ...{ throttles: options.throttles, timeout: options.fetchWait },
      reserve: (job, wid) => this.#reserve(job, wid),
    });
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

  /** A page of the jobs with a worker, ordered by the end of their reservations. */
  workingPage(from: number, max: number): Reservation[] {
    return this.#working.page(from, max).map(({ value }) => value);
  }

  /** The reservation of a job that is with a worker. */
  reservationOf(jid: string): Reservation | undefined {
    return this.#reservations.get(jid);
  }

  /**
   * Number of jobs that a worker can still acknowledge or fail. A FLUSH empties the working set,
   * but workers can still report its jobs.
   */
  get reserved(): number {
    return this.#reservations.size;
  }

  push(job: StoredJob): void {
    checkJob(job);
    if (job.created_at === "") job.created_at = this.#timestamps.next();
    if (job.queue === "") job.queue = "default";
    const isRescheduled = this.#reservations.has(job.jid);
    const at = job.at === "" ? undefined : parseAt(job.at);
    const isLater = at !== undefined && at > this.#clock.now();
    this.#hooks.pushing(job, isLater ? at : undefined);
    if (isLater) {
      this.sets.scheduled.add(at, copyPayload(writeJob(job)));
    } else {
      this.#enqueue(job);
    }
    if (isRescheduled) return;
    this.enqueued++;
    this.#onPush(job);
  }

  acknowledge(jid: string): void {
    const reservation = this.#release(jid);
    if (reservation === undefined) return;
    this.#removeFromWorking(reservation);
    this.counters.processed++;
    this.attempts.succeeded(reservation);
    if (this.#hasHooks) this.#hooks.acknowledged(reservation.job);
  }

  fail(failure: Failure): void {
    if (failure.jid === "") throw new GoError("missing JID");
    const reservation = this.#release(failure.jid);
    if (reservation === undefined) throw new GoError(`Job not found ${failure.jid}`);
    // After a FLUSH, the job is still with its worker, but no longer in the working set.
    if (this.#removeFromWorking(reservation)) this.#failed(reservation, truncateFailure(failure));
  }

  /** Extends the reservation of a job until this time, unless it already lasts longer. */
  extend(jid: string, until: number): void {
    const reservation = this.#reservations.get(jid);
    if (reservation === undefined || until <= reservation.entry.at) return;
    reservation.extension = until;
    saveExtension(this.#store, jid, until);
  }

  /** Enqueues the due jobs of a set. */
  enqueueDue(name: "scheduled" | "retries"): Work<number> {
    const due = { now: this.#clock.now(), atOnce: DUE_AT_ONCE };
    return takeDue<Payload>(this.sets[name], due, (payload) => this.#enqueue(readStored(payload)));
  }

  /** Removes expired jobs from the dead set, up to 100 per call. */
  // deno-lint-ignore require-yield
  *purgeDead(): Work<number> {
    return this.sets.dead.takeUntil(this.#clock.now(), DUE_AT_ONCE).length;
  }

  /** Fails the jobs whose reservation has expired. */
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
        // Two running jobs with the same jid share one reservation entry, so the second may find
        // none.
        const reservation = this.#release(jid);
        if (reservation === undefined) throw new GoError(`Job not found ${jid}`);
        this.#failed(reservation, {
          jid,
          errtype: "ReservationExpired",
          message: "Faktory job reservation expired",
          backtrace: [],
        });
      },
    );
    return count - extended;
  }

  /** Adds a job that was taken from a set to the dead set. */
  moveToDead(payload: Payload): void {
    this.sets.dead.add(this.#clock.now() + DEAD_MS, payload);
  }

  /** Puts a job of a set back on its queue, unchanged. */
  requeue(payload: Payload): void {
    this.queues.push(readStored(payload).queue, payload);
  }

  flush(): void {
    this.queues.flush();
    this.#working.clear();
    for (const set of Object.values(this.sets)) set.reset();
    this.arena.clear();
    this.#store.clear();
    this.attempts.clear();
    this.counters.processed = 0;
    this.counters.failures = 0;
    this.#hooks.flushed();
  }

  /** Ends every waiting FETCH. */
  close(): void {
    this.fetches.close();
  }

  /**
   * Reserves the job for the worker and returns its text. Returns `undefined` if the job must not
   * run, for example because it has expired.
   */
  #reserve({ row, payload, isStored }: TakenJob, wid: string): Payload | undefined {
    const { jid, reserve_for } = peekJob(payload);
    const reservation = new Reservation({ row, jid, payload, wid });
    if (this.#hasHooks && !this.#hooks.fetching(reservation.job)) {
      if (isStored) this.#store.remove(row);
      this.arena.free(row);
      return undefined;
    }
    const at = this.#clock.now() + reservedMs({ reserve_for });
    reservation.entry = this.#working.add(at, reservation);
    if (isStored) this.#store.reserve(row, { at, owner: wid });
    else this.#store.add(row, WORKING_PLACE, { at, owner: wid });
    this.#reservations.set(reservation);
    // A character that was cut in half in a failure's text is decoded to U+FFFD, so the text is
    // written again.
    const head = typeof payload === "string" ? payload : payload.head;
    return head.includes("\\ufffd") ? writeJob(reservation.job) : payload;
  }

  /** Removes a job from the working set. Returns true if it was there: after a FLUSH it is not. */
  #removeFromWorking({ entry, row }: Reservation): boolean {
    if (!this.#working.remove(entry)) return false;
    this.#store.remove(row);
    this.arena.free(row);
    return true;
  }

  #release(jid: string): Reservation | undefined {
    const reservation = this.#reservations.take(jid);
    if (reservation?.extension !== undefined) saveExtension(this.#store, jid, undefined);
    if (reservation !== undefined) this.fetches.released(reservation.wid);
    return reservation;
  }

  #failed(reservation: Reservation, failure: Failure): void {
    const { job } = reservation;
    this.counters.failures++;
    this.counters.processed++;
    const record = recordFailure(job, failure, this.#timestamps.next());
    const to = this.#moveFailed(job, record);
    this.attempts.failed(reservation, record, to);
    this.#hooks.failed(job, to);
    this.#emit?.(failedEvent(job, record, to));
  }

  #moveFailed(job: StoredJob, record: StoredFailure): FailedTo {
    if (job.retry === 0) return "nowhere";
    if (record.retry_count < job.retry) {
      const at = this.#clock.now() + retryDelayMs(record.retry_count, this.#random());
      record.next_at = writeTime(at);
      this.sets.retries.add(at, copyPayload(writeJob(job)));
      return "retries";
    }
    this.moveToDead(copyPayload(writeJob(job)));
    return "dead";
  }

  #enqueue(job: StoredJob): void {
    job.enqueued_at = this.#timestamps.next();
    try {
      this.queues.push(job.queue, writeJob(job));
    } catch (error) {
      throw new GoError(`cannot get ${quote(job.queue)} queue: ${(error as Error).message}`);
    }
  }

  /** True if the edition inspects jobs. For the free edition, jobs need not be parsed. */
  get #hasHooks(): boolean {
    return this.#hooks !== noHooks;
  }
}
