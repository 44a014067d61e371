import type { ConsumerState } from "./events.ts";

/** The health of a consumer, as `Consumer.health()` returns it. It can be written as JSON. */
export interface ConsumerHealth {
  /**
   * True if the consumer works, or does not work because a program or the server asked for that
   * (for example by `quiet()`). `reasons` is then empty.
   */
  readonly healthy: boolean;
  /** The problems, one sentence each. */
  readonly reasons: readonly string[];
  /** The consumer's state. */
  readonly state: ConsumerState;
  /** The worker's id. */
  readonly wid: string;
  /** True if the consumer has a connection to fetch on, and one for everything else. */
  readonly connected: boolean;
  /** Number of running jobs. */
  readonly busy: number;
  /** Maximum number of jobs that run at the same time. */
  readonly concurrency: number;
  /** Number of successful jobs in this run of the consumer, or in the last one. */
  readonly done: number;
  /** Number of failed jobs in that run. */
  readonly failed: number;
  /** Number of jobs that failed for the last time in that run, and are dead. */
  readonly dead: number;
  /** Number of jobs that failed in that run and were dropped, as their `retry` is 0. */
  readonly dropped: number;
  /** Number of ended jobs whose result the server has not confirmed. */
  readonly unreported: number;
  /** Delay of the event loop in milliseconds, measured every second. */
  readonly lagMs: number;
  /** Time of the last answer to a heartbeat. */
  readonly lastBeatAt: Date | undefined;
  /** Time at which the last answered FETCH was sent. */
  readonly lastFetchAt: Date | undefined;
}

/** The measurements that health is derived from. Ages are in milliseconds. */
export interface HealthMeasurements extends Omit<ConsumerHealth, "healthy" | "reasons"> {
  /** Time since the last answer to a heartbeat, or since the start. */
  readonly beatAgeMs: number;
  /**
   * Time since the last answer to a FETCH, or since the start; `undefined` if no FETCH is in
   * flight.
   */
  readonly fetchAgeMs: number | undefined;
  /** Time since the first report after the last confirmed one; `undefined` if there is none. */
  readonly reportAgeMs: number | undefined;
  /** If more reports than this are in flight, no more jobs are fetched. */
  readonly maxUnreported: number;
}

/** The server forgets a worker without a heartbeat for this long, in milliseconds. */
export const WORKER_TIMEOUT_MS = 60_000;

/** Largest normal age of an unanswered FETCH, in milliseconds. An answer takes up to 2000. */
const FETCH_MS = 30_000;

/** Largest normal age of an unconfirmed report, in milliseconds. A reply takes a few. */
const REPORT_MS = 10_000;

/** Derives the health from measurements. */
export function healthOf(
  { beatAgeMs, fetchAgeMs, reportAgeMs, maxUnreported, ...health }: HealthMeasurements,
): ConsumerHealth {
  const { state, connected, unreported } = health;
  const reasons: string[] = [];
  if (state === "idle" || state === "stopped") {
    reasons.push(`it is ${state}`);
  } else {
    if (!connected) reasons.push("it has no connection to the server");
    if (beatAgeMs > WORKER_TIMEOUT_MS) {
      reasons.push(`the server has not answered a heartbeat for ${seconds(beatAgeMs)}`);
    }
    if (fetchAgeMs !== undefined && fetchAgeMs > FETCH_MS) {
      reasons.push(`the server has not answered a FETCH for ${seconds(fetchAgeMs)}`);
    }
    if (reportAgeMs !== undefined && reportAgeMs > REPORT_MS) {
      reasons.push(`the server has not confirmed a result for ${seconds(reportAgeMs)}`);
    }
    if (unreported > maxUnreported) {
      reasons.push(`it does not fetch, as ${unreported} results are not confirmed yet`);
    }
  }
  return { healthy: reasons.length === 0, reasons, ...health };
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
