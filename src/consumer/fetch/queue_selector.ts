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
  /** True if no queue was left out because of its limit. */
  readonly isComplete: boolean;
  /** Increases with each change of the available queues. */
  readonly version: number;
  /** The counters that count the job it may bring. */
  readonly counters: Iterable<LimitCounter>;
}

/** Interval of INFO if the choice depends on the server's queues, in milliseconds. */
const INFO_INTERVAL_MS = 5000;

/** Pause after the function of a choice failed, in milliseconds. */
const PAUSE_MS = 1000;

const NONE: readonly LimitCounter[] = [];

/**
 * Selects the queues of the next FETCH: those of the choice, in its order, without queues that are
 * at a limit or are skipped for a while.
 */
export class QueueSelector implements WaitingCount {
  readonly #context: SessionContext;
  readonly #limits: Limits;
  #order: QueueOrder;
  /** Time at which a queue may be fetched from again, by name. */
  readonly #skippedUntil = new Map<string, number>();
  /** The last FETCH of all queues, reused while their order is the same. */
  #last: { readonly names: readonly string[]; readonly request: FetchRequest } | undefined;
  #notBefore = -Infinity;
  #isRequesting = false;
  /** True while a fresh answer from the server is needed. Nothing is fetched meanwhile. */
  #isStale = false;
  #cancelRequest: (() => void) | undefined;
  #cancelWake: (() => void) | undefined;
  #wakeAt = 0;
  /** The names in the server's last answer. `#version` counts their changes. */
  #known = "";
  #requestedAt = -Infinity;
  #version = 0;
  #isClosed = false;

  constructor(context: SessionContext, choice: QueueChoice, limits: Limits) {
    this.#context = context;
    this.#limits = limits;
    this.#order = orderOf(choice);
    this.#requestQueues();
  }

  /** Replaces the choice. It applies to every FETCH from now on. */
  setQueues(choice: QueueChoice): void {
    this.#order = orderOf(choice);
    this.#last = undefined;
    this.#version++;
    this.#known = "";
    this.#requestedAt = this.#notBefore = -Infinity;
    this.#requestQueues();
    this.#context.advance();
  }

  /** Counts the jobs that wait on the queues of the choice (INFO). */
  async countWaiting(): Promise<number> {
    const waiting = await waitingJobs(this.#context);
    return this.#names.reduce((sum, name) => sum + (waiting[name] ?? 0), 0);
  }

  /** The present queues, in one possible order. */
  get #names(): readonly string[] {
    try {
      return this.#order.next();
    } catch {
      return [];
    }
  }

