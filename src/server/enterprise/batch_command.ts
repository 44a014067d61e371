import { isQueueName } from "../../job/queue_name.ts";
import { type Fields, unmarshal } from "../go/decode.ts";
import { GoError } from "../go/error.ts";
import { quote } from "../go/quote.ts";
import { complete, JOB, type StoredJob } from "../stored_job.ts";
import { subcommand } from "./subcommand.ts";
import type { Batches, NewBatch } from "./batches.ts";

/** Runs BATCH. Returns the text of a bulk reply, or `undefined` for OK. */
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

const BATCH: Fields = {
  description: "string",
  parent_bid: "string",
  complete: JOB,
  success: JOB,
};

function readBatch(payload: string): NewBatch {
  const fields = unmarshal(payload, "client.Batch", BATCH);
  return {
    description: (fields["description"] ?? "") as string,
    parentBid: (fields["parent_bid"] ?? "") as string,
    complete: readCallback(fields["complete"]),
    success: readCallback(fields["success"]),
  };
}

function readCallback(fields: unknown): StoredJob | undefined {
  if (fields === undefined) return undefined;
  const job = complete(fields as Partial<StoredJob>);
  if (job.jobtype === "") throw new GoError("jobs must have a jobtype parameter");
  if (job.jid !== "" && new TextEncoder().encode(job.jid).length < 8) {
    throw new GoError("jobs must have a reasonable jid parameter");
  }
  if (job.queue !== "" && !isQueueName(job.queue)) {
    throw new GoError(
      `cannot get ${quote(job.queue)} queue: queue names must match \\A[a-zA-Z0-9._-]+\\z`,
    );
  }
  return job;
}
