import { at, before, counted, fault, jobIs, since, workerIs } from "./excuses.ts";
import { type OfJob, rules, type Run } from "./rule.ts";

/** Longest time until all workers without faults know of a cancelled job, in milliseconds. */
export const CANCEL_MS = 7500;

/** Time for which a quiet consumer may get jobs from FETCHes in flight, in milliseconds. */
const QUIET_MS = 4000;

/** Longest reservation of a job before its handler starts, in milliseconds. */
const RESERVED_MS = 62_000;

/** Time for which a server may miss the mark of a reader after it has lost jobs, in milliseconds. */
const READ_MS = 60_000;

const isTroubledCancel = since(before(CANCEL_MS, at.cancelled), fault.ofProcess, fault.ofServer);

/** A handler starts. */
export const whenStarted = rules<Run>({
  "a job runs once for each FETCH": { broken: ({ entry: { starts, handed } }) => starts > handed },
  // A worker asks for cancelled jobs every few seconds, so it may start a job that it fetches just
  // after the call. The worker that finds one of several copies removes the mark, and so does FLUSH.
  "a cancelled job does not start": {
    broken: ({ entry: { cancelledAt, handedAt } }) => handedAt >= cancelledAt + CANCEL_MS,
    excuses: [
      counted(
        "cancelled jobs that started for a reason",
        jobIs.twice,
        jobIs.shared,
        since(at.cancel, fault.flush),
        isTroubledCancel,
      ),
    ],
  },
});

/** A run that counts for a limit: of the jobs that run from a queue, or that start in a second. */
interface LimitedRun extends Run {
  /** Number of these jobs, and its limit. */
  readonly count: number;
  readonly limit: number;
  /** The queue, or "a second". */
  readonly of: string;
}

function limitOf({ process, entry, count, of }: LimitedRun): string {
  return `${process.name}: ${entry.jid}, ${count} of ${of}`;
}

/** A handler has started, and counts for the limits of the consumer. */
export const whenCounted = rules<LimitedRun>({
  // A FETCH in flight may bring one more job, late if the network holds it back.
  "a quiet consumer starts nothing": {
    broken: ({ entry, worker }) => entry.handedAt > worker.quietAt + QUIET_MS,
    excuses: [since(at.quiet, fault.ofProcess, fault.ofServer)],
  },
  "a consumer respects its concurrency": {
    broken: ({ worker: { handlers, concurrency } }) => handlers > concurrency,
    excuses: [workerIs.stopping],
    detail: ({ process, worker }) => `${process.name}: ${worker.handlers}`,
  },
  "a limit is respected": {
    broken: ({ count, limit }) => count > limit,
    excuses: [workerIs.stopping],
    detail: limitOf,
  },
});

/** A consumer emits "start". */
export const whenStartEmitted = rules<LimitedRun>({
  // The consumer counts from its FETCH, whatever the server's clock does. The jobs of schedules are
  // reserved for half an hour.
  "a job starts only while it is reserved": {
    broken: ({ entry: { holder, handedAt }, worker }, { now }) =>
      holder === worker && now - handedAt > RESERVED_MS,
    excuses: [jobIs.shared, jobIs.ofLibrary, since(at.fetch, fault.clockSet)],
  },
  "a limit is respected": {
    broken: ({ count, limit }) => count > limit,
    excuses: [since(at.start, fault.pausedOrClockSet)],
    detail: limitOf,
  },
});

/** A job with a running handler was cancelled `CANCEL_MS` before, and its signal is not aborted. */
export const whenCancelled = rules<Run>({
  "a cancelled run is aborted": {
    excuses: [
      workerIs.dead,
      workerIs.stopping,
      workerIs.signalled,
      since(at.cancel, fault.flush),
      isTroubledCancel,
    ],
  },
});

/** A resumable job does a step. */
export const whenStepped = rules<OfJob & { readonly step: number }>({
  "a resumable job skips no step": {
    broken: ({ entry: { steps }, step }) => step > steps,
    detail: ({ entry: { jid }, step }) => `${jid}: ${step}`,
  },
});

/** A FETCH for the tokens of a join waits, and so do the results behind it on its connection. */
export const whenTokensAwaited = rules<{ readonly queue: string }>({
  "a join holds back no result": {
    excuses: [since(before(READ_MS, at.now), fault.ofServer, fault.flush)],
    detail: ({ queue }) => queue,
  },
});
