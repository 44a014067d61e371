import type { Job } from "../../job/job.ts";
import type { Command } from "../../protocol/commands/command.ts";
import { fetchJob } from "../../protocol/commands/jobs.ts";
import { type SessionContext, waitingJobs } from "../session/context.ts";
import type { QueueChoice } from "./choice.ts";
import type { LimitCounter } from "./limit.ts";
import type { CountedRun, Limits } from "./limits.ts";
import { orderOf, type QueueOrder } from "./order.ts";
import type { WaitingCount } from "./prefetch.ts";

/** A FETCH to send. */
export interface FetchRequest {
  readonly command: Command<Job | undefined>;
  /** No queue was left out for its limit. */
  readonly isWhole: boolean;
  /** Grows with each change of the queues that it could name. */
  readonly version: number;
  /** What the job that it may bring counts towards. */
  readonly counters: Iterable<LimitCounter>;
}

/** How often the server is asked for its queues, if the choice depends on them, in milliseconds. */
const ASK_EVERY_MS = 5000;

/** How long nothing is fetched after the function of a choice has failed, in milliseconds. */
const REST_MS = 1000;

const NONE: readonly LimitCounter[] = [];

/**
 * Decides what the next FETCH names: the queues of the choice, in its order, without those that
 * have to wait.
 */
export class QueueSelector implements WaitingCount {
  readonly #context: SessionContext;
  readonly #limits: Limits;
  #order: QueueOrder;
  /** When a queue may be fetched from again, by its name. */
  readonly #rests = new Map<string, number>();
  /** The last FETCH of all queues: it is used again as long as their order is the same. */
  #last: { readonly names: readonly string[]; readonly request: FetchRequest } | undefined;
  #notBefore = -Infinity;
  #isAsking = false;
  /** Nothing is fetched before the server has told its queues. */
  #isStale = false;
  #cancelAsk: (() => void) | undefined;
  #cancelWake: (() => void) | undefined;
  #wakeAt = 0;
  /**
   * The names that the server told last, when it was asked for them, and how often they changed.
   */
  #known = "";
  #askedAt = -Infinity;
  #version = 0;
  #isClosed = false;

  constructor(context: SessionContext, choice: QueueChoice, limits: Limits) {
    this.#context = context;
    this.#limits = limits;
    this.#order = orderOf(choice);
    this.#ask();
  }

  /** Takes another choice, which holds for every FETCH from now on. */
  choose(choice: QueueChoice): void {
    this.#order = orderOf(choice);
    this.#last = undefined;
    this.#version++;
    this.#known = "";
    this.#askedAt = this.#notBefore = -Infinity;
    this.#ask();
    this.#context.advance();
  }

  /** The jobs that wait on the queues of the choice (INFO). */
  async countWaiting(): Promise<number> {
    const waiting = await waitingJobs(this.#context);
    return this.#names.reduce((sum, name) => sum + (waiting[name] ?? 0), 0);
  }

  /** The queues as they are now, in one of their orders. */
  get #names(): readonly string[] {
    try {
      return this.#order.next();
    } catch {
      return [];
    }
  }

