import type { ConsumerState } from "./events.ts";

/** How a consumer is, as `Consumer.health` tells; it can be told as JSON. */
export interface ConsumerHealth {
  /** Whether it does what it is there for, or was told not to: there are no `reasons` then. */
  readonly healthy: boolean;
  /** What is wrong, in words. */
  readonly reasons: readonly string[];
  /** What it is doing. */
  readonly state: ConsumerState;
  /** Its id. */
  readonly wid: string;
  /** Whether it has connections, those to fetch and those for all else. */
  readonly connected: boolean;
  /** Jobs that run. */
  readonly busy: number;
  /** Jobs that may run at the same time. */
  readonly concurrency: number;
  /** Jobs that ended well in this run of the consumer, or in the last. */
  readonly done: number;
  /** Jobs that failed in it. */
  readonly failed: number;
  /** Ended jobs of which the server does not know yet. */
  readonly unreported: number;
  /** By how much the event loop was late when last looked at, each second, in milliseconds. */
  readonly lagMs: number;
  /** When the server last answered a heartbeat. */
  readonly lastBeatAt: Date | undefined;
  /** When the last FETCH was sent that the server has answered. */
  readonly lastFetchAt: Date | undefined;
}

/** What a health is judged by; times are in milliseconds, and ages. */
export interface Vitals extends Omit<ConsumerHealth, "healthy" | "reasons"> {
  /** Since the last answer to a heartbeat, or the begin. */
  readonly beatAgeMs: number;
  /** Since the last answer to a FETCH, or the begin; `undefined` where none is under way. */
  readonly fetchAgeMs: number | undefined;
  /** From so many on, no more jobs are fetched. */
  readonly maxUnreported: number;
}

/** The server forgets a worker that it has not heard of for so long, in milliseconds. */
export const FORGOTTEN_MS = 60_000;

/** A FETCH is answered within two seconds. */
const FETCH_MS = 30_000;

/** Judges. */
export function healthOf(
  { beatAgeMs, fetchAgeMs, maxUnreported, ...told }: Vitals,
): ConsumerHealth {
  const { state, connected, unreported } = told;
  const reasons: string[] = [];
  if (state === "idle" || state === "stopped") {
    reasons.push(`it does not run: it is ${state}`);
  } else {
    if (!connected) reasons.push("it has no connection to the server");
    if (beatAgeMs > FORGOTTEN_MS) {
      reasons.push(`the server has answered no heartbeat for ${seconds(beatAgeMs)}`);
    }
    if (fetchAgeMs !== undefined && fetchAgeMs > FETCH_MS) {
      reasons.push(`the server has answered no FETCH for ${seconds(fetchAgeMs)}`);
    }
    if (unreported > maxUnreported) {
      reasons.push(`it fetches nothing, as ${unreported} ended jobs are not reported yet`);
    }
  }
  return { healthy: reasons.length === 0, reasons, ...told };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
