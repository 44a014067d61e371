import type { Fetcher } from "../fetch/fetcher.ts";
import { type ConsumerHealth, healthOf } from "../health.ts";
import type { JobRuns } from "../run/job_runs.ts";
import { MAX_UNREPORTED, type Reporter } from "../run/reporter.ts";
import { type SessionContext, stateOf } from "./context.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { LagMonitor } from "./lag.ts";

/** The parts of a session that its health depends on. */
export interface HealthParts {
  /** True if there is a connection to fetch on, and one for other commands. */
  readonly isConnected: boolean;
  readonly heartbeat: Heartbeat;
  readonly fetcher: Fetcher;
  readonly runs: JobRuns;
  readonly reporter: Reporter;
  readonly lag: LagMonitor;
}

/** Returns the health of a session. */
export function sessionHealth(
  { settings, clock, monotonic, phase }: SessionContext,
  { isConnected, heartbeat, fetcher, runs, reporter, lag }: HealthParts,
): ConsumerHealth {
  const now = monotonic.now();
  const date = (at: number) => new Date(clock.now() - (now - at));
  const { unconfirmedSince } = reporter;
  return healthOf({
    state: stateOf(phase),
    wid: settings.worker.wid,
    connected: isConnected,
    busy: runs.size,
    concurrency: settings.concurrency,
    done: runs.done,
    failed: runs.failed,
    dead: runs.dead,
    dropped: runs.dropped,
    unreported: reporter.inFlight,
    maxUnreported: MAX_UNREPORTED,
    lagMs: lag.lastMs,
    lastBeatAt: heartbeat.hasAnswer ? date(heartbeat.lastAt) : undefined,
    lastFetchAt: fetcher.hasAnswer ? date(fetcher.answeredAt) : undefined,
    beatAgeMs: now - heartbeat.lastAt,
    fetchAgeMs: fetcher.inFlight === 0 ? undefined : now - fetcher.answeredAt,
    reportAgeMs: unconfirmedSince === undefined ? undefined : now - unconfirmedSince,
  });
}
