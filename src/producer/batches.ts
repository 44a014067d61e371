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

/** The parts of a producer that batches use. */
export interface BatchProducer {
  readonly send: Send;
  enqueue(job: JobInput, options: CallOptions | undefined): Promise<string>;
  enqueueMany(jobs: JobSource): Promise<EnqueueManyResult>;
  /**
   * Checks a job and fills in its defaults, as `enqueue` does. For jobs that are sent as part of
   * another command.
   */
  prepare(job: JobInput): Promise<JobInput>;
}

/** State of a callback of a batch: not due yet, on its queue, or done. */
export type CallbackState = "waiting" | "enqueued" | "done";

/** The progress of a batch. */
export interface BatchStatus {
  /** The batch's id. */
  readonly bid: string;
  /** The id of the batch that contains this one. */
  readonly parentBid: string | undefined;
  /** The description that was passed when the batch was created. */
  readonly description: string | undefined;
  /** Time at which the batch was created. */
  readonly createdAt: Date | undefined;
  /** Number of jobs in the batch. */
  readonly total: number;
  /** Number of jobs that have not succeeded yet. */
  readonly pending: number;
  /** Number of jobs that failed. */
  readonly failed: number;
  /** State of the `complete` callback, which is enqueued when all jobs have run. */
  readonly complete: CallbackState;
  /** State of the `success` callback, which is enqueued when all jobs have succeeded. */
  readonly success: CallbackState;
}

/** An open batch, which accepts jobs until it is committed. */
export class Batch<Jobs extends JobDefinitions = JobDefinitions> {
  /** The batch's id. */
  readonly bid: string;
  readonly #producer: BatchProducer;
  /** Calls whose jobs must reach the server before the commit. */
  readonly #pendingCalls = new PendingCalls();
  #committed = false;

  /** @internal */
  constructor(bid: string, producer: BatchProducer) {
    this.bid = bid;
    this.#producer = producer;
  }

  /**
   * Enqueues a job in this batch (PUSH). Takes the same parameters as `Producer.enqueue`.
   *
   * @throws {StateError} `BATCH_COMMITTED` after `commit`; otherwise like `Producer.enqueue`.
   */
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

  /**
   * Enqueues many jobs in this batch (PUSHB), as `Producer.enqueueMany` does.
   *
   * @throws {StateError} `BATCH_COMMITTED` after `commit`.
   */
  async enqueueMany(jobs: JobSource<TypedJob<Jobs>>): Promise<EnqueueManyResult> {
    this.#checkOpen();
    const bid = this.bid;
    const all = (async function* () {
      for await (const job of jobs) yield withCustom(job, { bid });
    })();
    return await this.#pendingCalls.track(this.#producer.enqueueMany(all));
  }

  /**
   * Commits the batch (BATCH COMMIT): it accepts no more jobs, and its callbacks may run.
   *
   * @throws {StateError} `BATCH_COMMITTED` if it is committed already.
   */
  async commit(): Promise<void> {
    this.#checkOpen();
    this.#committed = true;
    // The commit may use another connection and overtake the jobs.
    await this.#pendingCalls.none();
    await this.#producer.send(batchCommit(this.bid));
  }

  #checkOpen(): void {
    if (!this.#committed) return;
    throw new StateError(
      "BATCH_COMMITTED",
      `Cannot change batch ${this.bid} as it was committed: batches.reopen(bid) adds more jobs`,
    );
  }
}

/** A function that adds jobs to a batch. */
export type BatchFiller<Jobs extends JobDefinitions = JobDefinitions> = {
  // Declared as a method, because parameters of methods are compared bivariantly: a function
  // without a catalogue can then fill a batch with one.
  fill(batch: Batch<Jobs>): void | Promise<void>;
}["fill"];

/**
 * Creates batches: groups of jobs with callbacks that run when all jobs have run (Enterprise).
 * Sends BATCH NEW, OPEN, COMMIT and STATUS.
 *
 * @example Two jobs, and a callback for when both have succeeded
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
   * Reopens a batch (BATCH OPEN), calls `fill` to add jobs, and commits it again. A job of the
   * batch may call this, or any program before the callbacks of the batch have run.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if `bid` is not one word.
   */
  async reopen(bid: string, fill: BatchFiller<Jobs>): Promise<string> {
    await this.#producer.send(batchOpen(checkToken(bid, "bid", "reopen batch")));
    return await this.#fill(bid, fill);
  }

  /**
   * Creates a batch (BATCH NEW), calls `fill` to add its jobs, and commits it. Returns the batch's
   * id. If `fill` fails, the batch is not committed: its callbacks never run, and the server
   * deletes it after 30 minutes.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if the batch has no callback.
   * @throws {EnterpriseOnlyError} if the server is a free one.
   */
  async open(
    definition: BatchDefinition<TypedJob<Jobs>>,
    fill: BatchFiller<Jobs>,
  ): Promise<string> {
    checkDefinition(definition);
    const bid = await this.#producer.send(batchNew(await this.#prepared(definition)));
    return await this.#fill(bid, fill);
  }

  /**
   * Reads the progress of a batch (BATCH STATUS).
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if `bid` is not one word.
   */
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
