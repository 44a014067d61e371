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
  #callerJids: Set<string> | undefined;

  get isEmpty(): boolean {
    return this.#taken === this.#jobs.length;
  }

  accepts(job: EncodedJob, hasCallerJid: boolean): boolean {
    return this.#jobs.length < MAX_JOBS && this.#jobs.textLength < MAX_TEXT &&
      !(hasCallerJid && this.#callerJids?.has(job.jid) === true);
  }

  add(job: EncodedJob, hasCallerJid: boolean, listener: EnqueueListener): void {
    if (hasCallerJid) (this.#callerJids ??= new Set()).add(job.jid);
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
export class BulkQueue implements RequestSource {
  readonly #pool: ConnectionPool;
  readonly #bulks = new Fifo<PendingBulk>();
  #last: PendingBulk | undefined;
  #weight = 0;
  /** Number of jobs at the last check. */
  #lastWeight = 0;
  #isCheckScheduled = false;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** Number of jobs that wait. */
  get weight(): number {
    return this.#weight;
  }

  /** Sends a job soon. `hasCallerJid`: the caller passed the jid, so it may exist twice. */
  add(job: EncodedJob, hasCallerJid: boolean, listener: EnqueueListener): void {
    if (this.#last?.accepts(job, hasCallerJid) !== true) {
      this.#last?.seal();
      this.#bulks.push(this.#last = new PendingBulk());
    }
    this.#last.add(job, hasCallerJid, listener);
    this.#weight++;
    if (this.#isCheckScheduled || this.#weight < this.#pool.wanted) return;
    this.#isCheckScheduled = true;
    this.#lastWeight = this.#weight;
    atEndOfTurn(this.#checkForMore);
  }

  /** Sends all waiting jobs before any later command. */
  flush(): void {
    this.#pool.sendAll(this);
  }

  take(weight: number): Request | undefined {
    for (let bulk; (bulk = this.#bulks.peek()) !== undefined;) {
      const jobs = bulk.take(weight);
      this.#weight -= jobs.length;
      if (bulk.isEmpty) {
        this.#bulks.shift();
        if (bulk === this.#last) this.#last = undefined;
      }
      const request = requestFor(jobs.withoutCancelled());
      if (request !== undefined) return request;
    }
    return undefined;
  }

  /** Offers the jobs to the pool after a turn of the microtask queue without new jobs. */
  readonly #checkForMore = (): void => {
    if (this.#weight > this.#lastWeight) {
      this.#lastWeight = this.#weight;
      return atEndOfTurn(this.#checkForMore);
    }
    this.#isCheckScheduled = false;
    this.#pool.offer(this);
  };
}

function requestFor(jobs: JobList): Request | undefined {
  if (jobs.length > 1) return new PushBulkRequest(jobs) as Request;
  return jobs.length === 0 ? undefined : new PushRequest(jobs.job(0), jobs.listeners[0]!);
}
