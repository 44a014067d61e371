import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { PendingCalls } from "../internal/pending_calls.ts";
import { InvalidArgumentError, ProtocolError, StateError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { JobInput, JobOptions } from "../job/job.ts";
import { parseTimestamp } from "../job/timestamp.ts";
import type { EnqueueRest, TypedJob, TypeOrJob } from "../job/typed.ts";
import { withCustom } from "../job/with_custom.ts";
import {
  batchCommit,
  type BatchDefinition,
  batchNew,
  batchOpen,
  batchStatus,
} from "../protocol/commands/enterprise.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import type { CallOptions } from "./pending_enqueue.ts";
import type { Send } from "./queues.ts";
import { checkToken } from "./tracking.ts";

/** What a batch needs of its producer. */
export interface BatchProducer {
  readonly send: Send;
  enqueue(job: JobInput, options: CallOptions | undefined): Promise<string>;
  enqueueMany(jobs: JobSource): Promise<EnqueueManyResult>;
  /** Makes a job that is sent as part of another command what `enqueue` would make it. */
  prepare(job: JobInput): Promise<JobInput>;
}

/** Whether a callback of a batch is not yet due, on its queue, or done. */
export type CallbackState = "waiting" | "enqueued" | "done";

/** How far a batch is. */
export interface BatchStatus {
  /** The batch's id. */
  readonly bid: string;
  /** The id of the batch that this one is part of. */
  readonly parentBid: string | undefined;
  /** What it was called when it was made. */
  readonly description: string | undefined;
  /** When it was made. */
  readonly createdAt: Date | undefined;
  /** Jobs of the batch. */
  readonly total: number;
  /** Of these, jobs that have not succeeded yet. */
  readonly pending: number;
  /** Of these, jobs that failed. */
  readonly failed: number;
  /** The callback for when every job has run. */
  readonly complete: CallbackState;
  /** The callback for when every job has succeeded. */
  readonly success: CallbackState;
}

/** A batch that takes jobs, until it is committed. */
export class Batch<Jobs extends JobDefinitions = JobDefinitions> {
  /** The batch's id. */
  readonly bid: string;
  readonly #producer: BatchProducer;
  /** Calls whose jobs have to reach the server before the commit. */
  readonly #pendingCalls = new PendingCalls();
  #committed = false;

  /** @internal */
  constructor(bid: string, producer: BatchProducer) {
    this.bid = bid;
    this.#producer = producer;
  }

  /** Enqueues a job as one of this batch; takes what the producer's `enqueue` takes. */
  async enqueue<Given extends string | object>(
    job: TypeOrJob<Jobs, Given>,
    ...rest: EnqueueRest<Jobs, Given, CallOptions>
  ): Promise<string>;
  async enqueue(
    job: JobInput | string,
    second?: readonly unknown[] | CallOptions,
    options: JobOptions & CallOptions = {},
  ): Promise<string> {
    this.#checkOpen();
    const isType = typeof job === "string";
    const { signal, ...fields } = options;
    const input = isType ? { ...fields, type: job, args: second as readonly unknown[] } : job;
    const call = isType ? { signal } : second as CallOptions | undefined;
    return await this.#pendingCalls.track(
      this.#producer.enqueue(withCustom(input, { bid: this.bid }), call),
    );
  }

  /** Enqueues many jobs of this batch. */
  async enqueueMany(jobs: JobSource<TypedJob<Jobs>>): Promise<EnqueueManyResult> {
    this.#checkOpen();
    const bid = this.bid;
    const all = (async function* () {
      for await (const job of jobs) yield withCustom(job, { bid });
    })();
    return await this.#pendingCalls.track(this.#producer.enqueueMany(all));
  }

  /** No more jobs come: from now on the callbacks may fire. */
  async commit(): Promise<void> {
    this.#checkOpen();
    this.#committed = true;
    // Another connection could be faster than theirs.
    await this.#pendingCalls.none();
    await this.#producer.send(batchCommit(this.bid));
  }

  #checkOpen(): void {
    if (!this.#committed) return;
    throw new StateError(
      "BATCH_COMMITTED",
      `Cannot change batch ${this.bid} as it was committed: batches.reopen(bid) gives it back`,
    );
  }
}

