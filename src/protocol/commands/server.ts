import { ProtocolError } from "../../errors.ts";
import { type Command, parseObject, parseOk, unexpected } from "./command.ts";

/** The state that the server wants a worker to be in. */
export type WorkerState = "running" | "quiet" | "terminate";

/** The state of a worker, as BEAT reports it. */
export interface Beat {
  readonly wid: string;
  /** Set when the worker is quiet or stopping without having been asked by the server. */
  readonly state?: "quiet" | "terminate" | undefined;
  /** Resident memory in KiB. */
  readonly rssKb?: number | undefined;
}

/** BEAT: reports that the worker is alive. Returns the state that the server wants. */
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

/** INFO: returns the server's statistics, as it sends them. */
export function info(): Command<Record<string, unknown>> {
  return { verb: "INFO", payload: "", resend: "safe", parse: parseObject };
}

/** FLUSH: deletes all jobs. */
export function flush(): Command<void> {
  return { verb: "FLUSH", payload: "", resend: "safe", parse: parseOk };
}

/** QUEUE PAUSE, RESUME or REMOVE. The names are valid, or the only one is `*`. */
export function changeQueues(
  change: "PAUSE" | "RESUME" | "REMOVE",
  names: readonly string[],
): Command<void> {
  return { verb: "QUEUE", payload: `${change} ${names.join(" ")}`, resend: "safe", parse: parseOk };
}

/** QUEUE LATENCY: returns the seconds for which the oldest job of each queue has waited. */
export function queueLatency(names: readonly string[]): Command<Map<string, number>> {
  return {
    verb: "QUEUE",
    payload: `LATENCY ${names.join(" ")}`,
    resend: "safe",
    parse(reply) {
      // Older servers reply OK to any QUEUE command.
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

/** Selects jobs for MUTATE, in the server's format. */
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
    // The server splits the line at spaces, even inside the JSON.
    payload: JSON.stringify({ cmd, target, filter }).replaceAll(" ", "\\u0020"),
    resend: "safe",
    parse: parseOk,
  };
}

/**
 * END: closes the connection. The server executes the commands before it, and closes without a
 * reply.
 */
export function end(): Command<void> {
  return { verb: "END", payload: "", resend: "never", parse: parseOk };
}
