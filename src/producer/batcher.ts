import type { ConnectionPool, RequestSource } from "../connection/pool.ts";
import type { Request } from "../connection/request.ts";
import { Fifo } from "../internal/fifo.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";
import { JobList } from "./job_list.ts";
import { PushBulkRequest, PushRequest } from "./push_request.ts";

/**
 * Maximum number of jobs in one PUSHB. The server allows five seconds for all of them, and executes
 * nothing else on the connection meanwhile.
 */
const MAX_JOBS = 1000;

/** Length of the text in one PUSHB before its last job, in UTF-16 units. */
const MAX_TEXT = 1024 * 1024;

/** Jobs collected for one PUSHB. They may be sent in several parts, one after the other. */
class PendingBulk {
  readonly #jobs = new JobList();
  /** Number of jobs taken so far. */
  #taken = 0;
  /** Jids that callers passed. PUSHB reports refused jobs by jid, so a jid may appear only once. */
  #chosen: Set<string> | undefined;

  get isEmpty(): boolean {
    return this.#taken === this.#jobs.length;
  }

  accepts(job: EncodedJob, isChosen: boolean): boolean {
    return this.#jobs.length < MAX_JOBS && this.#jobs.textLength < MAX_TEXT &&
      !(isChosen && this.#chosen?.has(job.jid) === true);
  }

  add(job: EncodedJob, isChosen: boolean, listener: EnqueueListener): void {
    if (isChosen) (this.#chosen ??= new Set()).add(job.jid);
    this.#jobs.add(job, listener);
  }

  /** Called when no more jobs will be added. */
  seal(): void {
    this.#jobs.pack();
  }

  /** Takes up to `count` jobs. */
  take(count: number): JobList {
    const from = this.#taken;
    this.#taken = Math.min(from + count, this.#jobs.length);
    return this.#jobs.part(from, this.#taken);
  }
}

/**
 * Combines jobs into few commands without delaying them. The jobs of one turn of the event loop are
 * sent together, and so are those that arrive while no connection has room.
 */
export class Batcher implements RequestSource {
  readonly #pool: ConnectionPool;
  readonly #batches = new Fifo<PendingBulk>();
  #last: PendingBulk | undefined;
  #weight = 0;
  /** Number of jobs at the last check. */
  #seen = 0;
  /** True if a check is scheduled, or the pool takes the jobs when it has room. */
  #isOffered = false;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** Number of jobs that wait. */
  get weight(): number {
    return this.#weight;
  }

  /** Sends a job soon. `isChosen`: the caller passed the jid, so it may not be unique. */
  add(job: EncodedJob, isChosen: boolean, listener: EnqueueListener): void {
    if (this.#last?.accepts(job, isChosen) !== true) {
      this.#last?.seal();
      this.#batches.push(this.#last = new PendingBulk());
    }
    this.#last.add(job, isChosen, listener);
    this.#weight++;
    if (this.#isOffered) return;
    this.#isOffered = true;
    this.#seen = this.#weight;
    atEndOfTurn(this.#look);
  }

  /** Sends all waiting jobs before any later command. */
  flush(): void {
    this.#pool.sendAll(this);
  }

  take(weight: number): Request | undefined {
    for (let batch; (batch = this.#batches.peek()) !== undefined;) {
      const jobs = batch.take(weight);
      this.#weight -= jobs.length;
      if (this.#weight === 0) this.#isOffered = false;
      if (batch.isEmpty) {
        this.#batches.shift();
        if (batch === this.#last) this.#last = undefined;
      }
      const request = requestFor(jobs.wanted());
      if (request !== undefined) return request;
    }
    return undefined;
  }

  /** Offers the jobs to the pool after a turn of the microtask queue without new jobs. */
  readonly #look = (): void => {
    if (this.#weight > this.#seen) {
      this.#seen = this.#weight;
      return atEndOfTurn(this.#look);
    }
    this.#pool.offer(this);
    this.#isOffered = this.#weight > 0;
  };
}

function requestFor(jobs: JobList): Request | undefined {
  if (jobs.length > 1) return new PushBulkRequest(jobs) as Request;
  return jobs.length === 0 ? undefined : new PushRequest(jobs.job(0), jobs.listeners[0]!);
}
