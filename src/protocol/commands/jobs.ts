import { decodeJob } from "../../job/decode.ts";
import type { EncodedJob } from "../../job/encode_core.ts";
import type { Job } from "../../job/job.ts";
import { isPlain } from "../../job/json.ts";
import type { Reply } from "../reply.ts";
import { type Command, parseObject, parseOk, unexpected } from "./command.ts";

/** A failure, as FAIL sends it. */
export interface FailureReport {
  readonly jid: string;
  /** The error's type; the server keeps 100 bytes. */
  readonly type: string;
  /** The error's message; the server keeps 1000 bytes. */
  readonly message: string;
  /** The error's stack, one frame per line; the server keeps 50. */
  readonly backtrace: readonly string[];
}

/**
 * PUSH: enqueues or schedules a job.
 *
 * The reference server decodes the `retry` of each PUSH into a variable that all connections share,
 * so two concurrent jobs may swap theirs. `"Retry":null` makes it decode `retry` into a new
 * variable: Go ignores the case of names, and null removes the reference to the shared one. Other
 * servers ignore the unknown name. A PUSHB with one job would be safe as well, but costs the server
 * half as much again, because it writes the reply in three parts.
 *
 * If a resent unique job (Enterprise) is refused as a duplicate, the first attempt was accepted.
 */
export function push({ json }: EncodedJob): Command<void> {
  const payload = `{"Retry":null,${json.slice(1)}`;
  return { verb: "PUSH", payload, resend: "once", parse: parsePush };
}

function parsePush(reply: Reply, resent?: boolean): void {
  if (resent && reply.kind === "error" && isNotUnique(reply.text)) return;
  parseOk(reply);
}

function isNotUnique(text: string): boolean {
  return /^notuniq/i.test(text);
}

/**
 * PUSHB with many jobs: their JSON, separated by commas. Returns the server's error text for each
 * refused job, by jid.
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

/**
 * FETCH: returns a job of the first queue that has one; `undefined` if none had one for two
 * seconds.
 */
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

/** ACK: reports success. */
export function acknowledge(jid: string): Command<void> {
  const text = isPlain(jid) ? `"${jid}"` : JSON.stringify(jid);
  return { verb: "ACK", payload: `{"jid":${text}}`, resend: "safe", parse: parseOk };
}

/** FAIL: reports a failure. The server retries the job as its `retry` says. */
export function fail({ jid, type, message, backtrace }: FailureReport): Command<void> {
  return {
    verb: "FAIL",
    payload: JSON.stringify({ jid, errtype: type, message, backtrace }),
    resend: "safe",
    parse: parseOk,
  };
}
