import type { ConnectionPool, RequestSource } from "../connection/pool.ts";
import type { Request } from "../connection/request.ts";
import { Fifo } from "../internal/fifo.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";
import { JobList } from "./job_list.ts";
import { PushBulkRequest, PushRequest } from "./push_request.ts";

/**
 * Jobs in one PUSHB: the server has five seconds for all, and does nothing else on the connection.
 */
const MAX_JOBS = 1000;

/** Text in one PUSHB, in UTF-16 units, before its last job. */
const MAX_TEXT = 1024 * 1024;

/** Jobs that may be in one PUSHB, or in several one after the other. */
class PendingBulk {
  readonly #jobs = new JobList();
  /** Jobs that were taken. */
  #taken = 0;
  /** Jids that callers chose. PUSHB reports refusals by jid, so each may be there only once. */
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

  /** Nothing more is added. */
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
 * Gathers jobs into few commands, without making them wait: the jobs of one turn of the event loop,
 * and those that come while no connection can take more, are sent together.
 */
export class Batcher implements RequestSource {
  readonly #pool: ConnectionPool;
  readonly #batches = new Fifo<PendingBulk>();
  #last: PendingBulk | undefined;
  #weight = 0;
  /** Jobs gathered at the last look. */
  #seen = 0;
  /** A look is due, or the pool takes the jobs when it can. */
  #isOffered = false;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** Jobs that are gathered. */
  get weight(): number {
    return this.#weight;
  }

  /** Sends a job soon. `isChosen`: its jid may have been used before. */
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

  /** Sends all that is gathered, before any later command. */
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

  /** Offers the jobs once a turn of the microtask queue brought no more. */
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
