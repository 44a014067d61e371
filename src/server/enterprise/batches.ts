import type { Clock } from "../../internal/clock.ts";
import { createJid } from "../../job/jid.ts";
import type { ServerBatch } from "../../inspect/types.ts";
import { GoError } from "../go/error.ts";
import { readJob, type StoredJob, writeJob } from "../stored_job.ts";
import {
  type BatchRecord,
  batchStatus,
  type CallbackJob,
  type CallbackName,
  dueCallback,
  standingOf,
} from "./batch_record.ts";
import { copyText } from "../payload.ts";
import { FineTime, writeFineTime } from "./fine_time.ts";
import type { Work } from "../slices.ts";
import type { ExpiringTable } from "./expiring_table.ts";

/** Time limit for committing a batch, in ms. */
const UNCOMMITTED_MS = 30 * 60_000;

/** Time to keep a batch after its last change, in ms. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

/** Names of the callback states in a listing. */
const CALLBACK_STATES = { "": "waiting", "1": "enqueued", "2": "done" } as const;

/** The contents of a BATCH NEW. */
export interface NewBatch {
  readonly description: string;
  readonly parentBid: string;
  readonly complete: StoredJob | undefined;
  readonly success: StoredJob | undefined;
}

/** Parts of {@linkcode Batches}. */
export interface BatchesOptions {
  readonly clock: Clock;
  readonly batches: ExpiringTable<BatchRecord>;
  /** Enqueues the job of a callback. */
  push(job: StoredJob): void;
}

/**
 * Batches: groups of jobs, with a callback after all of them have run (`complete`) and another
 * after all have succeeded (`success`).
 *
 * Known from the wiki, and from clients that are tested against Faktory Enterprise:
 *
 * - the replies of the commands
 * - a job belongs to the batch in its `custom.bid`
 * - callbacks wait for the commit; an empty batch gets them at its commit
 * - a failed run counts as a run for `complete`
 * - `success` is enqueued only after the `complete` callback, if there is one, has succeeded
 * - each callback is enqueued once
 * - a parent's callbacks wait for those of its children
 * - anybody may open a batch at any time and add jobs, even after its callbacks
 * - a batch expires if it is not committed within 30 minutes
 *
 * Guessed:
 *
 * - `pending` counts a job until it has succeeded, `failed` counts the pending jobs whose last run
 *   failed; a job that was pushed twice counts twice
 * - an open batch holds its callbacks back until it is committed again
 * - a committed batch accepts jobs without being opened
 * - a job of an unknown batch is refused
 * - jobs that expire or are deleted by hand stay pending
 * - a parent waits for the `success` callback of a child whose jobs all succeeded, otherwise only
 *   for its `complete` callback
 * - a parent does not wait for a child that has expired
 * - how long a batch is kept after its end
 */
export class Batches {
  readonly #clock: Clock;
  readonly #batches: ExpiringTable<BatchRecord>;
  readonly #push: (job: StoredJob) => void;
  readonly #fine: FineTime;
  /** The parents of the batches that may expire, by their ids. */
  readonly #parents = new Map<string, string>();

  constructor({ clock, batches, push }: BatchesOptions) {
    this.#clock = clock;
    this.#fine = new FineTime(clock);
    this.#batches = batches;
    this.#push = push;
    for (const { bid, children } of batches.values()) {
      for (const [child, standing] of Object.entries(children)) {
        if (standing === "open") this.#parents.set(child, bid);
      }
    }
  }

  /**
   * Runs BATCH NEW. Returns the id.
   *
   * @throws {GoError} if there is no callback, or no such parent.
   */
  open({ description, parentBid, complete, success }: NewBatch): string {
    if (complete === undefined && success === undefined) {
      throw new GoError("batch must have a success or complete callback");
    }
    const parent = parentBid === "" ? undefined : this.#require(parentBid);
    const bid = `b-${createJid()}`;
    if (parent !== undefined) {
      parent.children[bid] = "open";
      this.#parents.set(bid, parent.bid);
      this.#save(parent);
    }
    this.#save({
      bid,
      parentBid: copyText(parentBid),
      description: copyText(description),
      createdAt: this.#fine.now(),
      callbacks: {
        ...(complete && { complete: this.#callback(bid, "complete", complete) }),
        ...(success && { success: this.#callback(bid, "success", success) }),
      },
      states: { complete: "", success: "" },
      isCommitted: false,
      wasCommitted: false,
      total: 0,
      pending: 0,
      failed: 0,
      standing: "open",
      children: {},
    });
    return bid;
  }

  /** Lists all batches in the order of their creation. */
  list(): ServerBatch[] {
    return this.#batches.values().map((batch) => {
      const { bid, parentBid, description, createdAt, isCommitted, total, pending, failed } = batch;
      const state = (name: CallbackName) =>
        batch.callbacks[name] === undefined ? undefined : CALLBACK_STATES[batch.states[name]];
      return {
        ...{ bid, parentBid: parentBid || undefined, description, total, pending, failed },
        ...{ createdAt: new Date(createdAt), committed: isCommitted },
        callbacks: { complete: state("complete"), success: state("success") },
      };
    });
  }

