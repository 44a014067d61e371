import { decodeJob } from "../../job/decode.ts";
import type { EncodedJob } from "../../job/encode_core.ts";
import type { Job } from "../../job/job.ts";
import { isPlain } from "../../job/json.ts";
import { serverError } from "../server_errors.ts";
import type { Reply } from "../reply.ts";
import { type Command, parseObject, parseOk, unexpected } from "./command.ts";

/** What FAIL tells the server of a failure. */
export interface FailureReport {
  readonly jid: string;
  /** The error's type; the server keeps 100 bytes. */
  readonly type: string;
  /** The error's message; the server keeps 1000 bytes. */
  readonly message: string;
  /** The error's stack, a frame a line; the server keeps 50. */
  readonly backtrace: readonly string[];
}

/**
 * PUSHB of one job, into its queue or into the scheduled set. Not PUSH: the reference server
 * decodes the `retry` of each PUSH into one variable that all connections share, so that two at
 * once may swap theirs.
 *
 * A unique job (Enterprise) that is refused as being there already, after it was sent before, got
 * through the first time.
 */
export function push(job: EncodedJob): Command<void> {
  return { verb: "PUSHB", payload: `[${job.json}]`, resend: "once", parse: parsePush };
}

function parsePush(reply: Reply, resent?: boolean): void {
  // Nothing was refused: not worth a parser. `+OK` is how a server answers to a PUSH.
  if (reply.kind === "status" || (reply.kind === "bulk" && reply.text === "{}")) return;
  if (resent && reply.kind === "error" && isNotUnique(reply.text)) return;
  for (const text of Object.values(parseObject(reply))) {
    if (!(resent && isNotUnique(String(text)))) throw serverError(String(text));
  }
}

function isNotUnique(text: string): boolean {
  return /^notuniq/i.test(text);
}

/**
 * PUSHB: many jobs, their JSON with commas between; gives what the server said of each that it
 * refused, by jid.
 */
export function pushBulk(jobs: string): Command<Map<string, string>> {
  return {
    verb: "PUSHB",
    payload: `[${jobs}]`,
    resend: "once",
    parse(reply, resent) {
      const refused = new Map<string, string>();
      for (const [jid, text] of Object.entries(parseObject(reply))) {
        if (!(resent && isNotUnique(String(text)))) refused.set(jid, String(text));
      }
      return refused;
    },
  };
}

/** FETCH: a job of the first queue that has one; `undefined` where none had any for two seconds. */
export function fetchJob(queues: readonly string[]): Command<Job | undefined> {
  return {
    verb: "FETCH",
    payload: queues.join(" "),
    resend: "never",
    parse(reply) {
      if (reply.kind !== "bulk") throw unexpected(reply, "a job");
      return reply.text === null ? undefined : decodeJob(reply.text);
    },
  };
}

/** ACK: the job is done. */
export function acknowledge(jid: string): Command<void> {
  const text = isPlain(jid) ? `"${jid}"` : JSON.stringify(jid);
  return { verb: "ACK", payload: `{"jid":${text}}`, resend: "safe", parse: parseOk };
}

/** FAIL: the job failed; the server retries it, or not, by the job's own `retry`. */
export function fail({ jid, type, message, backtrace }: FailureReport): Command<void> {
  return {
    verb: "FAIL",
    payload: JSON.stringify({ jid, errtype: type, message, backtrace }),
    resend: "safe",
    parse: parseOk,
  };
}
