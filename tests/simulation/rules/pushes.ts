import type { Entry } from "../entry.ts";
import { RECONNECT_MS } from "../process.ts";
import {
  after,
  before,
  counted,
  isRefusedAsEqual,
  isToRequeue,
  itsCall,
  producerClockSet,
  producerFault,
  producerLost,
  serverClockSetAlive,
  serverFault,
  serverLost,
  since,
} from "./excuses.ts";
import type { Excuse, Facts, Rule, Rules } from "./rule.ts";

/** Time for which a reading of the server's clock is used, in milliseconds. */
const FRESH_MS = 62_000;

/** Time for which a producer waits for the server's time, in milliseconds. */
const MEASURE_MS = 2000;

/** Time after a fault of the server in which its time may come too late, in milliseconds. */
const LATE_MS = 5000;

/** Largest error of the time of a job with a delay, in milliseconds. */
const DELAY_MS = 5000;

interface Job {
  readonly entry: Entry;
}

/** A job that the server accepts. */
export interface Push extends Job {
  /** True if it has reached its place. */
  readonly isPlaced: boolean;
  /** False if its set already contained exactly the same job. */
  readonly isNew: boolean;
  /** True if its worker requeues it. */
  readonly isRequeued: boolean;
  /** Time until it is due by the server's clock, in milliseconds. */
  readonly dueInMs: number;
}

const unsentIsNotThere: Rule<Job> = {
  rule: "a job that was not sent is not on the server",
  broken: ({ entry: { promised, pushes } }) =>
    (promised === "not-sent" || promised === "refused") && pushes > 0,
};

/** The id of the job is drawn. */
export const whenNamedTwice: Rules<Job> = [{ rule: "no id is made twice" }];

/** The producer of a job gets the result of its call. */
export const whenSettled: Rules<Job> = [
  {
    rule: "a confirmed job is saved",
    broken: ({ entry: { promised, pushedIn } }, { journal }) =>
      promised === "accepted" && journal?.isSaved(pushedIn) === false,
  },
  {
    rule: "the server has every confirmed job",
    broken: ({ entry }) => entry.promised === "accepted" && entry.pushes === 0,
    excuses: [counted("confirmed as an equal job was there", isRefusedAsEqual)],
  },
  unsentIsNotThere,
];

/** A producer waits a short time for the server's time, and then uses its own. */
const isMeasuredLate: Excuse<Job> = ({ entry }, { now }) => now - entry.calledAt >= MEASURE_MS;

/** The server accepts a job. */
export const whenPushed: Rules<Push> = [
  {
    rule: "a delay is counted by the server's clock",
    broken: (push, facts) => push.entry.pushes === 1 && Math.abs(errorOf(push, facts)) > DELAY_MS,
    excuses: [
      after(before(FRESH_MS, itsCall), serverClockSetAlive, producerClockSet),
      isMeasuredLate,
      // It measures the clock at the first call after it has connected. If the attempt to connect
      // fails, which may take 20 s, so does the measurement.
      after(before(RECONNECT_MS, itsCall), producerFault),
      after(before(LATE_MS, itsCall), serverFault),
    ],
    detail: (push, facts) => `${push.entry.jid}: off by ${errorOf(push, facts)} ms`,
  },
  {
    rule: "the server has every job that it accepts",
    broken: ({ isPlaced }) => !isPlaced,
  },
  unsentIsNotThere,
];

/** The server accepts a job of a producer with `ordered: true`, after the job `previous`. */
export const whenPushedInOrder: Rules<Job & { readonly previous: number }> = [
  {
    rule: "ordered calls arrive in their order",
    broken: ({ entry: { number }, previous }) => number < previous,
  },
];

/** The server accepts a job again. Only the first violated rule counts. */
export const whenPushedAgain: Rules<Push> = [
  {
    rule: "at-most-once delivers a job once at most",
    broken: ({ entry: { isOnce, pushes, requeued } }) => isOnce && pushes - requeued > 1,
    excuses: [isToRequeue],
  },
  {
    rule: "nothing is sent twice without a fault",
    broken: isSentAgain,
    excuses: [isToRequeue, since(itsCall, producerFault, serverFault)],
  },
  {
    rule: "nothing is sent twice because the server pauses",
    broken: isSentAgain,
    excuses: [isToRequeue, since(itsCall, producerLost, serverLost)],
  },
];

function isSentAgain({ entry, isRequeued }: Push): boolean {
  return entry.producer !== undefined && !isRequeued;
}

/** Returns the error of the time at which a job with a delay is due, in milliseconds. */
function errorOf({ entry: { producer, calledAt, delayMs }, dueInMs }: Push, { now }: Facts) {
  if (producer === undefined || delayMs === 0) return 0;
  return dueInMs - (calledAt + delayMs - now);
}