/** Adds the jobs of a batch. */
export type BatchFiller<Jobs extends JobDefinitions = JobDefinitions> = {
  // A method's parameters may be narrower: who knows of no catalogue can fill a batch of one that
  // has.
  fill(batch: Batch<Jobs>): void | Promise<void>;
}["fill"];

/**
 * Jobs that belong together, with callbacks once all of them have run (Enterprise): BATCH NEW,
 * OPEN, COMMIT, STATUS.
 *
 * @example Two jobs, and one once both have succeeded
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 *
 * await using server = await FaktoryServer.start({ port: 0, edition: "enterprise" });
 * await using producer = await Producer.connect({ url: server.url });
 * const bid = await producer.batches.open(
 *   { success: { type: "publish", args: ["album 7"] } },
 *   async (batch) => {
 *     await batch.enqueue("resize", ["a.png"]);
 *     await batch.enqueue("resize", ["b.png"]);
 *   },
 * );
 * console.assert((await producer.batches.status(bid)).pending === 2);
 * ```
 */
export class Batches<Jobs extends JobDefinitions = JobDefinitions> {
  readonly #producer: BatchProducer;

  /** @internal */
  constructor(producer: BatchProducer) {
    this.#producer = producer;
  }

  /**
   * Lets more jobs into a batch, from one of its own jobs or before its callbacks have fired, and
   * commits it again.
   */
  async reopen(bid: string, fill: BatchFiller<Jobs>): Promise<string> {
    await this.#producer.send(batchOpen(checkToken(bid, "bid", "reopen batch")));
    return await this.#fill(bid, fill);
  }

  /**
   * Makes a batch, has `fill` add its jobs, and commits it; gives the batch's id. Where `fill`
   * fails the batch is not committed, so its callbacks never fire, and the server forgets it after
   * 30 minutes.
   */
  async open(
    definition: BatchDefinition<TypedJob<Jobs>>,
    fill: BatchFiller<Jobs>,
  ): Promise<string> {
    checkDefinition(definition);
    const bid = await this.#producer.send(batchNew(await this.#prepared(definition)));
    return await this.#fill(bid, fill);
  }

  /** How far a batch is. */
  async status(bid: string): Promise<BatchStatus> {
    const wire = await this.#producer.send(batchStatus(checkToken(bid, "bid", "ask for batch")));
    return {
      bid,
      parentBid: text(wire["parent_bid"]),
      description: text(wire["description"]),
      createdAt: parseTimestamp(wire["created_at"]),
      total: Number(wire["total"] ?? 0),
      pending: Number(wire["pending"] ?? 0),
      failed: Number(wire["failed"] ?? 0),
      complete: callbackState(wire["complete_st"]),
      success: callbackState(wire["success_st"]),
    };
  }

  async #prepared(definition: BatchDefinition): Promise<BatchDefinition> {
    const { success, complete } = definition;
    return {
      ...definition,
      success: success === undefined ? undefined : await this.#producer.prepare(success),
      complete: complete === undefined ? undefined : await this.#producer.prepare(complete),
    };
  }

  async #fill(bid: string, fill: BatchFiller<Jobs>): Promise<string> {
    const batch = new Batch<Jobs>(bid, this.#producer);
    await fill(batch);
    await batch.commit();
    return bid;
  }
}

const DEFINITION = {
  description: true,
  parentBid: true,
  success: true,
  complete: true,
} as const satisfies OptionNames<BatchDefinition>;

function checkDefinition(definition: BatchDefinition): void {
  checkOptionNames(definition, DEFINITION, "batches.open");
  const { success, complete, parentBid } = definition;
  if (parentBid !== undefined) checkToken(parentBid, "parentBid", "open batch");
  if (success !== undefined || complete !== undefined) return;
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    "Cannot open batch as it has neither a success nor a complete callback",
  );
}

function callbackState(value: unknown): CallbackState {
  switch (value) {
    case undefined:
    case "":
      return "waiting";
    case "1":
      return "enqueued";
    case "2":
      return "done";
    default:
      throw new ProtocolError(
        "UNEXPECTED_REPLY",
        `Cannot read the state of a batch's callback: got ${showValue(value)}`,
      );
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
