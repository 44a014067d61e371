import { type EncodedJob, encodeJob } from "../job/encode.ts";
import type { JobFields } from "../job/job.ts";
import { systemClock } from "../internal/clock.ts";
import { type ServerInfo, serverTime } from "../protocol/server_info.ts";
import type { Step } from "./step.ts";

/** The type of the jobs that unite the tokens of a join. */
export const JOIN = "faktory.workflow.join";

/** Seconds until the first check of a join. */
export const FIRST_CHECK_SECONDS = 60;

/** The arguments of a job that unites tokens. */
export interface JoinJob {
  /** The queue of the join's tokens. */
  readonly tokens: string;
  /** How many parts there are. */
  readonly of: number;
  /** The step of the join itself. */
  readonly step: Step;
  /** Only in a check, which runs even if no part succeeds: seconds until the next check. */
  readonly everySeconds?: number;
  /** Checks in a row that have not seen the fact that the join was started. */
  readonly misses?: number;
  /** Checks so far. */
  readonly checks?: number;
  /** Whether an earlier check has seen that the join is done. */
  readonly isDone?: boolean;
}

/** A job that unites the tokens of a join. */
export function joinJob(join: JoinJob, queue: string): JobFields {
  // Without the properties that are undefined.
  return { type: JOIN, args: [JSON.parse(JSON.stringify(join))], queue, retry: 25 };
}

/**
 * A check of a join, `everySeconds` from now by the server's clock.
 *
 * @param queue The queue of the check.
 * @param info A fresh reply to INFO.
 */
export function checkJob(
  check: JoinJob & { readonly everySeconds: number },
  { queue, info }: { readonly queue: string; readonly info: ServerInfo },
): EncodedJob {
  const at = serverTime(info.raw, systemClock.now()) + check.everySeconds * 1000;
  const jid = `${check.tokens}.check`;
  return encodeJob({ ...joinJob(check, queue), jid, at: new Date(at) });
}
