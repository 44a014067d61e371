import { InvalidArgumentError } from "../../errors.ts";
import { bulk } from "../reply.ts";
import { checkJid, checkLookup } from "./check.ts";
import type { Inspector } from "./inspector.ts";
import type { FindJobOptions, JobQuery, JobSelection, QueueQuery } from "../../inspect/types.ts";

/** The JSON after INSPECT. It has one of these keys. */
interface Request {
  readonly jobs?: JobQuery;
  readonly job?: FindJobOptions & { readonly jid?: unknown };
  readonly requeue?: JobSelection;
  readonly kill?: JobSelection;
  readonly discard?: JobSelection;
  readonly count?: JobSelection;
  readonly signal?: { readonly wid?: unknown; readonly state?: unknown };
  readonly history?: true;
  readonly batches?: true;
  readonly queues?: QueueQuery;
  readonly workers?: true;
  readonly recurring?: true;
  readonly attempts?: { readonly jid?: unknown };
  readonly cancel?: { readonly jid?: unknown };
}

/**
 * Runs INSPECT: lists or changes jobs, queues or workers. Replies `{"result":..}`, or
 * `{"error":{"code","message"}}` if the request is invalid. A server without INSPECT replies with
 * its usual error for an unknown command.
 */
export async function inspect(inspector: Inspector, json: string): Promise<string> {
  try {
    return bulk(JSON.stringify({ result: await answer(inspector, parse(json)) ?? null }));
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const { code, message } = error;
    return bulk(JSON.stringify({ error: { code, message } }));
  }
}

function parse(json: string): Request {
  try {
    const value = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Reported below.
  }
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    "Cannot inspect as the request is not an object",
  );
}

function answer(inspector: Inspector, request: Request): unknown {
  const { jobs, job, requeue, kill, discard, count, signal } = request;
  if (jobs !== undefined) return inspector.jobs(jobs);
  if (job !== undefined) {
    const { jid, ...options } = job ?? {};
    return inspector.job(checkJid(jid), checkLookup(options));
  }
  if (requeue !== undefined) return inspector.change("requeue", requeue);
  if (kill !== undefined) return inspector.change("kill", kill);
  if (discard !== undefined) return inspector.change("discard", discard);
  if (count !== undefined) return inspector.count(count);
  if (signal !== undefined) {
    const { wid, state } = signal ?? {};
    if (typeof wid === "string" && (state === "quiet" || state === "terminate")) {
      return inspector.signal(wid, state);
    }
  }
  const { queues, workers, history, batches, recurring, attempts, cancel } = request;
  if (attempts !== undefined) return inspector.attempts(checkJid(attempts?.jid));
  if (cancel !== undefined) return inspector.cancel(checkJid(cancel?.jid));
  if (recurring === true) return inspector.recurring();
  if (queues !== undefined) return inspector.queues(queues);
  if (workers === true) return inspector.workers();
  if (history === true) return inspector.history();
  if (batches === true) return inspector.batches();
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    "Cannot inspect as this server does not know the request",
  );
}
