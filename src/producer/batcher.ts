import type { Request } from "../connection/request.ts";
import type { Lanes } from "../connection/lanes.ts";
import { StateError } from "../errors.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { Command } from "../protocol/commands/command.ts";
import { push, pushBulk } from "../protocol/commands/jobs.ts";
import { refusal } from "../protocol/refusal.ts";

/** Who waits for what becomes of a job. */
export interface JobSink {
  /** The server has it. */
  done(jid: string): void;
  /** The server refused it, or it is unknown whether it has it. */
  failed(jid: string, error: unknown): void;
  /** Nobody waits any longer: not to be sent if it was not yet. */
  readonly cancelled?: boolean;
}

/** Jobs in one PUSHB: the server has five seconds for all of them, and does nothing else on the connection meanwhile. */
const MAX_JOBS = 1000;

/** Text in one PUSHB, in UTF-16 units, beyond its last job. */
const MAX_TEXT = 1024 * 1024;

/** One job, as a PUSH. */
class LoneJob implements Request<void> {
  readonly command: Command<void>;
  readonly #jid: string;
  readonly #sink: JobSink;
  resent?: boolean;

  constructor(job: EncodedJob, sink: JobSink) {
    this.command = push(job);
    this.#jid = job.jid;
    this.#sink = sink;
  }

  get cancelled(): boolean {
    return this.#sink.cancelled === true;
  }

  resolve(): void {
    this.#sink.done(this.#jid);
  }

  reject(error: unknown): void {
    this.#sink.failed(this.#jid, error);
  }
}

/** Jobs that go out together as a PUSHB, each with its sink. */
class ManyJobs implements Request<Map<string, string>> {
  command: Command<Map<string, string>>;
  #jobs: readonly EncodedJob[];
  #sinks: readonly JobSink[];
  resent?: boolean;

  constructor(jobs: readonly EncodedJob[], sinks: readonly JobSink[]) {
    this.command = pushBulk(jobs);
    this.#jobs = jobs;
    this.#sinks = sinks;
  }

  /** Leaves out what was called off while it waited for a connection. */
  sending(): void {
    if (!this.#sinks.some((sink) => sink.cancelled === true)) return;
    this.#jobs = this.#jobs.filter((_, i) => this.#sinks[i]!.cancelled !== true);
    this.#sinks = this.#sinks.filter((sink) => sink.cancelled !== true);
    this.command = pushBulk(this.#jobs);
  }

  get cancelled(): boolean {
    return this.#sinks.every((sink) => sink.cancelled === true);
  }

  resolve(refused: Map<string, string>): void {
    let left = refused.size;
    for (let i = 0; i < this.#jobs.length; i++) {
      const { jid } = this.#jobs[i]!;
      const verdict = left === 0 ? undefined : refused.get(jid);
      if (verdict === undefined) {
        this.#sinks[i]!.done(jid);
      } else {
        left--;
        this.#sinks[i]!.failed(jid, refusal(verdict));
      }
    }
  }

  reject(error: unknown): void {
    this.#jobs.forEach(({ jid }, i) => this.#sinks[i]!.failed(jid, error));
  }
}

/** Jobs that were gathered to go out together. */
class Batch {
  readonly #jobs: EncodedJob[] = [];
  readonly #sinks: JobSink[] = [];
  /** Jids that callers chose. PUSHB's verdicts are by jid, so one must not be there twice. */
  readonly #chosen = new Set<string>();
  #text = 0;

  takes(job: EncodedJob, isChosen: boolean): boolean {
    return this.#jobs.length < MAX_JOBS && this.#text < MAX_TEXT &&
      !(isChosen && this.#chosen.has(job.jid));
  }

  add(job: EncodedJob, isChosen: boolean, sink: JobSink): void {
    if (isChosen) this.#chosen.add(job.jid);
    this.#jobs.push(job);
    this.#sinks.push(sink);
    this.#text += job.json.length;
  }

  /** The command for those jobs that somebody still waits for. */
  request(): Request | undefined {
    let jobs: readonly EncodedJob[] = this.#jobs;
    let sinks: readonly JobSink[] = this.#sinks;
    if (sinks.some((sink) => sink.cancelled === true)) {
      const isWanted = sinks.map((sink) => sink.cancelled !== true);
      // The caller has gone, but not the middleware between.
      sinks.forEach((sink, i) => isWanted[i] || sink.failed(jobs[i]!.jid, calledOff()));
      jobs = jobs.filter((_, i) => isWanted[i]);
      sinks = sinks.filter((_, i) => isWanted[i]);
    }
    if (jobs.length <= 1) return jobs.length === 0 ? undefined : new LoneJob(jobs[0]!, sinks[0]!);
    return new ManyJobs(jobs, sinks) as Request;
  }
}

/**
 * Gathers jobs into as few commands as it can without making any of them wait: those of one turn of the event loop, and
 * those that come while earlier bytes are still being written, go out together. A job that is alone is a plain PUSH.
 */
export class Batcher {
  readonly #lanes: Lanes;
  #batches: Batch[] = [];
  /** Jobs gathered when last looked at. */
  #seen = 0;
  #gathered = 0;
  #scheduled = false;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Sends a job soon. `isChosen` says that its jid may have been used before. */
  add(job: EncodedJob, isChosen: boolean, sink: JobSink): void {
    let batch = this.#batches.at(-1);
    if (batch === undefined || !batch.takes(job, isChosen)) {
      batch = new Batch();
      this.#batches.push(batch);
    }
    batch.add(job, isChosen, sink);
    this.#gathered++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#seen = this.#gathered;
    queueMicrotask(() => this.#look());
  }

  /** Sends what was gathered, once a turn of the microtask queue brought nothing more. */
  #look(): void {
    if (this.#gathered > this.#seen) {
      this.#seen = this.#gathered;
      return queueMicrotask(() => this.#look());
    }
    this.#lanes.least.onceWritable(() => this.#send());
  }

  #send(): void {
    const batches = this.#batches;
    this.#batches = [];
    this.#gathered = 0;
    this.#scheduled = false;
    for (const batch of batches) {
      const request = batch.request();
      if (request !== undefined) this.#lanes.send(request);
    }
  }
}

function calledOff(): StateError {
  return new StateError("CALLED_OFF", "Cannot enqueue job as it was called off before it was sent");
}
