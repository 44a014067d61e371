import { allOf, at, counted, fault, jobIs, since } from "./excuses.ts";
import { type Excuse, type OfJob, type Rule, rules } from "./rule.ts";

const ackIsSentOnce: Rule<OfJob> = {
  broken: ({ entry: { ackCommands, toAcknowledge } }) => ackCommands > toAcknowledge,
  excuses: [jobIs.ofLibrary, since(at.call, fault.ofAnyHolder, fault.ofServer)],
};

/** The server gets an ACK of a job that a worker has. */
export const whenAcknowledged = rules<OfJob>({
  "a result is reported once without a fault": ackIsSentOnce,
  "a requeued job is enqueued before it is acknowledged": {
    broken: ({ entry }) => entry.isRequeued && entry.requeuedNow === 0,
    excuses: [
      jobIs.shared,
      counted(
        "a requeued job acknowledged by what was sent again",
        allOf(({ entry }) => entry.toAcknowledge > 1, jobIs.reportedByEarlierRun),
      ),
    ],
  },
  "a job is acknowledged only after such a result": {
    broken: ({ entry: { acks, toAcknowledge } }) => acks > toAcknowledge,
    excuses: [
      jobIs.ofLibrary,
      counted("acknowledged by what was sent again", jobIs.reportedByEarlierRun),
    ],
  },
});

/** The server gets an ACK of a job that no worker has. */
export const whenAcknowledgedLate = rules<OfJob>({
  "a result is reported once without a fault": ackIsSentOnce,
  "a result is reported once": {
    broken: ({ entry: { acksNow, holder } }) => acksNow > 1 && holder !== undefined,
    excuses: [jobIs.heldBefore, jobIs.shared, since(at.fetch, fault.ofHolder, fault.ofServer)],
  },
});

/** The server gets a FAIL of a job that a worker has. A cancellation removes the job by FAIL. */
export const whenFailed = rules<OfJob>({
  "a job is failed only after such a result": {
    broken: ({ entry: { fails, toFail } }) => fails > toFail,
    excuses: [
      jobIs.cancelled,
      jobIs.released,
      jobIs.ofLibrary,
      counted("failed by what was sent again", jobIs.reportedByEarlierRun),
    ],
  },
});

/** The server has executed an ACK or a FAIL. */
export const whenExecuted = rules<OfJob>({
  "ACK and FAIL end a reservation": {
    broken: ({ entry: { isEnding, working } }) => isEnding && working > 0,
    excuses: [jobIs.shared],
  },
});

const isTroubled = since(at.fetch, fault.ofHolder, fault.ofServer);

/** A worker that waits for a connection announces the result later. The end of the world checks. */
export const ANNOUNCED_LATER = "its worker announces the result after its next attempt to connect";

/** Reasons for which a reservation ends. The first one that applies counts. */
export const WHY_EXPIRED: readonly (readonly [reason: string, applies: Excuse<OfJob>])[] = [
  ["nobody had it", ({ entry }) => entry.holder === undefined],
  ["the library created it", jobIs.ofLibrary],
  ["its worker was killed", ({ entry }) => entry.holder!.process.isDead],
  ["it was cancelled", jobIs.cancelled],
  ["the server's clock was set", since(at.fetch, fault.serverClockSet)],
  ["its worker was paused", since(at.fetch, fault.holderPausedOrClockSet)],
  ["the server had it twice", jobIs.shared],
  ["its worker announced an unreported result", jobIs.announced],
  ["its worker was stopped", allOf(({ entry }) => entry.holder!.isEnding, isTroubled)],
  ["it was lost with a connection", allOf(({ entry }) => !entry.isStarted, isTroubled)],
  [
    ANNOUNCED_LATER,
    allOf(
      ({ entry }: OfJob) => entry.isEnded && entry.owedBy === undefined,
      since(at.fetch, fault.ofServer),
    ),
  ],
];

/** A reservation has ended for one of the reasons above, or for none. */
export const whenExpired = rules<OfJob & { readonly reason: string | undefined }>({
  "each result is reported or announced as unreported": {
    broken: ({ entry, reason }) => reason === undefined && entry.isEnded,
    detail: detailOf,
  },
  "a reservation ends only for a reason": {
    broken: ({ entry, reason }) => reason === undefined && !entry.isEnded,
    detail: detailOf,
  },
});

function detailOf({ entry: { jid, holder, handedAt } }: OfJob): string {
  return `${jid}, of ${holder?.process.name}, handed out at ${handedAt}`;
}
