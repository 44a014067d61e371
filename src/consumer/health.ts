import type { ConsumerState } from "./events.ts";

/** The state of a consumer, as `Consumer.health()` returns it; JSON can hold it. */
export interface ConsumerHealth {
  /** Whether it works, or was told not to; then there are no `reasons`. */
  readonly healthy: boolean;
  /** What is wrong, as sentences. */
  readonly reasons: readonly string[];
  /** Its state. */
  readonly state: ConsumerState;
  /** Its id. */
  readonly wid: string;
  /** Whether it has connections of both kinds: to fetch, and for everything else. */
  readonly connected: boolean;
  /** Jobs that run. */
  readonly busy: number;
  /** Jobs that may run at the same time. */
  readonly concurrency: number;
  /** Jobs that ended well in this run of the consumer, or in the last. */
  readonly done: number;
  /** Jobs that failed in it. */
  readonly failed: number;
  /** Jobs that failed in it for the last time, and are dead. */
  readonly dead: number;
  /** Jobs that failed in it and were dropped, as their `retry` is 0. */
  readonly dropped: number;
  /** Jobs that have ended and whose result the server has not confirmed. */
  readonly unreported: number;
  /** How late the event loop was, in milliseconds; measured each second. */
  readonly lagMs: number;
  /** When the server answered a heartbeat last. */
  readonly lastBeatAt: Date | undefined;
  /** When the last FETCH was sent that the server has answered. */
  readonly lastFetchAt: Date | undefined;
}

/** What the health is judged by; ages are in milliseconds. */
export interface Vitals extends Omit<ConsumerHealth, "healthy" | "reasons"> {
  /** Since the last answer to a heartbeat, or the start. */
  readonly beatAgeMs: number;
  /** Since the last answer to a FETCH, or the start; `undefined` if no FETCH is in flight. */
  readonly fetchAgeMs: number | undefined;
  /**
   * Since the oldest report began that came after the last one that was confirmed; `undefined` if
   * there is none.
   */
  readonly reportAgeMs: number | undefined;
  /** With more reports than this in flight, no more jobs are fetched. */
  readonly maxUnreported: number;
}

/** The server forgets a worker that sent no heartbeat for this long, in milliseconds. */
export const FORGOTTEN_MS = 60_000;

/** A FETCH is answered within two seconds. */
const FETCH_MS = 30_000;

/** ACK and FAIL are answered within milliseconds. */
const REPORT_MS = 10_000;

/** Judges the vitals. */
export function healthOf(
  { beatAgeMs, fetchAgeMs, reportAgeMs, maxUnreported, ...vitals }: Vitals,
): ConsumerHealth {
  const { state, connected, unreported } = vitals;
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
    if (reportAgeMs !== undefined && reportAgeMs > REPORT_MS) {
      reasons.push(`the server has confirmed no result of a job for ${seconds(reportAgeMs)}`);
    }
    if (unreported > maxUnreported) {
      reasons.push(`it fetches nothing, as ${unreported} ended jobs are not reported yet`);
    }
  }
  return { healthy: reasons.length === 0, reasons, ...vitals };
}

/** Returns the health of a consumer that has not run yet. */
export function idleHealth(wid: string, concurrency: number): ConsumerHealth {
  return healthOf({
    ...{ state: "idle", wid, connected: false, busy: 0, concurrency, done: 0, failed: 0 },
    ...{ dead: 0, dropped: 0 },
    ...{ unreported: 0, maxUnreported: 0, lagMs: 0, beatAgeMs: 0 },
    ...{ fetchAgeMs: undefined, reportAgeMs: undefined },
    ...{ lastBeatAt: undefined, lastFetchAt: undefined },
  });
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
