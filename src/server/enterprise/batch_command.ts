import { isQueueName } from "../../job/queue_name.ts";
import { GoError, parse, quoted, toStruct } from "../go_json.ts";
import { type StoredJob, toJob } from "../stored_job.ts";
import { subcommand } from "./subcommand.ts";
import type { Batches, NewBatch } from "./batches.ts";

/** What BATCH replies: a text to be sent with its length before it, or `undefined` for OK. */
export function batchCommand(batches: Batches, line: string): string | undefined {
  const { name, payload } = subcommand(line);
  switch (name) {
    case "NEW":
      return batches.open(readBatch(payload));
    case "OPEN":
      return batches.reopen(payload);
    case "COMMIT":
      batches.commit(payload);
      return undefined;
    case "STATUS":
      return batches.status(payload);
    default:
      throw new GoError(`no such BATCH subcommand: ${name}`);
  }
}

function readBatch(payload: string): NewBatch {
  const value = parse(payload);
  const { description = "", parent_bid = "" } = toStruct(value, "Batch", {
    description: "string",
    parent_bid: "string",
  }, "") as { description?: string; parent_bid?: string };
  const { complete, success } = (value ?? {}) as { complete?: unknown; success?: unknown };
  return {
    description,
    parentBid: parent_bid,
    complete: readCallback(complete),
    success: readCallback(success),
  };
}

function readCallback(value: unknown): StoredJob | undefined {
  if (value === undefined || value === null) return undefined;
  const job = toJob(value);
  if (job.jobtype === "") throw new GoError("jobs must have a jobtype parameter");
  if (job.jid !== "" && new TextEncoder().encode(job.jid).length < 8) {
    throw new GoError("jobs must have a reasonable jid parameter");
  }
  if (job.queue !== "" && !isQueueName(job.queue)) {
    throw new GoError(
      `cannot get ${quoted(job.queue)} queue: queue names must match \\A[a-zA-Z0-9._-]+\\z`,
    );
  }
  return job;
}
