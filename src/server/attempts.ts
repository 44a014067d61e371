import type { AttemptResult, JobAttempt } from "../inspect/types.ts";
import type { Clock } from "../internal/clock.ts";
import type { FailedTo } from "./hooks.ts";
import { hashOf } from "./jid_hash.ts";
import { copyText, type Payload } from "./payload.ts";
import { type Reservation, reservedMs } from "./reservation.ts";
import { RowIndex } from "./row_index.ts";
import type { Store } from "./store/store.ts";
import type { StoredFailure } from "./stored_job.ts";

/** Maximum number of attempts of all jobs together. They take at most 10 MiB of memory. */
const MAX_ATTEMPTS = 10_000;

/** Characters kept of an error's message. */
const MAX_MESSAGE = 300;

/** The table of the store. */
const TABLE = "attempts";

const RESULTS: Readonly<Record<FailedTo, AttemptResult>> = {
  retries: "retry",
  dead: "dead",
  nowhere: "dropped",
};

/** A stored attempt. Times are in milliseconds since 1970. */
interface StoredAttempt {
  readonly jid: string;
  readonly attempt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number;
  readonly worker: string;
  readonly result: AttemptResult;
  readonly errorType?: string;
  readonly message?: string;
  /** Larger than that of every earlier attempt. */
  readonly serial: number;
}

/**
 * The latest failed attempts of all jobs, and the successes that followed them. In the ring, a new
 * attempt replaces the oldest one. Jobs that never fail are not recorded.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #max: number;
  /** Row 0 stands for an empty slot of the index, so the slots begin with 1. */
  readonly #slots: (StoredAttempt | undefined)[] = [undefined];
  readonly #byJid = new RowIndex();
  #serial = 0;

  constructor(clock: Clock, store: Store, max = MAX_ATTEMPTS) {
    this.#clock = clock;
    this.#store = store;
    this.#max = max;
    const stored = [...store.all(TABLE)].map(([, json]) => JSON.parse(json) as StoredAttempt);
    for (const one of stored.sort((a, b) => a.serial - b.serial)) this.#put(one);
  }

  /** Records a failed run. `noted` is the failure as it is stored in the job. */
  failed(reservation: Reservation, record: StoredFailure, to: FailedTo): void {
    this.#add(reservation, {
      attempt: Number(record.retry_count) + 1,
      result: RESULTS[to],
      errorType: copyText(record.errtype),
      message: copyText(record.message.slice(0, MAX_MESSAGE).toWellFormed()),
    });
  }

  /** Records a success, if the job has failed before. */
  succeeded(reservation: Reservation): void {
    if (!hasFailed(reservation.payload) || this.#attemptsOf(reservation.jid).length === 0) return;
    const { failure } = reservation.job;
    const attempt = failure === undefined ? 1 : Number(failure.retry_count) + 2;
    this.#add(reservation, { attempt, result: "success" });
  }

  /** Returns the attempts of a job, the first one first. */
  of(jid: string): JobAttempt[] {
    return this.#attemptsOf(jid).sort((a, b) => a.serial - b.serial).map((stored) => ({
      attempt: stored.attempt,
      startedAt: stored.startedAt === undefined ? undefined : new Date(stored.startedAt),
      endedAt: new Date(stored.endedAt),
      worker: stored.worker,
      result: stored.result,
      errorType: stored.errorType,
      message: stored.message,
    }));
  }

  /** Removes all attempts from memory. The store deletes its own records itself. */
  clear(): void {
    this.#slots.length = 1;
    this.#byJid.clear();
    this.#serial = 0;
  }

  #attemptsOf(jid: string): StoredAttempt[] {
    return this.#byJid.find(hashOf(jid)).map((slot) => this.#slots[slot]!)
      .filter((stored) => stored.jid === jid);
  }

  #add(
    { jid, wid, entry, extension, job }: Reservation,
    more: Pick<StoredAttempt, "attempt" | "result" | "errorType" | "message">,
  ): void {
    const startedAt = extension === undefined
      ? entry.at - reservedMs({ reserve_for: Number(job.reserve_for) })
      : undefined;
    const stored: StoredAttempt = {
      ...{ jid: copyText(jid), worker: copyText(wid), startedAt, endedAt: this.#clock.now() },
      ...more,
      serial: this.#serial + 1,
    };
    const slot = this.#put(stored);
    if (this.#store.isDurable) this.#store.set(TABLE, `${slot}`, JSON.stringify(stored));
  }

  #put(stored: StoredAttempt): number {
    this.#serial = stored.serial;
    const slot = (stored.serial - 1) % this.#max + 1;
    const old = this.#slots[slot];
    if (old !== undefined) this.#byJid.remove(hashOf(old.jid), slot);
    this.#slots[slot] = stored;
    this.#byJid.add(hashOf(stored.jid), slot);
    return slot;
  }
}

/** Stored JSON begins with the retries. The failure is next, if there is one. */
function hasFailed(payload: Payload): boolean {
  const text = typeof payload === "string" ? payload : payload.head;
  return text.startsWith('"failure":', text.indexOf(",") + 1);
}
