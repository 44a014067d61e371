import type { Job } from "../job/job.ts";
import type { FailureReport } from "../protocol/commands/jobs.ts";

/** Characters of a message that are sent; the server keeps 1000 bytes. */
const MAX_MESSAGE = 1000;

/** What FAIL tells of whatever a handler threw. The job's own `backtrace` says how many lines of the stack go with it. */
export function describeFailure({ jid, backtrace }: Job, error: unknown): FailureReport {
  try {
    return { jid, ...(error instanceof Error ? ofError(error, backtrace ?? 0) : ofValue(error)) };
  } catch {
    // A getter of the error's own, or a value that cannot become a text.
    return { jid, type: "unknown", message: "the error cannot be read", backtrace: [] };
  }
}

function ofError(error: Error, lines: number): Omit<FailureReport, "jid"> {
  return {
    type: text(error.name) || "Error",
    message: text(error.message) || text(error.name),
    backtrace: lines > 0 ? frames(error).slice(0, lines) : [],
  };
}

function ofValue(value: unknown): Omit<FailureReport, "jid"> {
  return { type: value === null ? "null" : typeof value, message: text(value), backtrace: [] };
}

function text(value: unknown): string {
  return String(value).slice(0, MAX_MESSAGE).toWellFormed();
}

/** The stack's lines without the message that some runtimes put before them. */
function frames({ stack }: Error): string[] {
  const lines = String(stack ?? "").split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => /^at\s/.test(line) || /@.*:\d+:\d+$/.test(line));
  return first < 0 ? [] : lines.slice(first).filter((line) => line !== "");
}
