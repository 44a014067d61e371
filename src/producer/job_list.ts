import { StateError } from "../errors.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";

/**
 * Jobs that are sent together, each with its listener. Their JSON is kept as one text, as the
 * command needs it. One text per job took four times the memory for a million waiting jobs, and
 * most of the time was spent on garbage collection.
 */
export class JobList {
  /** The JSON of all jobs, separated by commas. */
  #text = "";
  /** The end of each job in the text. */
  readonly #ends: number[] = [];
  readonly jids: string[] = [];
  readonly listeners: EnqueueListener[] = [];

  get length(): number {
    return this.jids.length;
  }

  /** Length of the text, in UTF-16 units. */
  get textLength(): number {
    return this.#text.length;
  }

  get text(): string {
    this.pack();
    return this.#text;
  }

  add({ jid, json }: EncodedJob, listener: EnqueueListener): void {
    this.#text += this.length === 0 ? json : "," + json;
    this.#ends.push(this.textLength);
    this.jids.push(jid);
    this.listeners.push(listener);
  }

  /**
   * Makes the engine join the pieces of the text. It keeps them separately until the text is read.
   */
  pack(): void {
    this.#text.charCodeAt(0);
  }

  job(index: number): EncodedJob {
    return { jid: this.jids[index]!, json: this.text.slice(this.#start(index), this.#ends[index]) };
  }

  /** Returns the jobs from index `from` up to, but not including, `to`. */
  part(from: number, to: number): JobList {
    if (from === 0 && to === this.length) return this;
    const part = new JobList();
    const start = this.#start(from);
    part.#text = this.text.slice(start, this.#ends[to - 1]);
    for (let i = from; i < to; i++) {
      part.#ends.push(this.#ends[i]! - start);
      part.jids.push(this.jids[i]!);
      part.listeners.push(this.listeners[i]!);
    }
    return part;
  }

  /** Returns the jobs that were not cancelled, and fails the others. */
  withoutCancelled(): JobList {
    if (!this.listeners.some((listener) => listener.cancelled === true)) return this;
    const withoutCancelled = new JobList();
    this.listeners.forEach((listener, i) => {
      if (listener.cancelled === true) listener.failed(this.jids[i]!, cancelledError());
      else withoutCancelled.add(this.job(i), listener);
    });
    return withoutCancelled;
  }

  #start(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]! + 1;
  }
}

/**
 * Returns the error for a cancelled job. The caller has its result already; middleware gets this
 * one.
 */
function cancelledError(): StateError {
  return new StateError(
    "ENQUEUE_ABORTED",
    "Cannot enqueue job as it was cancelled before it was sent",
  );
}
