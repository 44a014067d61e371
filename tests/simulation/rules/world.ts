import { after, at, before, counted, fault, jobIs, since } from "./excuses.ts";
import { type OfJob, type OfProcess, rules } from "./rule.ts";

const MINUTE_MS = 60_000;

/** The waits of a world, and the longest time of each, in simulated milliseconds. */
export const WAITS = {
  "a server starts": 5 * MINUTE_MS,
  "every call settles, and every producer ends": 30 * MINUTE_MS,
  "every schedule ends": 5 * MINUTE_MS,
  "every job ends": 12 * 60 * MINUTE_MS,
  "every consumer ends": 5 * MINUTE_MS,
  "every connection ends": 5 * MINUTE_MS,
} as const;

/** Longest time for which a fault of a process can have effects if its clock is right, in ms. */
const GUARD_MS = 3 * MINUTE_MS;

/** Calls of a producer are still open some time after the last fault, which was at `atMs`. */
interface OpenCalls extends OfProcess {
  readonly open: number;
  readonly atMs: number;
  readonly isServerUp: boolean;
}

export const whenCallsStayOpen = rules<OpenCalls>({
  "every call settles without a stop": {
    excuses: [
      ({ isServerUp }) => !isServerUp,
      since(at.event, fault.ofServer),
      // The last fault itself has effects for two more milliseconds.
      after(before(-2, at.event), fault.ofProcess),
    ],
    detail: ({ open, process }) => `${open} of ${process.name}`,
  },
});

/** A schedule has enqueued the job of a firing again. */
export const whenFiredAgain = rules<OfJob & { readonly schedulersTroubledAt: number }>({
  "a firing is enqueued once": {
    excuses: [
      counted(
        "firings that came again after trouble",
        ({ entry }) => entry.removed > 0,
        // A schedule allows 30 seconds for a command, if the clock of the server is not set.
        since(at.start, fault.serverClockSet),
        since(
          before(GUARD_MS, at.now),
          fault.ofServer,
          (it: { readonly schedulersTroubledAt: number }) => it.schedulersTroubledAt,
        ),
      ),
    ],
  },
});

/** The world ends, and the last job of a workflow has not run. */
export const whenWorkflowOpen = rules<{ readonly id: string; readonly hasLostJob: boolean }>({
  "a workflow ends": {
    excuses: [
      counted(
        "workflows that lost a job",
        // An admin removed one of its jobs, or one is dead.
        ({ hasLostJob }) => hasLostJob,
        (_, { server }) => server.hasLostJobs,
      ),
    ],
    detail: ({ id }) => id,
  },
});

/** The world ends. The rules are for each job. */
export const whenWorldEnds = rules<OfJob>({
  "each result is reported or announced as unreported": {
    broken: ({ entry: { owedBy } }) => owedBy !== undefined,
    excuses: [({ entry }) => entry.owedBy!.process.isDead],
    detail: ({ entry }) => `${entry.jid}, of ${entry.owedBy!.process.name}, at the end`,
  },
  "a confirmed job runs": {
    broken: ({ entry: { promised, handed, removed, dead } }) =>
      promised === "accepted" && handed + removed + dead === 0,
    excuses: [jobIs.refusedAsEqual],
    detail: ({ entry: { jid, pushes } }) => `${jid}, pushed ${pushes} times`,
  },
});

/** Numbers of jobs on the server at the end of the world. */
export interface Stock {
  readonly pending: number;
  readonly working: number;
  readonly dead: number;
}

/** The server is compared with the ledger. `some` are jobs that are still there. */
export const whenCompared = rules<{ has: Stock; due: Stock; some: readonly string[] }>({
  "the server and the ledger agree": {
    broken: ({ has, due }) =>
      has.pending !== due.pending || has.working !== due.working || has.dead !== due.dead,
    detail: (stocks) => JSON.stringify(stocks),
  },
});
