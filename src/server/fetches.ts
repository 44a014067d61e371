import type { Clock } from "../internal/clock.ts";
import type { Throttles } from "./enterprise/throttles.ts";
import { GoError } from "./go/error.ts";
import type { JobArena } from "./job_arena.ts";
import { copyPayload, type Payload } from "./payload.ts";
import type { Queues, TakenJob, Waiter } from "./queues.ts";
import type { WaitingFetch } from "./reservation.ts";
import type { Reservations } from "./reservations.ts";

/** Parts of {@linkcode Fetches}. */
export interface FetchesParts {
  readonly arena: JobArena;
  readonly queues: Queues;
  /** The running jobs. */
  readonly reservations: Reservations;
  /** Queues with a limit on running jobs. */
  readonly throttles: Throttles | undefined;
  /** Time that a FETCH waits for a job, and the clock that measures it. */
  readonly timeout: { readonly clock: Clock; readonly ms: number };
  /** Reserves a job for a worker. Returns `undefined` if the job must not run. */
  reserve(job: TakenJob, wid: string): Payload | undefined;
}

/** FETCH: gives jobs to workers, and lets them wait for jobs. */
export class Fetches {
  /** Time that a FETCH waits for a job, and the clock that measures it. */
  readonly timeout: FetchesParts["timeout"];
  /**
   * Workers that run jobs for a test. Their FETCH returns at once when no job of theirs is running.
   * The value is a job that the worker's next FETCH gets before all others.
   */
  readonly testWorkers = new Map<string, Payload | undefined>();
  readonly #parts: FetchesParts;
  readonly #queues: Queues;
  /** They end when the server closes. */
  readonly #waiting = new Set<WaitingFetch>();

  constructor(parts: FetchesParts) {
    this.#parts = parts;
    this.#queues = parts.queues;
    this.timeout = parts.timeout;
  }

  /** Number of waiting FETCHes. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Takes the first job of these queues. If all are empty, the FETCH waits for the next job until
   * the fetch timeout; `onWait` then receives a function that ends the wait earlier.
   */
  fetch(
    names: readonly string[],
    wid: string,
    onWait?: (end: () => void) => void,
  ): Payload | undefined | Promise<Payload | undefined> {
    if (names.length === 0) throw new GoError("must call fetch with at least one queue");
    const { admitted: active, awaited } = this.#throttled(this.#queues.active(names), wid);
    let taken: TakenJob | undefined;
    while ((taken = this.#takeFirstJob(wid) ?? this.#queues.pop(active)) !== undefined) {
      const job = this.#parts.reserve(taken, wid);
      if (job !== undefined) return job;
    }
    if (this.#isIdleTestWorker(wid)) return undefined;
    return this.#wait(awaited, wid, onWait);
  }

  /** Ends the waiting FETCHes of a test's worker that has no running job left. */
  released(wid: string): void {
    if (!this.#isIdleTestWorker(wid)) return;
    for (const waiting of [...this.#waiting]) if (waiting.wid === wid) waiting.end();
  }

  /** Ends every waiting FETCH with an error. */
  close(): void {
    for (const waiting of [...this.#waiting]) waiting.fail(new GoError("redis: client is closed"));
  }

  /**
   * Splits the queues: `admitted` are those from which the worker may get a job now, `awaited`
   * those it may wait for.
   */
  #throttled(names: readonly string[], wid: string) {
    const { throttles } = this.#parts;
    if (throttles === undefined) return { admitted: names, awaited: names };
    return {
      admitted: names.filter((name) =>
        throttles.admits(name, wid, this.#parts.reservations.values())
      ),
      awaited: names.filter((name) => !throttles.has(name)),
    };
  }

  /** Takes the job that a test wants this worker to get first. */
  #takeFirstJob(wid: string): TakenJob | undefined {
    const payload = this.testWorkers.get(wid);
    if (payload === undefined) return undefined;
    this.testWorkers.set(wid, undefined);
    return { row: this.#parts.arena.add(payload), payload, isStored: false };
  }

  /** Returns true if this is a test's worker with no running job. */
  #isIdleTestWorker(wid: string): boolean {
    if (!this.testWorkers.has(wid)) return false;
    for (const reservation of this.#parts.reservations.values()) {
      if (reservation.wid === wid) return false;
    }
    return true;
  }

  #wait(
    active: readonly string[],
    wid: string,
    onWait?: (end: () => void) => void,
  ): Promise<Payload | undefined> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#queues.stopWaiting(active, waiter);
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
          const job = this.#parts.reserve({ ...taken, payload: copyPayload(taken.payload) }, wid);
          if (job !== undefined) end(() => resolve(job));
        },
      };
      const { clock, ms } = this.timeout;
      const cancelTimer = clock.after(ms, waiting.end);
      this.#waiting.add(waiting);
      this.#queues.wait(active, waiter);
      onWait?.(waiting.end);
    });
  }
}
