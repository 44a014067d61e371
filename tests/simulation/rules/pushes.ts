import { RECONNECT_MS } from "../process.ts";
import { after, allOf, at, before, counted, fault, jobIs, since } from "./excuses.ts";
import { type Excuse, type Facts, type OfJob, type Rule, rules } from "./rule.ts";

/** Time for which a reading of the server's clock is used, in milliseconds. */
const FRESH_MS = 62_000;

/** Time for which a producer waits for the server's time, in milliseconds. */
const MEASURE_MS = 2000;

/** Time after a fault of the server in which its time may come too late, in milliseconds. */
const LATE_MS = 5000;

/** Largest error of the time of a job with a delay, in milliseconds. */
const DELAY_MS = 5000;

/** Longest time of a call without faults, and longest time for which a fault has effects, in ms. */
const SETTLE_MS = 4500;
const RECOVERY_MS = 60_000;

/** A job that the server accepts. */
export interface Push extends OfJob {
  /** True if it has reached its place. */
  readonly isPlaced: boolean;
  /** False if its set already contained exactly the same job. */
  readonly isNew: boolean;
  /** True if its worker requeues it. */
  readonly isRequeued: boolean;
  /** Time until it is due by the server's clock, in milliseconds. */
  readonly dueInMs: number;
}

const unsentIsNotThere: Rule<OfJob> = {
  broken: ({ entry: { promised, pushes } }) =>
    (promised === "not-sent" || promised === "refused") && pushes > 0,
};

/** The producer of a job gets the result of its call. */
export const whenSettled = rules<OfJob>({
  "a confirmed job is saved": {
    broken: ({ entry: { promised, pushedIn } }, { journal }) =>
      promised === "accepted" && journal?.isSaved(pushedIn) === false,
  },
  "the server has every confirmed job": {
    broken: ({ entry }) => entry.promised === "accepted" && entry.pushes === 0,
    excuses: [counted("confirmed as an equal job was there", jobIs.refusedAsEqual)],
  },
  "a job that was not sent is not on the server": unsentIsNotThere,
});

/** A call that is not part of a stream settles. */
export const whenCallSettles = rules<OfJob & { readonly isNetworkSlow: boolean }>({
  "a call without faults settles soon": {
    broken: ({ entry }, { now }) => now - entry.calledAt > SETTLE_MS,
    excuses: [
      ({ isNetworkSlow }) => isNetworkSlow,
      since(before(RECOVERY_MS, at.call), fault.ofProducer, fault.ofServer),
    ],
  },
});

/** The outcome of a call is unknown, although the producer sends its jobs until they are there. */
export const whenUnknown = rules<OfJob & { isStopping: boolean; hasFailedToSave: boolean }>({
  "at-least-once never ends as unknown": {
    excuses: [({ isStopping }) => isStopping, ({ hasFailedToSave }) => hasFailedToSave],
  },
});

/** The server accepts a job that is equal to `entry`, which it had accepted before. */
export const whenEqualAccepted = rules<OfJob & { readonly serverNow: number }>({
  "a unique job is on the server once": {
    broken: ({ entry: { unique, lockedUntil, waiting, working, handed }, serverNow }) =>
      lockedUntil > serverNow && waiting + working > 0 &&
      !(unique?.until === "start" && handed > 0),
    excuses: [
      // Of a job that is there twice, the first copy to succeed releases the lock.
      allOf(({ entry }) => entry.acks > 0, jobIs.twice),
      allOf(({ entry }) => entry.acks > 0, jobIs.shared),
      // A lock that ended by the old time does not come back.
      since(at.call, fault.serverClockSet),
    ],
  },
});

/** A producer that gets the server's time too late uses its own. */
const isMeasuredLate: Excuse<OfJob> = ({ entry }, { now }) => now - entry.calledAt >= MEASURE_MS;

/** The server accepts a job. */
export const whenPushed = rules<Push>({
  "a delay is counted by the server's clock": {
    broken: (push, facts) => push.entry.pushes === 1 && Math.abs(errorOf(push, facts)) > DELAY_MS,
    excuses: [
      after(before(FRESH_MS, at.call), fault.serverClockSetAlive, fault.producerClockSet),
      isMeasuredLate,
      // It measures the clock at the first call after it has connected. If the attempt to connect
      // fails, which may take 20 s, so does the measurement.
      after(before(RECONNECT_MS, at.call), fault.ofProducer),
      after(before(LATE_MS, at.call), fault.ofServer),
    ],
    detail: (push, facts) => `${push.entry.jid}: off by ${errorOf(push, facts)} ms`,
  },
  "the server has every job that it accepts": { broken: ({ isPlaced }) => !isPlaced },
  "a job that was not sent is not on the server": unsentIsNotThere,
});

/** The server accepts a job of a producer with `ordered: true`, after the job `previous`. */
export const whenPushedInOrder = rules<OfJob & { readonly previous: number }>({
  "ordered calls arrive in their order": {
    broken: ({ entry: { number }, previous }) => number < previous,
  },
});

/** The server accepts a job again. Only the first violated rule counts. */
export const whenPushedAgain = rules<Push>({
  "at-most-once delivers a job once at most": {
    broken: ({ entry: { isOnce, pushes, requeued } }) => isOnce && pushes - requeued > 1,
    excuses: [jobIs.toBeRequeued],
  },
  "nothing is sent twice without a fault": {
    broken: isSentAgain,
    excuses: [jobIs.toBeRequeued, since(at.call, fault.ofProducer, fault.ofServer)],
  },
  "nothing is sent twice because the server pauses": {
    broken: isSentAgain,
    excuses: [jobIs.toBeRequeued, since(at.call, fault.producerLost, fault.serverLost)],
  },
});

function isSentAgain({ entry, isRequeued }: Push): boolean {
  return entry.producer !== undefined && !isRequeued;
}

/** Returns the error of the time at which a job with a delay is due, in milliseconds. */
function errorOf({ entry: { producer, calledAt, delayMs }, dueInMs }: Push, { now }: Facts) {
  if (producer === undefined || delayMs === 0) return 0;
  return dueInMs - (calledAt + delayMs - now);
}
