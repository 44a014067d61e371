import type { Entry } from "../entry.ts";
import {
  allOf,
  anyHolderFault,
  counted,
  hadOtherHolders,
  holderFault,
  holderPausedOrClockSet,
  isAnnounced,
  isCancelled,
  isOfLibrary,
  isReleased,
  isResultOfEarlierRun,
  isShared,
  itsCall,
  itsFetch,
  serverClockSet,
  serverFault,
  since,
} from "./excuses.ts";
import type { Excuse, Rule, Rules } from "./rule.ts";

interface Job {
  readonly entry: Entry;
}

/** The server gets an ACK. */
const ackIsSentOnce: Rule<Job> = {
  rule: "a result is reported once without a fault",
  broken: ({ entry: { ackCommands, toAcknowledge } }) => ackCommands > toAcknowledge,
  excuses: [isOfLibrary, since(itsCall, anyHolderFault, serverFault)],
};

/** The server gets an ACK of a job that a worker has. */
export const whenAcknowledged: Rules<Job> = [
  ackIsSentOnce,
  {
    rule: "a requeued job is enqueued before it is acknowledged",
    broken: ({ entry }) => entry.isRequeued && entry.requeuedNow === 0,
    excuses: [
      isShared,
      counted(
        "a requeued job acknowledged by what was sent again",
        allOf(({ entry }) => entry.toAcknowledge > 1, isResultOfEarlierRun),
      ),
    ],
  },
  {
    rule: "a job is acknowledged only after such a result",
    broken: ({ entry: { acks, toAcknowledge } }) => acks > toAcknowledge,
    // The library also sends ACK for its own jobs outside of handlers.
    excuses: [isOfLibrary, counted("acknowledged by what was sent again", isResultOfEarlierRun)],
  },
];

/** The server gets an ACK of a job that no worker has. */
export const whenAcknowledgedLate: Rules<Job> = [
  ackIsSentOnce,
  {
    rule: "a result is reported once",
    broken: ({ entry: { acksNow, holder } }) => acksNow > 1 && holder !== undefined,
    excuses: [hadOtherHolders, isShared, since(itsFetch, holderFault, serverFault)],
  },
];

/** The server gets a FAIL of a job that a worker has. */
export const whenFailed: Rules<Job> = [
  {
    rule: "a job is failed only after such a result",
    broken: ({ entry: { fails, toFail } }) => fails > toFail,
    // A cancellation removes the job by FAIL. The library also sends FAIL for its own jobs outside
    // of handlers.
    excuses: [
      isCancelled,
      isReleased,
      isOfLibrary,
      counted("failed by what was sent again", isResultOfEarlierRun),
    ],
  },
];

/** The server has executed an ACK or a FAIL. */
export const whenExecuted: Rules<Job> = [
  {
    rule: "ACK and FAIL end a reservation",
    broken: ({ entry: { isEnding, working } }) => isEnding && working > 0,
    excuses: [isShared],
  },
];

const isTroubled = since(itsFetch, holderFault, serverFault);

/**
 * A worker that waits for a connection announces the result after its next attempt. The judge
 * checks that at the end.
 */
export const ANNOUNCED_LATER = "its worker announces the result after its next attempt to connect";

/** Reasons for which a reservation ends. The first one that applies counts. */
export const WHY_EXPIRED: readonly (readonly [reason: string, applies: Excuse<Job>])[] = [
  ["nobody had it", ({ entry }) => entry.holder === undefined],
  ["the library created it", isOfLibrary],
  ["its worker was killed", ({ entry }) => entry.holder!.process.isDead],
  ["it was cancelled", isCancelled],
  ["the server's clock was set", since(itsFetch, serverClockSet)],
  ["its worker was paused", since(itsFetch, holderPausedOrClockSet)],
  ["the server had it twice", isShared],
  ["its worker announced an unreported result", isAnnounced],
  ["its worker was stopped", allOf(isHolderEnding, isTroubled)],
  ["it was lost with a connection", allOf(({ entry }) => !entry.isStarted, isTroubled)],
  [ANNOUNCED_LATER, allOf(isUnannounced, since(itsFetch, serverFault))],
];

function isHolderEnding({ entry: { holder } }: Job): boolean {
  return holder!.isStopping || holder!.isSignalled;
}

function isUnannounced({ entry: { isEnded, owedBy } }: Job): boolean {
  return isEnded && owedBy === undefined;
}

/** A reservation has ended. `reason` is one of `WHY_EXPIRED`. */
export const whenExpired: Rules<Job & { readonly reason: string | undefined }> = [
  {
    rule: "each result is reported or announced as unreported",
    broken: ({ entry, reason }) => reason === undefined && entry.isEnded,
    detail: ({ entry }) => expiryOf(entry),
  },
  {
    rule: "a reservation ends only for a reason",
    broken: ({ entry, reason }) => reason === undefined && !entry.isEnded,
    detail: ({ entry }) => expiryOf(entry),
  },
];

function expiryOf({ jid, holder, handedAt }: Entry): string {
  return `${jid}, of ${holder?.process.name}, handed out at ${handedAt}`;
}

/** The world ends, and a worker that lives has not announced the result of the job. */
export const whenOwed: Rules<Job> = [
  {
    rule: "each result is reported or announced as unreported",
    detail: ({ entry }) => `${entry.jid}, of ${entry.owedBy?.process.name}, at the end`,
  },
];
