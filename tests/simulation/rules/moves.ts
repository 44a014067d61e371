import { type Place, stateOf } from "../entry.ts";
import { jobIs } from "./excuses.ts";
import { type OfJob, rules } from "./rule.ts";

/** A worker gets a job. `reason` allows it to run again. */
export const whenHandedOut = rules<OfJob & { readonly reason: string | undefined }>({
  "only waiting jobs are fetched": { broken: ({ entry }) => entry.waiting === 0 },
  "a job runs again only for a reason": {
    broken: ({ entry, reason }) => entry.handed > 0 && reason === undefined,
  },
});

/** A copy of a job leaves a place. */
export const whenLeaving = rules<OfJob & { readonly place: Place }>({
  "each job is in the expected place": {
    broken: ({ entry, place }) => entry[place] === 0,
    detail: ({ entry, place }) => `${entry.jid}: ${place}`,
  },
});

/** A copy of a job comes from a set to its queue, as it is due. */
export const whenDue = rules<OfJob>({
  "a job does not appear from nowhere": { broken: ({ entry }) => entry.due === 0 },
});

/** A job on a server that has started again. */
interface Restarted extends OfJob {
  /** True if saved changes may be lost: the server keeps nothing, or its disk has lied. */
  readonly isLossy: boolean;
}

function isLossy(it: Restarted): boolean {
  return it.isLossy;
}

/** The server has found a job before others that had come to the queue earlier. */
export const whenMisplaced = rules<Restarted>({
  "a restarted server keeps the order of a queue": { excuses: [isLossy] },
});

/** The server has found jobs whose states are not those after one group of changes. */
export const whenGroupIsTorn = rules<Restarted>({
  "a restarted server has the state after some group": { excuses: [isLossy] },
});

/** The server has started. The rules are for each job that it had, or has. */
export const whenRestarted = rules<Restarted>({
  "saved changes survive": {
    broken: ({ entry }) => stateOf(entry) !== entry.saved,
    excuses: [isLossy, jobIs.unsaved],
    detail: ({ entry }) => `${entry.jid}: ${entry.saved} was saved, ${stateOf(entry)} is there`,
  },
});
