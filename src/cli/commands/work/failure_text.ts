import type { FailedAttempt } from "../../../../mod.ts";
import { frames } from "../../../consumer/run/failure.ts";
import { messageOf, positionOf } from "./error_position.ts";

/** Maximum number of stack lines to show. */
const MAX_FRAMES = 10;

/** Maximum number of nested causes to show. */
const MAX_CAUSES = 5;

const NEXT_STEPS: Readonly<Record<FailedAttempt["next"], string>> = {
  retry: "will be retried",
  dead: "is dead",
  dropped: "is dropped",
};

/**
 * Formats a failed job: the failure, what happens next, and the stacks of the error and its causes.
 */
export function failureLines(
  { job: { jid, type, queue }, error, elapsedMs, attempt, next, retryAt }: FailedAttempt,
  now: number,
): string[] {
  const when = retryAt === undefined
    ? ""
    : ` in about ${Math.max(0, Math.round((retryAt.getTime() - now) / 1000))} s`;
  return [
    `fail ${type} ${jid} of ${queue}, attempt ${attempt}, after ${
      Math.round(elapsedMs * 10) / 10
    } ms: ${errorText(error)}; ${NEXT_STEPS[next]}${when}`,
    ...stackLines(error),
  ];
}

/** Formats an error with its position, on one line. */
export function errorText(error: unknown): string {
  const position = positionOf(error);
  return `${messageOf(error)}${position === undefined ? "" : ` (${position})`}`;
}

/** Formats the stacks of an error and its causes. */
export function stackLines(error: unknown): string[] {
  return [...stackOf(error), ...causesOf(error)];
}

function stackOf(error: unknown): string[] {
  try {
    return error instanceof Error ? frames(error).slice(0, MAX_FRAMES) : [];
  } catch {
    // A getter may throw.
    return [];
  }
}

function causesOf(error: unknown): string[] {
  const lines: string[] = [];
  let cause = error;
  for (let i = 0; i < MAX_CAUSES; i++) {
    cause = causeOf(cause);
    if (cause === undefined) break;
    lines.push(`caused by ${messageOf(cause)}`, ...stackOf(cause));
  }
  return lines;
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined;
  }
}
