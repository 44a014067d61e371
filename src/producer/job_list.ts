import type { EncodedJob } from "../job/encode.ts";
import type { JobSink } from "./job_sink.ts";

/**
 * Jobs that go out together, each with its sink. Their JSON lies in one text, as a command needs it: kept apart, that of a
 * million jobs that wait took four times the memory, and most of the time went into collecting it.
 */
export class JobList {
  /** One job's JSON behind the other, with commas between. */
  #text = "";
  /** Where in it each job ends. */
  readonly #ends: number[] = [];
  readonly jids: string[] = [];
  readonly sinks: JobSink[] = [];

  get length(): number {
    return this.jids.length;
  }

  get text(): string {
    return this.#text;
  }

  add({ jid, json }: EncodedJob, sink: JobSink): void {
    this.#text += this.length === 0 ? json : "," + json;
    this.#ends.push(this.#text.length);
    this.jids.push(jid);
    this.sinks.push(sink);
  }

  /** Gives up what the text was put together from, which engines keep until it is read. */
  pack(): void {
    this.#text.charCodeAt(0);
  }

  job(index: number): EncodedJob {
    const start = index === 0 ? 0 : this.#ends[index - 1]! + 1;
    return { jid: this.jids[index]!, json: this.#text.slice(start, this.#ends[index]) };
  }

  /** Those that somebody still waits for; the others are told to `onLeft`. */
  wanted(onLeft: (sink: JobSink, jid: string) => void): JobList {
    if (!this.sinks.some((sink) => sink.cancelled === true)) return this;
    const wanted = new JobList();
    this.sinks.forEach((sink, i) => {
      if (sink.cancelled === true) onLeft(sink, this.jids[i]!);
      else wanted.add(this.job(i), sink);
    });
    return wanted;
  }
}
