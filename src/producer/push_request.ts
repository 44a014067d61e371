import type { Request } from "../connection/request.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { Command } from "../protocol/commands/command.ts";
import { push, pushBulk } from "../protocol/commands/jobs.ts";
import { serverError } from "../protocol/server_errors.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";
import type { JobList } from "./job_list.ts";

/** A PUSH. */
export class PushRequest implements Request<void> {
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

/** A PUSHB. */
export class PushBulkRequest implements Request<Map<string, string>> {
  command: Command<Map<string, string>>;
  #jobs: JobList;
  resent?: boolean;

  constructor(jobs: JobList) {
    this.command = pushBulk(jobs.text);
    this.#jobs = jobs;
  }

  /** Removes the jobs that were cancelled while they waited for a connection. */
  sending(): void {
    const wanted = this.#jobs.withoutCancelled();
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
      const reason = left === 0 ? undefined : refused.get(jid);
      if (reason === undefined) {
        listeners[i]!.done(jid);
      } else {
        left--;
        listeners[i]!.failed(jid, serverError(reason));
      }
    }
  }

  reject(error: unknown): void {
    const { jids, listeners } = this.#jobs;
    jids.forEach((jid, i) => listeners[i]!.failed(jid, error));
  }
}
