import type { Entry } from "../entry.ts";
import type { Journal } from "../journal.ts";
import type { SimulatedProcess } from "../process.ts";
import type { ServerFacts } from "../server_facts.ts";
import type { Worker } from "../worker.ts";

/** Facts about the whole world that rules read. */
export interface Facts {
  /** Simulated time. */
  readonly now: number;
  readonly server: ServerFacts;
  /** Set if the server has persistent storage. */
  readonly journal: Journal | undefined;
}

/** The parts of a case: what a rule is about, mostly a job or a worker. */
export interface OfJob {
  readonly entry: Entry;
}

export interface OfProcess {
  readonly process: SimulatedProcess;
}

export interface OfWorker extends OfProcess {
  readonly worker: Worker;
}

/** A job, and a worker that has it or had it. */
export interface Run extends OfJob, OfWorker {}

/** A reason for which a case that breaks a rule is no violation. They are in `excuses.ts`. */
export interface Excuse<C> {
  (it: C, facts: Facts): boolean;
  /** Name under which the excused cases are counted. @default they are not counted */
  readonly counted?: string;
}

export interface Rule<C> {
  /** Returns true if a case breaks the rule. @default true, as only such cases are reported */
  readonly broken?: (it: C, facts: Facts) => boolean;
  readonly excuses?: readonly Excuse<C>[];
  /** Describes a violation. @default the names of the process and of the job */
  readonly detail?: (it: C, facts: Facts) => string;
}

/** A rule with its name and its defaults. */
export interface NamedRule<C> extends Required<Rule<C>> {
  readonly name: string;
}

/** The rules for an event, in the order in which they are checked. */
export type Rules<C> = readonly NamedRule<C>[];

/** Creates the rules for an event, by name. */
export function rules<C extends object>(table: Readonly<Record<string, Rule<C>>>): Rules<C> {
  // All have the same properties in the same order, which makes the checks fast.
  return Object.entries(table).map(([name, { broken, excuses, detail }]) => ({
    name,
    broken: broken ?? (() => true),
    excuses: excuses ?? [],
    detail: detail ?? nameOf,
  }));
}

function nameOf({ process, entry }: Partial<Run>): string {
  return [process?.name, entry?.jid].filter((name) => name !== undefined).join(": ");
}