  /**
   * Whether a FETCH of this version named every queue that there was at `at`. If only the server
   * knows that, and what it said last is older, it is asked again.
   */
  covers(version: number, at: number): boolean {
    if (!this.#order.isDynamic) return true;
    if (this.#askedAt > at) return version === this.#version;
    // A FETCH that is sent now would wait for two seconds, and some queues may be missing from it.
    this.#isStale = true;
    this.#ask();
    return false;
  }

  /**
   * Whether there is nothing to fetch from, and was not at `at`: the choice has no queue, or all of
   * them rest.
   */
  isBare(at: number): boolean {
    const names = this.#names;
    if (names.length === 0) return this.covers(this.#version, at);
    return this.#rests.size > 0 && names.every((name) => this.#isResting(name));
  }

  /** The next FETCH; `undefined` if there is nothing to fetch from now. */
  next(): FetchRequest | undefined {
    if (this.#isClosed || this.#isStale || this.#isPaused()) return undefined;
    let names: readonly string[];
    try {
      names = this.#order.next();
    } catch (error) {
      this.#notBefore = this.#context.monotonic.now() + REST_MS;
      this.#wakeIn(REST_MS);
      this.#context.events.emit("fetchError", { error });
      return undefined;
    }
    if (names.length === 0) return undefined;
    if (!this.#limits.isAny && this.#rests.size === 0) return this.#whole(names);
    return this.#partial(names.filter((name) => !this.#isResting(name)));
  }

  /** The FETCH is sent. */
  sent({ counters }: FetchRequest): void {
    for (const counter of counters) counter.expect();
  }

  /** The FETCH was answered, or lost. */
  answered({ counters }: FetchRequest): void {
    for (const counter of counters) counter.expected();
  }

  /**
   * Counts a run that begins; false if a limit forbids it. `running` are those that began before.
   */
  begin(run: CountedRun, running: Iterable<CountedRun>): boolean {
    return !this.#limits.isAny || this.#limits.begin(run, running);
  }

  /** A run that began has ended. */
  end({ counters }: CountedRun): void {
    for (const counter of counters) counter.end();
  }

  /** Fetches nothing from the queue for `ms` milliseconds. */
  rest(queue: string, ms: number): void {
    this.#rests.set(queue, this.#context.monotonic.now() + ms);
    this.#wakeIn(ms);
  }

  /** Ends its timers. */
  close(): void {
    this.#isClosed = true;
    this.#cancelAsk?.();
    this.#cancelWake?.();
    this.#cancelAsk = this.#cancelWake = undefined;
  }

  /** Reads no clock unless something failed: it is called for every job. */
  #isPaused(): boolean {
    return this.#notBefore !== -Infinity && this.#context.monotonic.now() < this.#notBefore;
  }

  #whole(names: readonly string[]): FetchRequest {
    if (this.#last?.names === names) return this.#last.request;
    const request = this.#request(names, { isWhole: true, counters: NONE });
    if (!this.#order.isDrawn) this.#last = { names, request };
    return request;
  }

  #partial(names: readonly string[]): FetchRequest | undefined {
    const limits = this.#limits;
    if (!limits.isAny) {
      return names.length === 0
        ? undefined
        : this.#request(names, { isWhole: true, counters: NONE });
    }
    const open = names.filter((name) => this.#hasRoom(limits.of(name)));
    if (open.length === 0) return undefined;
    const counters = new Set<LimitCounter>();
    for (const name of open) for (const counter of limits.of(name)) counters.add(counter);
    return this.#request(open, { isWhole: open.length === names.length, counters });
  }

  #request(
    names: readonly string[],
    more: Pick<FetchRequest, "isWhole" | "counters">,
  ): FetchRequest {
    return { command: fetchJob(names), version: this.#version, ...more };
  }

  #isResting(name: string): boolean {
    const until = this.#rests.get(name);
    if (until === undefined) return false;
    if (this.#context.monotonic.now() < until) return true;
    this.#rests.delete(name);
    return false;
  }

  #hasRoom(counters: readonly LimitCounter[]): boolean {
    for (const counter of counters) {
      if (counter.hasRoom) continue;
      const { roomInMs } = counter;
      if (roomInMs !== undefined) this.#wakeIn(roomInMs);
      return false;
    }
    return true;
  }

  /** Has the session look again in `ms` milliseconds, or earlier if it is about to do so. */
  #wakeIn(ms: number): void {
    if (this.#isClosed) return;
    const at = this.#context.monotonic.now() + ms;
    if (this.#cancelWake !== undefined) {
      if (at >= this.#wakeAt) return;
      this.#cancelWake();
    }
    this.#wakeAt = at;
    this.#cancelWake = this.#context.monotonic.after(ms, () => {
      this.#cancelWake = undefined;
      this.#context.advance();
    });
  }

  #ask(): void {
    if (!this.#order.isDynamic || this.#isAsking || this.#isClosed) return;
    this.#cancelAsk?.();
    this.#isAsking = true;
    const order = this.#order;
    const askedAt = this.#context.monotonic.now();
    waitingJobs(this.#context).then((waiting) => {
      this.#isAsking = this.#isStale = false;
      // Another choice was made meanwhile, which has learned nothing yet.
      if (order !== this.#order) return this.#ask();
      this.#learn(waiting, askedAt);
      this.#askLater();
      if (!this.#isClosed) this.#context.advance();
    }, () => {
      // The connection is being made again: until then the last answer holds.
      this.#isAsking = this.#isStale = false;
      this.#askLater();
      if (!this.#isClosed) this.#context.advance();
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
    this.#cancelAsk = this.#context.monotonic.after(ASK_EVERY_MS, () => this.#ask());
  }
}
