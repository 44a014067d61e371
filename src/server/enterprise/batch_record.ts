import { marshalText } from "../go/encode.ts";

/** Where a callback is: not due, enqueued, done. */
export type CallbackState = "" | "1" | "2";

/** The two callbacks, in the order in which they come. */
export type CallbackName = "complete" | "success";

/**
 * How a batch looks to its parent: `open` as long as a callback of its own is to come, `settled`
 * once none is, unless jobs that failed succeed after all, and `succeeded` at the end. It never
 * goes back.
 */
export type Standing = "open" | "settled" | "succeeded";

/** A batch, as it is kept: plain JSON. */
export interface BatchRecord {
  readonly bid: string;
  readonly parentBid: string;
  readonly description: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The callbacks' jobs, as they are to be pushed. */
  readonly callbacks: Readonly<Partial<Record<CallbackName, CallbackJob>>>;
  readonly states: Record<CallbackName, CallbackState>;
  /** No jobs are being added. */
  isCommitted: boolean;
  /** It was committed once, and does not die of not being so. */
  wasCommitted: boolean;
  total: number;
  /** Jobs that have not succeeded. */
  pending: number;
  /** Of these, jobs whose last run failed. */
  failed: number;
  standing: Standing;
  /** Batches within this one. */
  readonly children: Record<string, Standing>;
}

/** A callback. */
export interface CallbackJob {
  readonly jid: string;
  readonly payload: string;
}

/** The callback that is due now, if one is. */
export function dueCallback(batch: BatchRecord): CallbackName | undefined {
  const { callbacks, states } = batch;
  if (callbacks.complete !== undefined && states.complete === "" && hasRun(batch)) {
    return "complete";
  }
  if (callbacks.success !== undefined && states.success === "" && canSucceed(batch)) {
    return "success";
  }
  return undefined;
}

/** How a batch looks to its parent now. */
export function standingOf(batch: BatchRecord): Standing {
  const { callbacks, states, standing } = batch;
  if (standing === "succeeded") return standing;
  if (!canSucceed(batch)) return isComplete(batch) ? "settled" : standing;
  return callbacks.success === undefined || states.success === "2" ? "succeeded" : standing;
}

/** Every job has run, whatever came of it, and no batch within has a callback to come. */
function hasRun({ isCommitted, pending, failed, children }: BatchRecord): boolean {
  return isCommitted && pending <= failed &&
    Object.values(children).every((standing) => standing !== "open");
}

/** As `hasRun`, and the callback for that is done, if there is one. */
function isComplete(batch: BatchRecord): boolean {
  return batch.callbacks.complete === undefined ? hasRun(batch) : batch.states.complete === "2";
}

/** Every job has succeeded, those within included, and it is the turn of the callback for that. */
function canSucceed(batch: BatchRecord): boolean {
  return batch.isCommitted && batch.pending === 0 && isComplete(batch) &&
    Object.values(batch.children).every((standing) => standing === "succeeded");
}

/** BATCH STATUS's reply. */
export function batchStatus(batch: BatchRecord, createdAt: string): string {
  const { bid, parentBid, description, total, pending, failed, states } = batch;
  let json = `{"bid":${marshalText(bid)}`;
  if (parentBid !== "") json += `,"parent_bid":${marshalText(parentBid)}`;
  if (description !== "") json += `,"description":${marshalText(description)}`;
  json += `,"created_at":"${createdAt}","total":${total},"pending":${pending},"failed":${failed}`;
  return `${json},"complete_st":"${states.complete}","success_st":"${states.success}"}`;
}
