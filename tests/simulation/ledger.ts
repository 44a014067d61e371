import { Commands } from "./commands.ts";
import { Entry, jidOf, PREFIX, type Promised } from "./entry.ts";
import type { Journal } from "./journal.ts";
import { Moves } from "./moves.ts";
import { Pauses } from "./pauses.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { Restarts } from "./restarts.ts";
import type { Violation } from "./result.ts";
import type { FOUND } from "./rules/found.ts";
import { type Push, whenSettled } from "./rules/pushes.ts";
import type { Facts, NamedRule, Rules } from "./rules/rule.ts";
import type { WAITS } from "./rules/world.ts";
import { Runs } from "./runs.ts";
import { ServerFacts } from "./server_facts.ts";
import { Trace } from "./trace.ts";
import { UniqueLocks } from "./unique_locks.ts";
import type { Worker } from "./worker.ts";

/** A rule that is in no table of rules. */
export type FoundRule = typeof FOUND[number] | keyof typeof WAITS;

/** Maximum number of violations that are kept. All violations are counted. */
const MAX_VIOLATIONS = 20;

/**
 * The ledger of a world. Its parts record for each job the result that its producer got, the place
 * where the server must have it, and the reasons for which it may run again. After each event, the
 * rules for this event judge what is recorded: see the folder `rules`.
 */
export class Ledger implements Facts {
  readonly trace = new Trace();
  readonly violations: Violation[] = [];
  readonly reruns: Record<string, number> = {};
  readonly counts: Record<string, number> = {};
  /** Number of copies on the server that are not dead. */
  open = 0;
  /** Number of jobs of producers that the server accepted. */
  taken = 0;
  readonly server = new ServerFacts();
  /** Set if the server has persistent storage. */
  journal: Journal | undefined;
  /** The jobs of producers, by number. */
  readonly jobs: Entry[] = [];
  /** The workers, by wid. */
  readonly workers = new Map<string, Worker>();
  /** Jobs that the server has, or whose loss is not saved. Others may be forgotten at a restart. */
  readonly kept = new Set<Entry>();
  /** Jobs of which a server has lost copies, as it had kept nothing or its disk had lied. */
  readonly lost: Entry[] = [];
  readonly pauses = new Pauses(this);
  /** The locks of unique jobs. */
  readonly locks = new UniqueLocks(this);
  readonly commands = new Commands(this);
  readonly moves = new Moves(this);
  readonly restarts = new Restarts(this);
  readonly runs = new Runs(this);
  /** Called with each event of a job. */
  tell: ((jid: string, what: string) => void) | undefined;
  /** Called with each push of a job that the library itself creates. */
  readonly pushWatchers: ((push: Push) => void)[] = [];
  /** Called when the server accepts a job that its worker requeues. */
  onRequeued: ((worker: Worker) => void) | undefined;
  readonly #now: () => number;
  /** Jobs of producers whose id the library created. */
  readonly #named = new Map<string, Entry>();
  /** Jobs that the library itself creates. */
  readonly #others = new Map<string, Entry>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Simulated time. */
  get now(): number {
    return this.#now();
  }

  /** All jobs. */
  *entries(): IterableIterator<Entry> {
    yield* this.jobs;
    yield* this.#others.values();
  }

  of(jid: string): Entry {
    if (jid.startsWith(PREFIX)) return this.jobs[Number(jid.slice(PREFIX.length))]!;
    let entry = this.#named.get(jid) ?? this.#others.get(jid);
    if (entry === undefined) this.#others.set(jid, entry = new Entry(jid, -1));
    return entry;
  }

  /** Returns a random job of a producer; `undefined` if there is none yet. */
  anyJob(random: Random): Entry | undefined {
    return this.jobs.length === 0 ? undefined : random.pick(this.jobs);
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  /** Records the violation of a rule that is in no table of rules. */
  violated(rule: FoundRule, detail: string): void {
    this.#violated(rule, detail);
  }

  /** Checks a case by all rules. Returns true if it violates one. */
  judge<C>(rules: Rules<C>, it: C): boolean {
    let isViolated = false;
    for (const rule of rules) if (this.#check(rule, it)) isViolated = true;
    return isViolated;
  }

  /** Checks a case by the rules until it violates one. */
  judgeFirst<C>(rules: Rules<C>, it: C): void {
    for (const rule of rules) if (this.#check(rule, it)) return;
  }

  /** Records that a job is about to be enqueued. Without `jid`, it gets the next id. */
  called(producer: SimulatedProcess, jid?: string): Entry {
    const number = this.jobs.length;
    const entry = new Entry(jid ?? jidOf(number), number);
    if (jid !== undefined) {
      if (this.#named.has(jid)) this.violated("no id is made twice", jid);
      this.#named.set(jid, entry);
    }
    entry.producer = producer;
    entry.calledAt = this.#now();
    this.jobs.push(entry);
    return entry;
  }

  /** Records the result that the producer of a job got. */
  settled(entry: Entry, promised: Promised): void {
    this.tell?.(entry.jid, `its producer is told: ${promised}`);
    entry.promised = promised;
    this.count(`enqueue ${promised}`);
    this.judge(whenSettled, { entry });
  }

  /** Returns true if a case violates a rule. */
  #check<C>(rule: NamedRule<C>, it: C): boolean {
    if (!rule.broken(it, this)) return false;
    for (const excuse of rule.excuses) {
      if (!excuse(it, this)) continue;
      if (excuse.counted !== undefined) this.count(excuse.counted);
      return false;
    }
    this.#violated(rule.name, rule.detail(it, this));
    return true;
  }

  #violated(rule: string, detail: string): void {
    this.count("violations");
    if (this.violations.length >= MAX_VIOLATIONS) return;
    this.violations.push({ rule, detail, atMs: this.#now() });
  }
}