  /**
   * Returns true if a FETCH of this version named every queue that existed at `at`. If the choice
   * depends on the server's queues and its last answer is older, asks the server again.
   */
  covers(version: number, at: number): boolean {
    if (!this.#order.isDynamic) return true;
    if (this.#requestedAt > at) return version === this.#version;
    // A FETCH sent now would wait for two seconds, and may miss some queues.
    this.#isStale = true;
    this.#requestQueues();
    return false;
  }

  /**
   * Returns true if there is no queue to fetch from, and there was none at `at`: the choice has no
   * queue, or all of its queues are skipped for a while.
   */
  hasNoQueue(at: number): boolean {
    const names = this.#names;
    if (names.length === 0) return this.covers(this.#version, at);
    return this.#skippedUntil.size > 0 && names.every((name) => this.#isSkipped(name));
  }

  /** Returns the next FETCH; `undefined` if there is nothing to fetch from now. */
  next(): FetchRequest | undefined {
    if (this.#isClosed || this.#isStale || this.#isPaused()) return undefined;
    let names: readonly string[];
    try {
      names = this.#order.next();
    } catch (error) {
      this.#notBefore = this.#context.monotonic.now() + PAUSE_MS;
      this.#wakeIn(PAUSE_MS);
      this.#context.events.emit("fetchError", { error });
      return undefined;
    }
    if (names.length === 0) return undefined;
    if (!this.#limits.hasAny && this.#skippedUntil.size === 0) return this.#completeRequest(names);
    return this.#limitedRequest(names.filter((name) => !this.#isSkipped(name)));
  }

  /** Called when the FETCH is sent. */
  sent({ counters }: FetchRequest): void {
    for (const counter of counters) counter.beginFetch();
  }

  /** Called when the FETCH was answered or lost. */
  answered({ counters }: FetchRequest): void {
    for (const counter of counters) counter.endFetch();
  }

  /**
   * Returns true if the run may start, and counts it. `running` are the runs that started before.
   */
  begin(run: CountedRun, running: Iterable<CountedRun>): boolean {
    return !this.#limits.hasAny || this.#limits.begin(run, running);
  }

  /** Called when a run has ended. */
  end({ counters }: CountedRun): void {
    for (const counter of counters) counter.end();
  }

  /** Stops fetching from the queue for `ms` milliseconds. */
  skip(queue: string, ms: number): void {
    this.#skippedUntil.set(queue, this.#context.monotonic.now() + ms);
    this.#wakeIn(ms);
  }

  /** Cancels the timers. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRequest?.();
    this.#cancelWake?.();
    this.#cancelRequest = this.#cancelWake = undefined;
  }

  /** Reads the clock only if something failed, because this is called for every job. */
  #isPaused(): boolean {
    return this.#notBefore !== -Infinity && this.#context.monotonic.now() < this.#notBefore;
  }

  #completeRequest(names: readonly string[]): FetchRequest {
    if (this.#last?.names === names) return this.#last.request;
    const request = this.#request(names, { isComplete: true, counters: NONE });
    if (!this.#order.variesPerFetch) this.#last = { names, request };
    return request;
  }

  #limitedRequest(names: readonly string[]): FetchRequest | undefined {
    const limits = this.#limits;
    if (!limits.hasAny) {
      return names.length === 0
        ? undefined
        : this.#request(names, { isComplete: true, counters: NONE });
    }
    const open = names.filter((name) => this.#hasRoom(limits.countersOf(name)));
    if (open.length === 0) return undefined;
    const counters = new Set<LimitCounter>();
    for (const name of open) for (const counter of limits.countersOf(name)) counters.add(counter);
    return this.#request(open, { isComplete: open.length === names.length, counters });
  }

  #request(
    names: readonly string[],
    more: Pick<FetchRequest, "isComplete" | "counters">,
  ): FetchRequest {
    return { command: fetchJob(names), version: this.#version, ...more };
  }

  #isSkipped(name: string): boolean {
    const until = this.#skippedUntil.get(name);
    if (until === undefined) return false;
    if (this.#context.monotonic.now() < until) return true;
    this.#skippedUntil.delete(name);
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

  /** Calls `advance` in `ms` milliseconds, unless an earlier call is scheduled. */
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

  #requestQueues(): void {
    if (!this.#order.isDynamic || this.#isRequesting || this.#isClosed) return;
    this.#cancelRequest?.();
    this.#isRequesting = true;
    const order = this.#order;
    const askedAt = this.#context.monotonic.now();
    waitingJobs(this.#context).then((waiting) => {
      this.#isRequesting = this.#isStale = false;
      // The choice was replaced meanwhile, and the new one needs an answer too.
      if (order !== this.#order) return this.#requestQueues();
      this.#update(waiting, askedAt);
      this.#requestLater();
      if (!this.#isClosed) this.#context.advance();
    }, () => {
      // The connection is being restored. The last answer is used until then.
      this.#isRequesting = this.#isStale = false;
      this.#requestLater();
      if (!this.#isClosed) this.#context.advance();
    });
  }

  #update(waiting: Readonly<Record<string, number>>, askedAt: number): void {
    const before = this.#known;
    this.#order.update(waiting);
    this.#known = Object.keys(waiting).sort().join(" ");
    this.#requestedAt = askedAt;
    if (this.#known === before) return;
    this.#version++;
    this.#last = undefined;
  }

  #requestLater(): void {
    if (this.#isClosed) return;
    this.#cancelRequest = this.#context.monotonic.after(
      INFO_INTERVAL_MS,
      () => this.#requestQueues(),
    );
  }
}
