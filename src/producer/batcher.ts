import type { Request } from "../connection/request.ts";
import type { ConnectionPool } from "../connection/pool.ts";
import { StateError } from "../errors.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { Command } from "../protocol/commands/command.ts";
import { push, pushBulk } from "../protocol/commands/jobs.ts";
import { refusal } from "../protocol/refusal.ts";
import { JobList } from "./job_list.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";

/** Jobs in one PUSHB: the server has five seconds for all of them, and does nothing else on the connection meanwhile. */
const MAX_JOBS = 1000;

/**
 * The same over several connections. The server carries out what comes on one after the other, and takes twice as many jobs a
 * second where it has some of them from each: 100 callers over 8 connections enqueue 60,000 a second at the reference server on
 * two cores, 38,000 in PUSHBs of 64, and 25,000 over one connection.
 */
const MAX_SPREAD_JOBS = 16;

/**
 * Jobs that are sent without waiting for the end of the turn: the server begins on them while the others are made. Callers that
 * all wait for one reply come back all at once, so that client and server would take turns at being idle: a hundred callers
 * enqueue 1.4 times as many this way.
 */
const EARLY_JOBS = 64;

/** Text in one PUSHB, in UTF-16 units, beyond its last job. */
const MAX_TEXT = 1024 * 1024;

/** One job, as a PUSHB of one. */
class PushRequest implements Request<void> {
  readonly command: Command<void>;
  readonly #jid: string;
  readonly #listener: EnqueueListener;
  resent?: boolean;

  constructor(job: EncodedJob, listener: EnqueueListener) {
    this.command = push(job);
    this.#jid = job.jid;
    this.#listener = listener;
  }

  get cancelled(): boolean {
    return this.#listener.cancelled === true;
  }

  resolve(): void {
    this.#listener.done(this.#jid);
  }

  reject(error: unknown): void {
    this.#listener.failed(this.#jid, error);
  }
}

/** Many jobs, as a PUSHB. */
class PushBulkRequest implements Request<Map<string, string>> {
  command: Command<Map<string, string>>;
  #jobs: JobList;
  resent?: boolean;

  constructor(jobs: JobList) {
    this.command = pushBulk(jobs.text);
    this.#jobs = jobs;
  }

  /** Leaves out what was called off while it waited for a connection. */
  sending(): void {
    const wanted = this.#jobs.wanted(callOff);
    if (wanted === this.#jobs) return;
    this.#jobs = wanted;
    this.command = pushBulk(wanted.text);
  }

  get weight(): number {
    return this.#jobs.length;
  }

  get cancelled(): boolean {
    return this.#jobs.listeners.every((listener) => listener.cancelled === true);
  }

  resolve(refused: Map<string, string>): void {
    const { jids, listeners } = this.#jobs;
    let left = refused.size;
    for (let i = 0; i < jids.length; i++) {
      const jid = jids[i]!;
      const verdict = left === 0 ? undefined : refused.get(jid);
      if (verdict === undefined) {
        listeners[i]!.done(jid);
      } else {
        left--;
        listeners[i]!.failed(jid, refusal(verdict));
      }
    }
  }

  reject(error: unknown): void {
    const { jids, listeners } = this.#jobs;
    jids.forEach((jid, i) => listeners[i]!.failed(jid, error));
  }
}

/** Jobs that are being gathered. */
class Batch {
  readonly jobs = new JobList();
  readonly #maxJobs: number;
  /** Jids that callers chose. PUSHB's verdicts are by jid, so one must not be there twice. */
  #chosen: Set<string> | undefined;

  constructor(maxJobs: number) {
    this.#maxJobs = maxJobs;
  }

  takes(job: EncodedJob, isChosen: boolean): boolean {
    return this.jobs.length < this.#maxJobs && this.jobs.textLength < MAX_TEXT &&
      !(isChosen && this.#chosen?.has(job.jid) === true);
  }

  add(job: EncodedJob, isChosen: boolean, listener: EnqueueListener): void {
    if (isChosen) (this.#chosen ??= new Set()).add(job.jid);
    this.jobs.add(job, listener);
  }

  /** The command for those jobs that somebody still waits for. */
  request(): Request | undefined {
    const jobs = this.jobs.wanted(callOff);
    if (jobs.length > 1) return new PushBulkRequest(jobs) as Request;
    return jobs.length === 0 ? undefined : new PushRequest(jobs.job(0), jobs.listeners[0]!);
  }
}

/**
 * Gathers jobs into as few commands as it can without making any of them wait: those of one turn of the event loop, and
 * those that come while earlier bytes are still being written, go out together. A job that is alone is a PUSHB of one.
 */
export class Batcher {
  readonly #pool: ConnectionPool;
  readonly #maxJobs: number;
  #batches: Batch[] = [];
  /** Jobs gathered when last looked at. */
  #seen = 0;
  #gathered = 0;
  #scheduled = false;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
    this.#maxJobs = pool.all.length > 1 ? MAX_SPREAD_JOBS : MAX_JOBS;
  }

  /** Sends a job soon. `isChosen` says that its jid may have been used before. */
  add(job: EncodedJob, isChosen: boolean, listener: EnqueueListener): void {
    let batch = this.#batches.at(-1);
    if (batch === undefined || !batch.takes(job, isChosen)) {
      batch?.jobs.pack();
      batch = new Batch(this.#maxJobs);
      this.#batches.push(batch);
    }
    batch.add(job, isChosen, listener);
    this.#gathered++;
    if (this.#gathered === EARLY_JOBS) this.#sendEarly();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#seen = this.#gathered;
    atEndOfTurn(() => this.#look());
  }

  #sendEarly(): void {
    const { least } = this.#pool;
    if (!least.connected || least.writing) return;
    this.#send();
    this.#pool.flush();
    // The look at the end of the turn is still to come.
    this.#scheduled = true;
  }

  /** Sends what was gathered, once a turn of the microtask queue brought nothing more. */
  #look(): void {
    // All of it was sent early.
    if (this.#gathered === 0) return void (this.#scheduled = false);
    if (this.#gathered > this.#seen) {
      this.#seen = this.#gathered;
      return atEndOfTurn(() => this.#look());
    }
    this.#pool.least.onceWritable(() => this.#send());
  }

  /** Sends what was gathered: as much as makes a large write, and the rest once that is out. */
  #send(): void {
    this.#gathered = 0;
    let text = 0;
    for (let batch; (batch = this.#batches.shift()) !== undefined;) {
      const request = batch.request();
      if (request !== undefined) this.#pool.send(request);
      text += batch.jobs.textLength;
      if (text < MAX_TEXT) continue;
      text = 0;
      this.#pool.flush();
      const { least } = this.#pool;
      if (least.writing) return least.onceWritable(() => this.#send());
    }
    this.#scheduled = false;
  }
}

/** The caller has gone, but not the middleware between. */
function callOff(listener: EnqueueListener, jid: string): void {
  listener.failed(
    jid,
    new StateError("CALLED_OFF", "Cannot enqueue job as it was called off before it was sent"),
  );
}
