import type { Clock } from "../../internal/clock.ts";
import type { Job } from "../../job/job.ts";
import type { Command } from "../../protocol/commands/command.ts";
import { fetchJob } from "../../protocol/commands/jobs.ts";
import type { Meter } from "../limits/limit.ts";
import type { Limits } from "../limits/limits.ts";
import type { QueueChoice } from "./choice.ts";
import { orderOf, type QueueOrder } from "./order.ts";

/** One FETCH as it is to be sent. */
export interface FetchPlan {
  readonly command: Command<Job | undefined>;
  /** No queue was left out for its limit. */
  readonly isWhole: boolean;
  /** Grows with each change of the queues that it could name. */
  readonly version: number;
  /** What the job that it may bring counts towards. */
  readonly meters: Iterable<Meter>;
}

/** What a planner needs. */
export interface PlannerOptions {
  readonly choice: QueueChoice;
  /** `undefined` where nothing is limited. */
  readonly limits: Limits | undefined;
  readonly clock: Clock;
  /** Asks the server for the jobs that wait in each of its queues. */
  ask(): Promise<Readonly<Record<string, number>>>;
  /** There may be something to fetch that there was not before. */
  changed(): void;
  /** The choice's function threw, or gave no queues' names. */
  failed(error: unknown): void;
}

/** How often the server is asked where its word is needed to know the queues, in milliseconds. */
const ASK_EVERY_MS = 5000;

/** How long nothing is fetched after the function of a choice has failed, in milliseconds. */
const REST_MS = 1000;

const NONE: readonly Meter[] = [];

