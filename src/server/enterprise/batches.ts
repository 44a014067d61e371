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
import { owned } from "../payload.ts";
import { FineTime, writeFineTime } from "./fine_time.ts";
import type { Shelf } from "./records.ts";

/** How long a batch has to be committed, in milliseconds. */
const UNCOMMITTED_MS = 30 * 60_000;

/** How long a batch is kept after the last change to it, in milliseconds. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

/** What the states of callbacks are called in a list. */
const CALLBACK_STATES = { "": "waiting", "1": "enqueued", "2": "done" } as const;

/** What BATCH NEW asks for. */
export interface NewBatch {
  readonly description: string;
  readonly parentBid: string;
  readonly complete: StoredJob | undefined;
  readonly success: StoredJob | undefined;
}

/** What batches are made of. */
export interface BatchesOptions {
  readonly clock: Clock;
  readonly batches: Shelf<BatchRecord>;
  /** Jobs whose last run failed, by batch and jid. */
  readonly failures: Shelf<1>;
  /** Enqueues a callback. */
  push(job: StoredJob): void;
}

/**
 * Batches: jobs that belong together, and callbacks once all of them have run (`complete`) and
 * succeeded (`success`).
 *
 * Known from the wiki and from clients that are tested against Faktory Enterprise: the commands'
 * replies; that a job belongs to the batch of its `custom.bid`; that callbacks wait for the commit,
 * and come at once with an empty one; that a failed run completes a job as well as any; that
 * `success` is enqueued only once the `complete` callback, if there is one, has succeeded; that
 * each callback is enqueued once; that a parent's callbacks wait for its children's; that anybody
 * may open a batch at any time and add jobs, even once its callbacks have come; that one that is
 * not committed within 30 minutes dies.
 *
 * Guessed: that `pending` counts a job until it has succeeded, and `failed` those of them that
 * failed last; that an open batch holds its callbacks back until it is committed again; that a
 * committed one takes jobs without being opened; that a job of a batch that there is not is
 * refused; that jobs which expire or are taken out by hand stay pending; that a parent waits for
 * its child's `success` callback where all of the child's jobs succeeded, and else for `complete`
 * alone; how long a batch is known after its end.
 */
export class Batches {
  readonly #clock: Clock;
  readonly #batches: Shelf<BatchRecord>;
  readonly #failures: Shelf<1>;
  readonly #push: (job: StoredJob) => void;
  readonly #fine: FineTime;

  constructor({ clock, batches, failures, push }: BatchesOptions) {
    this.#clock = clock;
    this.#fine = new FineTime(clock);
    this.#batches = batches;
    this.#failures = failures;
    this.#push = push;
  }

  /**
   * BATCH NEW: gives the id.
   *
   * @throws {GoError} where it has no callback, or there is no such parent.
   */
  open({ description, parentBid, complete, success }: NewBatch): string {
    if (complete === undefined && success === undefined) {
      throw new GoError("batch must have a success or complete callback");
    }
    const parent = parentBid === "" ? undefined : this.#known(parentBid);
    const bid = `b-${createJid()}`;
    if (parent !== undefined) {
      parent.children[bid] = "open";
      this.#save(parent);
    }
    this.#save({
      bid,
      parentBid: owned(parentBid),
      description: owned(description),
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

  /** Every batch, in the order in which they were made. */
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

  /** BATCH OPEN: gives the id. */
  reopen(bid: string): string {
    const batch = this.#known(bid);
    batch.isCommitted = false;
    this.#save(batch);
    return bid;
  }

  /** BATCH COMMIT. */
  commit(bid: string): void {
    const batch = this.#known(bid);
    batch.isCommitted = batch.wasCommitted = true;
    this.#advance(batch);
  }

  /** BATCH STATUS's reply. */
  status(bid: string): string {
    const batch = this.#known(bid);
    return batchStatus(batch, writeFineTime(batch.createdAt));
  }

  /** @throws {GoError} where the job wants into a batch that there is not. */
  check({ custom }: StoredJob): void {
    const bid = custom?.["bid"];
    if (bid === undefined || bid === null) return;
    if (typeof bid !== "string") throw new GoError("invalid bid");
    this.#known(bid);
  }

  /** A job that was checked comes in. */
  add({ custom }: StoredJob): void {
    const batch = this.#of(custom?.["bid"]);
    if (batch === undefined) return;
    batch.total++;
    batch.pending++;
    this.#save(batch);
  }

  /** A job was run, and succeeded. */
  succeeded(job: StoredJob): void {
    this.#calledBack(job);
    const batch = this.#of(job.custom?.["bid"]);
    if (batch === undefined) return;
    if (this.#failures.delete(failureKey(batch, job))) batch.failed--;
    batch.pending = Math.max(batch.pending - 1, 0);
    this.#advance(batch);
  }

  /** A job was run, and failed. */
  failed(job: StoredJob): void {
    const batch = this.#of(job.custom?.["bid"]);
    if (batch === undefined) return;
    const key = failureKey(batch, job);
    if (this.#failures.get(key) === undefined) batch.failed++;
    this.#failures.set(key, 1, this.#clock.now() + KEPT_MS);
    this.#advance(batch);
  }

  /** Where the job that succeeded is a callback. */
  #calledBack({ jid, custom }: StoredJob): void {
    const batch = this.#of(custom?.["_bid"]);
    if (batch === undefined) return;
    for (const name of ["complete", "success"] as const) {
      if (batch.callbacks[name]?.jid !== jid || batch.states[name] !== "1") continue;
      batch.states[name] = "2";
      return this.#advance(batch);
    }
  }

  /** Does what is due once a batch has changed, in it and in those that it is within. */
  #advance(changed: BatchRecord): void {
    let batch: BatchRecord | undefined = changed;
    while (batch !== undefined) batch = this.#step(batch);
  }

  /**
   * Enqueues the callback that is due, if one is; gives the parent where it has to look as well.
   */
  #step(batch: BatchRecord): BatchRecord | undefined {
    const name = dueCallback(batch);
    if (name !== undefined) batch.states[name] = "1";
    const before = batch.standing;
    batch.standing = standingOf(batch);
    this.#save(batch);
    if (name !== undefined) this.#enqueue(batch.callbacks[name]!);
    const parent = batch.standing === before ? undefined : this.#of(batch.parentBid);
    if (parent !== undefined) parent.children[batch.bid] = batch.standing;
    return parent;
  }

  #enqueue({ payload }: CallbackJob): void {
    try {
      this.#push(readJob(payload));
    } catch (error) {
      // It was checked when the batch was made, but may be of a batch that has died since, or not
      // unique: there is nobody to tell, and the job whose end it was called for has ended.
      if (!(error instanceof GoError)) throw error;
    }
  }

  #callback(bid: string, name: CallbackName, job: StoredJob): CallbackJob {
    const jid = job.jid === "" ? createJid() : owned(job.jid);
    const custom = { ...job.custom, _bid: bid, _cb: name };
    const payload = String(writeJob({ ...job, jid, args: job.args ?? [], custom }));
    return { jid, payload: owned(payload) };
  }

  #of(bid: unknown): BatchRecord | undefined {
    return typeof bid === "string" && bid !== "" ? this.#batches.get(bid) : undefined;
  }

  #known(bid: string): BatchRecord {
    const batch = this.#of(bid);
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

function failureKey({ bid }: BatchRecord, { jid }: StoredJob): string {
  return `${bid} ${jid}`;
}
