import { type EncodedJob, encodeJob } from "../job/encode.ts";
import type { JobFields } from "../job/job.ts";
import { systemClock } from "../internal/clock.ts";
import { type ServerInfo, serverTime } from "../protocol/server_info.ts";
import type { Step } from "./step.ts";

/** Type of the jobs that collect the tokens of a join. */
export const JOIN = "faktory.workflow.join";

/** Seconds until the first check of a join. */
export const FIRST_CHECK_SECONDS = 60;

/** The arguments of a job that collects tokens. */
export interface JoinJob {
  /** The queue of the join's tokens. */
  readonly tokens: string;
  /** Number of parts. */
  readonly of: number;
  /** The step of the join itself. */
  readonly step: Step;
  /** Seconds until the next check. Only set in a check, which runs even if no part succeeds. */
  readonly everySeconds?: number;
  /** Number of consecutive checks that did not find the fact {@linkcode STARTED}. */
  readonly misses?: number;
  /** Number of checks so far. */
  readonly checks?: number;
  /** True if an earlier check found that the join is done. */
  readonly isDone?: boolean;
}

/** Returns a job that collects the tokens of a join. */
export function joinJob(join: JoinJob, queue: string): JobFields {
  // Removes the properties that are undefined.
  return { type: JOIN, args: [JSON.parse(JSON.stringify(join))], queue, retry: 25 };
}

/** Checks start at full minutes, in ms. */
const CHECK_STEP_MS = 60_000;

/**
 * Returns a check of a join, `everySeconds` from now by the server's clock, rounded up to a full
 * minute. Checks of a join for the same minute are the same bytes, so the scheduled set has only
 * one of them.
 *
 * @param queue The queue of the check.
 * @param info A fresh reply to INFO.
 */
export function checkJob(
  check: JoinJob & { readonly everySeconds: number },
  { queue, info }: { readonly queue: string; readonly info: ServerInfo },
): EncodedJob {
  const ms = serverTime(info.raw, systemClock.now()) + check.everySeconds * 1000;
  const at = new Date(Math.ceil(ms / CHECK_STEP_MS) * CHECK_STEP_MS);
  const jid = `${check.tokens}.check`;
  return encodeJob({ ...joinJob(check, queue), jid, at, createdAt: at });
}