  /** Runs BATCH OPEN. Returns the id. */
  reopen(bid: string): string {
    const batch = this.#require(bid);
    batch.isCommitted = false;
    this.#save(batch);
    return bid;
  }

  /** Runs BATCH COMMIT. */
  commit(bid: string): void {
    const batch = this.#require(bid);
    batch.isCommitted = batch.wasCommitted = true;
    this.#parents.delete(bid);
    this.#advance(batch);
  }

  /** Ends the wait of batches for children that have expired. Returns the number of children. */
  // deno-lint-ignore require-yield
  *forgetExpired(): Work<number> {
    let count = 0;
    for (const [child, parentBid] of this.#parents) {
      if (this.#find(child) !== undefined) continue;
      count++;
      this.#parents.delete(child);
      const parent = this.#find(parentBid);
      if (parent === undefined) continue;
      delete parent.children[child];
      this.#advance(parent);
    }
    return count;
  }

  /** Returns the reply to BATCH STATUS. */
  status(bid: string): string {
    const batch = this.#require(bid);
    return batchStatus(batch, writeFineTime(batch.createdAt));
  }

  /** @throws {GoError} if the job names a batch that does not exist. */
  check({ custom }: StoredJob): void {
    const bid = custom?.["bid"];
    if (bid === undefined || bid === null) return;
    if (typeof bid !== "string") throw new GoError("invalid bid");
    this.#require(bid);
  }

  /** Adds a job that was checked to its batch. */
  add({ custom, failure }: StoredJob): void {
    const batch = this.#find(custom?.["bid"]);
    if (batch === undefined) return;
    batch.total++;
    batch.pending++;
    // A worker may push a job again after a run that failed.
    if (failure !== undefined) batch.failed++;
    this.#save(batch);
  }

  /** Records that a job has succeeded. */
  succeeded(job: StoredJob): void {
    this.#callbackSucceeded(job);
    const batch = this.#find(job.custom?.["bid"]);
    if (batch === undefined) return;
    if (job.failure !== undefined) batch.failed = Math.max(batch.failed - 1, 0);
    batch.pending = Math.max(batch.pending - 1, 0);
    this.#advance(batch);
  }

  /** Records that a run of a job has failed. The job has the failure already. */
  failed({ custom, failure }: StoredJob): void {
    const batch = this.#find(custom?.["bid"]);
    if (batch === undefined) return;
    if (failure?.retry_count === 0) batch.failed++;
    this.#advance(batch);
  }

  /** Marks a callback as done, if the job that succeeded is one. */
  #callbackSucceeded({ jid, custom }: StoredJob): void {
    const batch = this.#find(custom?.["_bid"]);
    if (batch === undefined) return;
    for (const name of ["complete", "success"] as const) {
      if (batch.callbacks[name]?.jid !== jid || batch.states[name] !== "1") continue;
      batch.states[name] = "2";
      return this.#advance(batch);
    }
  }

  /** Handles a change of a batch, in the batch itself and in its parents. */
  #advance(changed: BatchRecord): void {
    let batch: BatchRecord | undefined = changed;
    while (batch !== undefined) batch = this.#step(batch);
  }

  /**
   * Enqueues the callback that is due, if there is one. Returns the parent if it must be checked
   * too.
   */
  #step(batch: BatchRecord): BatchRecord | undefined {
    const name = dueCallback(batch);
    if (name !== undefined) batch.states[name] = "1";
    const before = batch.standing;
    batch.standing = standingOf(batch);
    this.#save(batch);
    if (name !== undefined) this.#enqueue(batch.callbacks[name]!);
    const parent = batch.standing === before ? undefined : this.#find(batch.parentBid);
    if (parent !== undefined) parent.children[batch.bid] = batch.standing;
    return parent;
  }

  #enqueue({ payload }: CallbackJob): void {
    try {
      this.#push(readJob(payload));
    } catch (error) {
      // The callback was checked when the batch was created, but its batch may have expired since,
      // or the job may not be unique. Nobody is left to receive this error: the job that triggered
      // the callback has already ended.
      if (!(error instanceof GoError)) throw error;
    }
  }

  #callback(bid: string, name: CallbackName, job: StoredJob): CallbackJob {
    const jid = job.jid === "" ? createJid() : copyText(job.jid);
    const custom = { ...job.custom, _bid: bid, _cb: name };
    const payload = String(writeJob({ ...job, jid, args: job.args ?? [], custom }));
    return { jid, payload: copyText(payload) };
  }

  #find(bid: unknown): BatchRecord | undefined {
    return typeof bid === "string" && bid !== "" ? this.#batches.get(bid) : undefined;
  }

  #require(bid: string): BatchRecord {
    const batch = this.#find(bid);
    if (batch === undefined) throw new GoError(`no such batch ${bid}`);
    return batch;
  }

  #save(batch: BatchRecord): void {
    const until = batch.wasCommitted
      ? this.#clock.now() + KEPT_MS
      : batch.createdAt + UNCOMMITTED_MS;
    this.#batches.set(batch.bid, batch, until);
  }
}
