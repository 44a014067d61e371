import { marshalText } from "../go/encode.ts";

/** State of a callback: not due, enqueued, done. */
export type CallbackState = "" | "1" | "2";

/** The two callbacks, in the order in which they run. */
export type CallbackName = "complete" | "success";

/**
 * State of a batch as its parent sees it: `open` while one of its callbacks is not enqueued yet,
 * `settled` when none will be enqueued unless failed jobs succeed later, and `succeeded` at the
 * end. The state only moves forward.
 */
export type Standing = "open" | "settled" | "succeeded";

/** A batch in the form in which it is stored, as plain JSON. */
export interface BatchRecord {
  readonly bid: string;
  readonly parentBid: string;
  readonly description: string;
  /** In ms since 1970. */
  readonly createdAt: number;
  /** The jobs of the callbacks, ready to push. */
  readonly callbacks: Readonly<Partial<Record<CallbackName, CallbackJob>>>;
  readonly states: Record<CallbackName, CallbackState>;
  /** True while no jobs are being added. */
  isCommitted: boolean;
  /** True after the first commit. The batch then no longer expires for lack of one. */
  wasCommitted: boolean;
  total: number;
  /** Number of jobs that have not succeeded yet. */
  pending: number;
  /** Number of pending jobs whose last run failed. */
  failed: number;
  standing: Standing;
  /** The state of each child batch. */
  readonly children: Record<string, Standing>;
}

/** The job of a callback. */
export interface CallbackJob {
  readonly jid: string;
  readonly payload: string;
}

/** Returns the callback that is due now, if there is one. */
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

/** Computes the state of a batch as its parent sees it. */
export function standingOf(batch: BatchRecord): Standing {
  const { callbacks, states, standing } = batch;
  if (standing === "succeeded") return standing;
  if (!canSucceed(batch)) return isComplete(batch) ? "settled" : standing;
  return callbacks.success === undefined || states.success === "2" ? "succeeded" : standing;
}

/**
 * Returns true if every job has run, successfully or not, and no child batch has a callback to
 * come.
 */
function hasRun({ isCommitted, pending, failed, children }: BatchRecord): boolean {
  return isCommitted && pending <= failed &&
    Object.values(children).every((standing) => standing !== "open");
}

/** Like `hasRun`, and the `complete` callback has succeeded, if there is one. */
function isComplete(batch: BatchRecord): boolean {
  return batch.callbacks.complete === undefined ? hasRun(batch) : batch.states.complete === "2";
}

/**
 * Returns true if every job and every child batch has succeeded, so that the `success` callback is
 * due.
 */
function canSucceed(batch: BatchRecord): boolean {
  return batch.isCommitted && batch.pending === 0 && isComplete(batch) &&
    Object.values(batch.children).every((standing) => standing === "succeeded");
}

/** Writes the reply to BATCH STATUS. */
export function batchStatus(batch: BatchRecord, createdAt: string): string {
  const { bid, parentBid, description, total, pending, failed, states } = batch;
  let json = `{"bid":${marshalText(bid)}`;
  if (parentBid !== "") json += `,"parent_bid":${marshalText(parentBid)}`;
  if (description !== "") json += `,"description":${marshalText(description)}`;
  json += `,"created_at":"${createdAt}","total":${total},"pending":${pending},"failed":${failed}`;
  return `${json},"complete_st":"${states.complete}","success_st":"${states.success}"}`;
}
