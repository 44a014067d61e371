import type { Clock } from "../../internal/clock.ts";
import { isQueueName } from "../../job/queue_name.ts";
import { parseTimestamp } from "../../job/timestamp.ts";
import type { JobProgress, ServerBatch } from "../../inspect/types.ts";
import type { FailedTo, JobHooks } from "../hooks.ts";
import type { Work } from "../slices.ts";
import type { StoredJob } from "../stored_job.ts";
import { batchCommand } from "./batch_command.ts";
import type { BatchRecord } from "./batch_record.ts";
import { Batches } from "./batches.ts";
import { isExpired, setExpiry } from "./expiry.ts";
import { ExpiringTable, type Records } from "./expiring_table.ts";
import { trackCommand } from "./track_command.ts";
import { type Track, Tracks } from "./tracks.ts";
import { Unique } from "./unique.ts";

/** The parts of the server that Enterprise uses. */
export interface EnterpriseOptions {
  readonly clock: Clock;
  /** Storage for its records. @default memory */
  readonly records?: Records | undefined;
  /** Enqueues a job. */
  push(job: StoredJob): void;
  /** Extends the reservation of a running job. */
  extend(jid: string, until: number): void;
}

/** The features of Faktory Enterprise: batches, tracking, unique jobs and expiring jobs. */
export class Enterprise implements JobHooks {
  readonly #clock: Clock;
  readonly #batches: Batches;
  readonly #tracks: Tracks;
  readonly #unique: Unique;
  readonly #tables: readonly { clear(): void }[];
  readonly #extend: EnterpriseOptions["extend"];

  constructor({ clock, records, push, extend }: EnterpriseOptions) {
    this.#clock = clock;
    this.#extend = extend;
    const batches = new ExpiringTable<BatchRecord>("batches", clock, records);
    const tracks = new ExpiringTable<Track>("tracks", clock, records);
    const locks = new ExpiringTable<string>("locks", clock, records);
    this.#tables = [batches, tracks, locks];
    this.#batches = new Batches({ clock, batches, push });
    this.#tracks = new Tracks(tracks, clock);
    this.#unique = new Unique(locks);
  }

  /** Runs BATCH. Returns the text of a bulk reply, or `undefined` for OK. */
  batch(line: string): string | undefined {
    return batchCommand(this.#batches, line);
  }

  /** Lets batches go on that wait for an expired one. */
  forgetExpiredBatches(): Work<number> {
    return this.#batches.forgetExpired();
  }

  /** Lists all batches in the order of their creation. */
  batches(): ServerBatch[] {
    return this.#batches.list();
  }

  /** Returns the progress of a tracked job. */
  progress(jid: string): JobProgress | undefined {
    const track = this.#tracks.get(jid);
    if (track === undefined) return undefined;
    const { percent, desc: description, updatedAt } = track;
    return { percent, description, updatedAt: parseTimestamp(updatedAt) };
  }

  /** Runs TRACK. Returns the text of a bulk reply, or `undefined` for OK. */
  track(line: string): string | undefined {
    return trackCommand({ tracks: this.#tracks, extend: this.#extend }, line);
  }

  pushing(job: StoredJob, at: number | undefined): void {
    if (job.custom === undefined) return;
    // The push will be refused for its queue name, so it must leave no trace here.
    if (at === undefined && !isQueueName(job.queue)) return;
    const from = at ?? this.#clock.now();
    // All checks come first.
    setExpiry(job, from);
    this.#batches.check(job);
    this.#unique.check(job);
    this.#unique.lock(job, from);
    this.#batches.add(job);
    this.#tracks.setState(job, "enqueued");
  }

  fetching(job: StoredJob): boolean {
    if (job.custom === undefined) return true;
    if (isExpired(job, this.#clock.now())) return false;
    this.#unique.started(job);
    this.#tracks.setState(job, "working");
    return true;
  }

  acknowledged(job: StoredJob): void {
    if (job.custom === undefined) return;
    // Unlocks before a callback is enqueued, since the callback may need the same lock.
    this.#unique.succeeded(job);
    this.#tracks.setState(job, "success");
    this.#batches.succeeded(job);
  }

  failed(job: StoredJob, to: FailedTo): void {
    if (job.custom === undefined) return;
    this.#tracks.setState(job, to === "dead" ? "dead" : "failed");
    this.#batches.failed(job);
  }

  flushed(): void {
    for (const table of this.#tables) table.clear();
  }
}