/** Decides what the next FETCH names: the queues of the choice, in its order, less those that have to wait. */
export class Planner {
  readonly #options: PlannerOptions;
  #order: QueueOrder;
  /** When it may be fetched from again, by queue. */
  readonly #rests = new Map<string, number>();
  /** The last plan of all queues, of use again as long as their order is the same. */
  #last: { readonly names: readonly string[]; readonly plan: FetchPlan } | undefined;
  #notBefore = -Infinity;
  #isAsking = false;
  /** Nothing is to be fetched before the server has told its queues. */
  #isStale = false;
  #cancelAsk: (() => void) | undefined;
  #cancelWake: (() => void) | undefined;
  #wakeAt = 0;
  /** The names that the server told last, when it was asked for them, and how often they changed. */
  #known = "";
  #askedAt = -Infinity;
  #version = 0;
  #isClosed = false;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#order = orderOf(options.choice);
    this.#ask();
  }

  /** Takes another choice: it holds for every FETCH from now on. */
  choose(choice: QueueChoice): void {
    this.#order = orderOf(choice);
    this.#last = undefined;
    this.#version++;
    this.#known = "";
    this.#askedAt = this.#notBefore = -Infinity;
    this.#ask();
    this.#options.changed();
  }

  /** The queues as they are now, in an order of theirs. */
  get names(): readonly string[] {
    try {
      return this.#order.next();
    } catch {
      return [];
    }
  }

  /**
   * Whether a plan of this version named every queue that there was at `at`. Where it takes the server's word to know that, and
   * what it said is older, it is asked again.
   */
  covers(version: number, at: number): boolean {
    if (!this.#order.isDynamic) return true;
    if (this.#askedAt > at) return version === this.#version;
    // A FETCH that is sent now would wait for two seconds on queues that may not be all of them.
    this.#isStale = true;
    this.#ask();
    return false;
  }

  /** Whether there is nothing to fetch from, and was not at `at`: no queue of the choice, or all of them rest. */
  isBare(at: number): boolean {
    const { names } = this;
    if (names.length === 0) return this.covers(this.#version, at);
    return this.#rests.size > 0 && names.every((name) => this.#isResting(name));
  }

  /** What to fetch now; `undefined` where there is nothing to fetch from. */
  next(): FetchPlan | undefined {
    const { clock, limits } = this.#options;
    if (this.#isClosed || this.#isStale || this.#isPaused()) return undefined;
    let names: readonly string[];
    try {
      names = this.#order.next();
    } catch (error) {
      this.#notBefore = clock.now() + REST_MS;
      this.#wakeIn(REST_MS);
      this.#options.failed(error);
      return undefined;
    }
    if (names.length === 0) return undefined;
    if (limits === undefined && this.#rests.size === 0) return this.#whole(names);
    return this.#partial(names.filter((name) => !this.#isResting(name)), limits);
  }

  /** The plan's FETCH is sent. */
  sent({ meters }: FetchPlan): void {
    for (const meter of meters) meter.expect();
  }

  /** It was answered, or lost. */
  answered({ meters }: FetchPlan): void {
    for (const meter of meters) meter.expected();
  }

  /** Counts a job that is to begin; `undefined` where a limit forbids it. What is returned is given to `end` later. */
  begin(job: Job): readonly Meter[] | undefined {
    const { limits } = this.#options;
    return limits === undefined ? NONE : limits.begin(job);
  }

  /** A job that began has ended. */
  end(meters: readonly Meter[]): void {
    for (const meter of meters) meter.end();
  }

  /** Fetches nothing from the queue for so long. */
  rest(queue: string, ms: number): void {
    this.#rests.set(queue, this.#options.clock.now() + ms);
    this.#wakeIn(ms);
  }

  /** Ends its timers. */
  close(): void {
    this.#isClosed = true;
    this.#cancelAsk?.();
    this.#cancelWake?.();
    this.#cancelAsk = this.#cancelWake = undefined;
  }

  /** Asked for every job, so that no clock is read where nothing failed. */
  #isPaused(): boolean {
    return this.#notBefore !== -Infinity && this.#options.clock.now() < this.#notBefore;
  }

  #whole(names: readonly string[]): FetchPlan {
    if (this.#last?.names === names) return this.#last.plan;
    const plan = this.#plan(names, { isWhole: true, meters: NONE });
    if (!this.#order.isDrawn) this.#last = { names, plan };
    return plan;
  }

  #partial(names: readonly string[], limits: Limits | undefined): FetchPlan | undefined {
    if (limits === undefined) {
      return names.length === 0 ? undefined : this.#plan(names, { isWhole: true, meters: NONE });
    }
    const open = names.filter((name) => this.#hasRoom(limits.of(name)));
    if (open.length === 0) return undefined;
    const meters = new Set<Meter>();
    for (const name of open) for (const meter of limits.of(name)) meters.add(meter);
    return this.#plan(open, { isWhole: open.length === names.length, meters });
  }

  #plan(names: readonly string[], more: Pick<FetchPlan, "isWhole" | "meters">): FetchPlan {
    return { command: fetchJob(names), version: this.#version, ...more };
  }

  #isResting(name: string): boolean {
    const until = this.#rests.get(name);
    if (until === undefined) return false;
    if (this.#options.clock.now() < until) return true;
    this.#rests.delete(name);
    return false;
  }

  #hasRoom(meters: readonly Meter[]): boolean {
    for (const meter of meters) {
      if (meter.hasRoom) continue;
      const { roomInMs } = meter;
      if (roomInMs !== undefined) this.#wakeIn(roomInMs);
      return false;
    }
    return true;
  }

  /** Looks again in so long; where it is about to look already, at the earlier of the two. */
  #wakeIn(ms: number): void {
    if (this.#isClosed) return;
    const at = this.#options.clock.now() + ms;
    if (this.#cancelWake !== undefined) {
      if (at >= this.#wakeAt) return;
      this.#cancelWake();
    }
    this.#wakeAt = at;
    this.#cancelWake = this.#options.clock.after(ms, () => {
      this.#cancelWake = undefined;
      this.#options.changed();
    });
  }

  #ask(): void {
    if (!this.#order.isDynamic || this.#isAsking || this.#isClosed) return;
    this.#cancelAsk?.();
    this.#isAsking = true;
    const order = this.#order;
    const askedAt = this.#options.clock.now();
    this.#options.ask().then((waiting) => {
      this.#isAsking = this.#isStale = false;
      // Another choice was made meanwhile, and has learned nothing yet.
      if (order !== this.#order) return this.#ask();
      this.#learn(waiting, askedAt);
      this.#askLater();
      if (!this.#isClosed) this.#options.changed();
    }, () => {
      // The connection is being made again: what is known holds until then.
      this.#isAsking = this.#isStale = false;
      this.#askLater();
      if (!this.#isClosed) this.#options.changed();
    });
  }

  #learn(waiting: Readonly<Record<string, number>>, askedAt: number): void {
    const before = this.#known;
    this.#order.learn(waiting);
    this.#known = Object.keys(waiting).sort().join(" ");
    this.#askedAt = askedAt;
    if (this.#known === before) return;
    this.#version++;
    this.#last = undefined;
  }

  #askLater(): void {
    if (this.#isClosed) return;
    this.#cancelAsk = this.#options.clock.after(ASK_EVERY_MS, () => this.#ask());
  }
}
