import { StateError } from "../errors.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { EnqueueListener } from "./enqueue_listener.ts";

/**
 * Jobs that are sent together, each with its listener. Their JSON is one text, as the command needs
 * it: kept apart, the JSON of a million waiting jobs took four times the memory, and most of the
 * time went into collecting it.
 */
export class JobList {
  /** The JSON of all jobs, separated by commas. */
  #text = "";
  /** Where each job ends in the text. */
  readonly #ends: number[] = [];
  readonly jids: string[] = [];
  readonly listeners: EnqueueListener[] = [];

  get length(): number {
    return this.jids.length;
  }

  /** In UTF-16 units. */
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
   * Drops the pieces that the text was joined from: an engine keeps them until the text is read.
   */
  pack(): void {
    this.#text.charCodeAt(0);
  }

  job(index: number): EncodedJob {
    return { jid: this.jids[index]!, json: this.text.slice(this.#start(index), this.#ends[index]) };
  }

  /** The jobs from `from` up to `to`. */
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

  /** The jobs that somebody still waits for; the listeners of the others are told. */
  wanted(): JobList {
    if (!this.listeners.some((listener) => listener.cancelled === true)) return this;
    const wanted = new JobList();
    this.listeners.forEach((listener, i) => {
      if (listener.cancelled === true) listener.failed(this.jids[i]!, calledOff());
      else wanted.add(this.job(i), listener);
    });
    return wanted;
  }

  #start(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]! + 1;
  }
}

/** The caller has its answer, but the middleware in between does not. */
function calledOff(): StateError {
  return new StateError(
    "CALLED_OFF",
    "Cannot enqueue job as it was called off before it was sent",
  );
}
