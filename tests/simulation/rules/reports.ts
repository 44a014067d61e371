import { ConnectionLostError } from "../../../mod.ts";
import { RECONNECT_MS } from "../process.ts";
import { at, before, fault, jobIs, since, workerIs } from "./excuses.ts";
import { type Excuse, type OfWorker, rules, type Run } from "./rule.ts";

/** Shortest time before a result may be given up, in milliseconds; reservations last 60 seconds. */
export const EARLY_MS = 50_000;

/** Time without faults before a stop, in which a job is fetched that it must release, in ms. */
const CALM_MS = 3000;

/** A stop that takes less time has waited for all replies, in milliseconds. */
const STOP_MS = 2000;

/** Longest time for which a reply is on its way, in milliseconds. */
const REPLY_MS = 200;

/** A consumer emits "done". */
export const whenDone = rules<Run>({
  "a failed job is not reported as done": { broken: ({ entry }) => entry.hasThrown },
});

/** A consumer emits "unreported". */
export const whenUnreported = rules<Run & { readonly error: unknown }>({
  "a result is reported until the reservation ends": {
    broken: ({ entry: { holder, handedAt, isStarted, toRequeue }, worker, error }, { now }) =>
      error instanceof ConnectionLostError && holder === worker && isStarted && toRequeue === 0 &&
      now - handedAt < EARLY_MS,
    excuses: [
      jobIs.shared,
      workerIs.stopping,
      workerIs.signalled,
      since(at.start, fault.pausedOrClockSet),
    ],
  },
});

/** A worker reports a job that it must not report any more, `atMs` being the moment before. */
export const whenReportedLate = rules<Run & { readonly atMs: number }>({
  // A cancellation removes the job by FAIL. What was held back was decided on before.
  "nothing is reported after the reservation has ended": {
    excuses: [jobIs.cancelled, since(at.event, fault.paused, fault.writeStuck)],
  },
});

/** A worker that is quiet or stops sends a FETCH. */
export const whenFetchSent = rules<OfWorker>({
  "a quiet consumer sends no FETCH": {
    excuses: [since(at.end, fault.paused, fault.writeStuck)],
    detail: ({ process, worker: { stopsAt, fetchesUntil } }) =>
      `${process.name}: ${stopsAt < Infinity ? "stopped" : "quiet"} at ${fetchesUntil}`,
  },
});

interface UnreportedRun extends Run {
  /** True if the server has refused the result, or it came too late after an earlier fault. */
  readonly isRefused: boolean;
}

/** The report of a stop lists a result as not reported. */
export const whenNotReported = rules<UnreportedRun>({
  "a stop without faults reports every result": {
    excuses: [
      ({ isRefused }) => isRefused,
      workerIs.notStopped,
      since(before(RECONNECT_MS, at.stop), fault.ofProcess, fault.ofServer),
    ],
  },
});

/** There was a fault during the stop, or shortly before. */
export const isTroubledStop = since(before(CALM_MS, at.stop), fault.ofProcess, fault.ofServer);

/** The job was fetched before the time without faults. */
const isFetchedEarlier: Excuse<Run> = ({ entry: { handedAt }, worker: { stopsAt } }) =>
  handedAt < stopsAt - CALM_MS;

/** A stop that takes its full time may end while a FETCH is answered. */
const isFetchedAtEnd: Excuse<Run> = ({ entry: { handedAt }, worker: { stopsAt } }, { now }) =>
  now - stopsAt >= STOP_MS && handedAt > now - REPLY_MS;

/** A consumer has stopped, and still has the job, which its report lists or not. */
export const whenHeldAfterStop = rules<Run & { readonly isListed: boolean }>({
  "a stopped consumer has no reserved job": {
    excuses: [
      ({ isListed }) => isListed,
      workerIs.notStopped,
      isTroubledStop,
      isFetchedEarlier,
      isFetchedAtEnd,
      jobIs.shared,
      jobIs.announced,
    ],
  },
});
