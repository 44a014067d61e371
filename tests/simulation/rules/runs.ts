import type { Entry } from "../entry.ts";
import type { SimulatedProcess } from "../process.ts";
import type { Worker } from "../worker.ts";
import {
  before,
  cancelled,
  counted,
  flushed,
  isAnnounced,
  isDead,
  isShared,
  isSignalled,
  isStopping,
  isTwice,
  itsCancel,
  now,
  processFault,
  serverFault,
  since,
} from "./excuses.ts";
import type { Case, Excuse, Rules } from "./rule.ts";

/** A worker without faults for this time must have sent its heartbeats, in milliseconds. */
const FORGET_MS = 100_000;

/** Longest time until all workers without faults know of a cancelled job, in milliseconds. */
export const CANCEL_MS = 7500;

/** A stop that takes less time has waited for all replies, in milliseconds. */
const STOP_MS = 2000;

/** Longest time for which a reply is on its way, in milliseconds. */
const REPLY_MS = 200;

/** Time for which a server may miss the mark of a reader after it has lost jobs, in milliseconds. */
const READ_MS = 60_000;

/** A worker. */
interface OfWorker {
  readonly worker: Worker;
  readonly process: SimulatedProcess;
}

/** A job of a worker. */
export interface Run extends OfWorker {
  readonly entry: Entry;
}

/** A handler starts. */
export const whenStarted: Rules<Run> = [
  {
    rule: "a job runs once for each FETCH",
    broken: ({ entry: { starts, handed } }) => starts > handed,
    detail: ({ entry }) => entry.jid,
  },
  {
    // A worker asks for cancelled jobs every few seconds, so it may start a job that it fetches just
    // after the call.
    rule: "a cancelled job does not start",
    broken: ({ entry: { cancelledAt, handedAt } }) => handedAt >= cancelledAt + CANCEL_MS,
    excuses: [
      counted(
        "cancelled jobs that started for a reason",
        // The worker that finds one of several copies removes the mark. So does a FLUSH.
        isTwice,
        isShared,
        since(itsCancel, flushed),
        since(before(CANCEL_MS, cancelled), processFault, serverFault),
      ),
    ],
  },
];

/** A job with a running handler was cancelled `CANCEL_MS` before, and its signal is not aborted. */
export const whenCancelled: Rules<Run> = [
  {
    rule: "a cancelled run is aborted",
    excuses: [
      isDead,
      isStopping,
      isSignalled,
      since(itsCancel, flushed),
      since(before(CANCEL_MS, cancelled), processFault, serverFault),
    ],
  },
];

/** A resumable job does a step. */
export const whenStepped: Rules<{ readonly entry: Entry; readonly step: number }> = [
  {
    rule: "a resumable job skips no step",
    broken: ({ entry: { steps }, step }) => step > steps,
    detail: ({ entry: { jid }, step }) => `${jid}: ${step}`,
  },
];

/** The server removes a worker, as it has not sent heartbeats. */
export const whenForgotten: Rules<OfWorker> = [
  {
    rule: "a live worker is not removed",
    excuses: [isDead, isStopping, since(before(FORGET_MS, now), processFault, serverFault)],
  },
];

interface StoppedRun extends Run {
  /** True if the report of the stop lists the job. */
  readonly isListed: boolean;
}

const isListed: Excuse<StoppedRun> = (it) => it.isListed;

/** It was fetched before the time without faults. */
const isFetchedEarlier: Excuse<Run> = ({ entry: { handedAt }, worker: { reports } }) =>
  handedAt < reports.calmFrom;

/** A stop that takes its full time may end while a FETCH is answered. */
const isFetchedAtEnd: Excuse<Run> = ({ entry: { handedAt }, worker: { reports } }, { now }) =>
  now - reports.stopsAt >= STOP_MS && handedAt > now - REPLY_MS;

/** A consumer has stopped without faults, and still has the job. */
export const whenHeldAfterStop: Rules<StoppedRun> = [
  {
    rule: "a stopped consumer has no reserved job",
    excuses: [isFetchedEarlier, isShared, isAnnounced, isListed, isFetchedAtEnd],
  },
];

/** A FETCH for the tokens of a join. */
interface TokenFetch extends Case {
  readonly queue: string;
}

/** A FETCH for the tokens of a join waits, and so do the results behind it on its connection. */
export const whenTokensAwaited: Rules<TokenFetch> = [
  {
    rule: "a join holds back no result",
    excuses: [since(before(READ_MS, now), serverFault, flushed)],
    detail: ({ queue }) => queue,
  },
];
