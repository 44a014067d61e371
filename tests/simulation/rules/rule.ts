import type { Entry } from "../entry.ts";
import type { Journal } from "../journal.ts";
import type { SimulatedProcess } from "../process.ts";
import type { ServerFacts } from "../server_facts.ts";

/** Facts about the whole world that rules read. */
export interface Facts {
  /** Simulated time. */
  readonly now: number;
  readonly server: ServerFacts;
  /** Set if the server has persistent storage. */
  readonly journal: Journal | undefined;
}

/** What a rule is about: mostly a job, or a process, or both. */
export interface Case {
  readonly entry?: Entry;
  readonly process?: SimulatedProcess;
}

/** A reason for which a case that breaks a rule is no violation. They are in `excuses.ts`. */
export interface Excuse<C> {
  (it: C, facts: Facts): boolean;
  /** Name under which the excused cases are counted. @default they are not counted */
  readonly counted?: string;
}

/** A rule. Each table of rules belongs to one event, and is named after it. */
export interface Rule<C extends Case> {
  readonly rule: string;
  /** Returns true if a case breaks the rule. @default true, as only such cases are reported */
  readonly broken?: (it: C, facts: Facts) => boolean;
  readonly excuses?: readonly Excuse<C>[];
  /** Describes a violation. @default the names of the process and of the job */
  readonly detail?: (it: C, facts: Facts) => string;
}

export type Rules<C extends Case> = readonly Rule<C>[];
