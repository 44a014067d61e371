import { after, at, before, fault, since, workerIs } from "./excuses.ts";
import { type OfProcess, type OfWorker, rules } from "./rule.ts";

/** A worker without faults for this time must have sent its heartbeats, in milliseconds. */
const FORGET_MS = 100_000;

/** Longest time between two FETCHes of a consumer without work, in milliseconds. */
const FETCH_MS = 6000;

/** Longest time that a consumer may be idle while jobs wait, in milliseconds. */
export const IDLE_MS = 45_000;

/** Time after a cut in which its effects are not another fault, in milliseconds. */
const CUT_MS = 10;

/** The run of a consumer ends. */
export const whenRunEnds = rules<OfWorker>({
  "a consumer runs until it is stopped": { excuses: [workerIs.stopping, workerIs.signalled] },
});

/** A stop of a program that began at `atMs` has ended. */
interface Stop extends OfProcess {
  readonly atMs: number;
  readonly tookMs: number;
  readonly limitMs: number;
}

export const whenStopped = rules<Stop>({
  "a stop ends in time": {
    broken: ({ tookMs, limitMs }) => tookMs > limitMs,
    excuses: [since(at.event, fault.pausedOrClockSet)],
    detail: ({ process, tookMs, limitMs }) => `${process.name}: ${tookMs} ms, not ${limitMs} ms`,
  },
});

/** The server removes a worker, as it has not sent heartbeats. */
export const whenForgotten = rules<OfWorker>({
  "a live worker is not removed": {
    excuses: [
      workerIs.dead,
      workerIs.stopping,
      since(before(FORGET_MS, at.now), fault.ofProcess, fault.ofServer),
    ],
  },
});

/** There was a fault since the event. */
export const isTroubled = since(at.event, fault.ofProcess, fault.ofServer);

/** The server told a worker at `atMs`, some time before, to go quiet or to end. */
export const whenTold = rules<OfWorker & { readonly atMs: number }>({
  "a consumer follows the server's signal": {
    broken: ({ worker }) => worker.consumer.state === "running",
    excuses: [workerIs.dead, isTroubled],
  },
});

/** A consumer has had no work, and no fault after which it may reconnect, since `busyAt`. */
export const whenIdle = rules<OfWorker>({
  "an idle consumer sends a FETCH": {
    broken: ({ worker: { busyAt, fetchedAt } }, { now }) =>
      now - Math.max(busyAt, fetchedAt) >= FETCH_MS,
  },
});

/** A consumer has had no work since `idleSince`, although jobs wait. */
export const whenIdleWithJobs = rules<OfWorker>({
  "an idle consumer fetches waiting jobs": {
    broken: ({ worker }, { now }) => now - worker.idleSince >= IDLE_MS,
    excuses: [after(before(IDLE_MS, at.now), fault.ofProcess, fault.ofServer)],
  },
});

/** The connections of a consumer with free slots were cut at `atMs`. It had time to reconnect. */
export const whenCut = rules<OfWorker & { readonly atMs: number }>({
  "a consumer fetches again after it has lost its connections": {
    broken: ({ worker, atMs }) => worker.fetchedAt <= atMs && worker.consumer.state === "running",
    excuses: [
      after(before(IDLE_MS, at.event), fault.ofServer),
      after(before(-CUT_MS, at.event), fault.ofProcess),
    ],
  },
});
