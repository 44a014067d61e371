import { ProtocolError } from "../../errors.ts";
import { type Command, parseObject, parseOk, unexpected } from "./command.ts";

/** What a worker is to do, by the server's word. */
export type WorkerState = "running" | "quiet" | "terminate";

/** What BEAT tells the server of a worker. */
export interface Beat {
  readonly wid: string;
  /** Told once the worker has gone quiet or is stopping by itself. */
  readonly state?: "quiet" | "terminate" | undefined;
  /** Resident memory in KiB. */
  readonly rssKb?: number | undefined;
}

/** BEAT: the worker is alive; gives what the server wants of it. */
export function beat({ wid, state, rssKb }: Beat): Command<WorkerState> {
  return {
    verb: "BEAT",
    payload: JSON.stringify({ wid, current_state: state, rss_kb: rssKb }),
    resend: "safe",
    parse(reply) {
      if (reply.kind === "status" && reply.text === "OK") return "running";
      const wanted = parseObject(reply)["state"];
      if (wanted === "quiet" || wanted === "terminate") return wanted;
      throw unexpected(reply, "a worker's state");
    },
  };
}

/** INFO: the server's figures, as it gives them. */
export function info(): Command<Record<string, unknown>> {
  return { verb: "INFO", payload: "", resend: "safe", parse: parseObject };
}

/** FLUSH: forgets every job. */
export function flush(): Command<void> {
  return { verb: "FLUSH", payload: "", resend: "safe", parse: parseOk };
}

/** QUEUE PAUSE, RESUME and REMOVE: the names have been checked, `*` comes alone. */
export function changeQueues(
  change: "PAUSE" | "RESUME" | "REMOVE",
  names: readonly string[],
): Command<void> {
  return { verb: "QUEUE", payload: `${change} ${names.join(" ")}`, resend: "safe", parse: parseOk };
}

/** QUEUE LATENCY: seconds that the oldest job of each queue has waited. */
export function queueLatency(names: readonly string[]): Command<Map<string, number>> {
  return {
    verb: "QUEUE",
    payload: `LATENCY ${names.join(" ")}`,
    resend: "safe",
    parse(reply) {
      // Older servers say OK to any QUEUE, whatever follows it.
      if (reply.kind === "status" && reply.text === "OK") {
        throw new ProtocolError(
          "UNSUPPORTED_COMMAND",
          "Cannot measure queues as the server does not know QUEUE LATENCY: it needs Faktory 1.9.2 or later",
        );
      }
      return new Map(Object.entries(parseObject(reply)).map(([name, age]) => [name, Number(age)]));
    },
  };
}

/** Which jobs MUTATE is about, in the server's own terms. */
export interface WireFilter {
  readonly jids?: readonly string[];
  readonly regexp?: string;
  readonly jobtype?: string;
}

/** MUTATE: changes the jobs of a set; without a filter, all of them. */
export function mutate(
  cmd: "clear" | "kill" | "discard" | "requeue",
  target: "scheduled" | "retries" | "dead",
  filter?: WireFilter,
): Command<void> {
  return {
    verb: "MUTATE",
    // The server splits the line at its spaces, inside the JSON too.
    payload: JSON.stringify({ cmd, target, filter }).replaceAll(" ", "\\u0020"),
    resend: "safe",
    parse: parseOk,
  };
}

/** END: goodbye. The server hangs up without a reply, once it has done what was sent before. */
export function end(): Command<void> {
  return { verb: "END", payload: "", resend: "never", parse: parseOk };
}
