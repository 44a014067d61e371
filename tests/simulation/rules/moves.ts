import type { Entry, Place } from "../entry.ts";
import type { Rules } from "./rule.ts";

interface Job {
  readonly entry: Entry;
}

/** A worker gets a job. `reason` allows it to run again. */
export const whenHandedOut: Rules<Job & { readonly reason: string | undefined }> = [
  {
    rule: "only waiting jobs are fetched",
    broken: ({ entry }) => entry.waiting === 0,
  },
  {
    rule: "a job runs again only for a reason",
    broken: ({ entry, reason }) => entry.handed > 0 && reason === undefined,
  },
];

/** A copy of a job leaves a place. */
export const whenLeaving: Rules<Job & { readonly place: Place }> = [
  {
    rule: "each job is in the expected place",
    broken: ({ entry, place }) => entry[place] === 0,
    detail: ({ entry, place }) => `${entry.jid}: ${place}`,
  },
];

/** A copy of a job comes from a set to its queue, as it is due. */
export const whenDue: Rules<Job> = [
  {
    rule: "a job does not appear from nowhere",
    broken: ({ entry }) => entry.due === 0,
  },
];
