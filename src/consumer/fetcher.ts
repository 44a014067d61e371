import { ConnectionLostError, StateError } from "../errors.ts";
import type { ReconnectingLane } from "../connection/reconnecting_lane.ts";
import type { Request } from "../connection/request.ts";
import type { Clock } from "../internal/clock.ts";
import type { Job } from "../job/job.ts";
import type { Command } from "../protocol/commands/command.ts";
import type { Backlog } from "./backlog.ts";
import type { FetchPlan, Planner } from "./queues/planner.ts";

/** FETCHes under way on one lane, at most. */
const MAX_DEPTH = 64;

/** Lanes that are enough for a server that answers faster than the replies can be taken. */
const FEW_LANES = 2;

/** Of the replies, the part that came together with another, from which on few lanes are enough. */
const TOGETHER = 0.75;

/** How much one reply weighs among those before it. */
const WEIGHT = 1 / 64;

/** How long a lane rests after the server refused a FETCH, in milliseconds. */
const REST_MS = 1000;

/** What a fetcher needs. */
export interface FetcherOptions {
  readonly planner: Planner;
  readonly lanes: readonly ReconnectingLane[];
  readonly backlog: Backlog;
  readonly clock: Clock;
  /** Jobs that could be run now, those that are being fetched left out of account. */
  wanted(): number;
  /** A job came, asked for at `askedAt`. */
  fetched(job: Job, askedAt: number): void;
  /** The queues of the plan were empty for the whole of a FETCH. */
  empty(plan: FetchPlan): void;
  /** A FETCH was lost with its connection, or refused. */
  lost(): void;
  /** The server refused, or sent no job. */
  failed(error: unknown): void;
}

/** A lane that carries FETCHes. */
interface FetchLane {
  readonly lane: ReconnectingLane;
  underWay: number;
  /** Those of them that leave out queues for their limits. */
  partial: number;
  /** Its lane's `reads` at the last reply. */
  reads: number;
  /** Calls its rest off. */
  cancelRest: (() => void) | undefined;
}

/** Asks for as many jobs as can be run, on a few lanes; a FETCH is never abandoned while its connection lives. */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #lanes: readonly FetchLane[];
  #underWay = 0;
  #isClosed = false;
  #isQuiet = false;
  /** The part of the replies that came together with another, those of late most. */
  #together = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#lanes = options.lanes.map((lane) => ({
      lane,
      underWay: 0,
      partial: 0,
      reads: 0,
      cancelRest: undefined,
    }));
  }

  /** FETCHes whose reply has not come. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Asks for more, where more can be run. */
  pump(): void {
    let wanted = this.#options.wanted() - this.#underWay;
    if (wanted <= 0 || this.isOver) return;
    const { backlog, planner } = this.#options;
    const deep = backlog.allowance;
    while (wanted > 0 && this.#underWay < Math.max(deep, this.#lanes.length)) {
      const plan = planner.next();
      if (plan === undefined) return;
      const lane = this.#least(plan);
      // More than one on a lane only as far as the backlog goes.
      if (lane === undefined || (lane.underWay > 0 && this.#underWay >= deep)) return;
      this.#fetch(lane, plan);
      wanted--;
    }
  }

  /** Asks for nothing more, nor sends what waits for a connection once there is one. */
  quiet(): void {
    this.#isQuiet = true;
  }

  /** Asks for nothing more. What was sent is still awaited; what waits for a connection is called off. */
  close(): void {
    this.#isClosed = true;
    for (const { lane, cancelRest } of this.#lanes) {
      cancelRest?.();
      if (!lane.connected) lane.close();
    }
  }

  /**
   * The lane with the least to do. A server that waits for its store is kept busy by all lanes; where replies come in heaps it
   * is not the server that is waited for, and fewer lanes make larger heaps: the cost of a read and a write is for each heap.
   *
   * A FETCH that leaves out queues for their limits may wait for two seconds, and a queue whose limit has room again is not to
   * wait for that: such FETCHes have lanes of their own, one each, and the last lane is kept from them.
   */
  #least({ isWhole }: FetchPlan): FetchLane | undefined {
    let least: FetchLane | undefined;
    let left = this.#together > TOGETHER ? FEW_LANES : this.#lanes.length;
    const usable = isWhole ? this.#lanes.length : Math.max(1, this.#lanes.length - 1);
    for (let i = 0; i < usable && left > 0; i++) {
      const lane = this.#lanes[i]!;
      if (lane.partial > 0 || lane.cancelRest !== undefined) continue;
      if (lane.underWay >= (isWhole ? MAX_DEPTH : 1)) continue;
      left--;
      if (least === undefined || lane.underWay < least.underWay) least = lane;
    }
    return least;
  }

  #fetch(lane: FetchLane, plan: FetchPlan): void {
    lane.underWay++;
    if (!plan.isWhole) lane.partial++;
    this.#underWay++;
    this.#options.planner.sent(plan);
    lane.lane.send(new Fetch(this, plan, lane) as Request);
  }

  /** @internal A FETCH was answered. */
  answered(fetch: Fetch, job: Job | undefined): void {
    const { lane, askedAt, plan } = fetch;
    this.#end(fetch);
    const { reads } = lane.lane;
    this.#together += ((reads === lane.reads ? 1 : 0) - this.#together) * WEIGHT;
    lane.reads = reads;
    if (job === undefined) return this.#options.empty(plan);
    const { backlog, wanted, fetched } = this.#options;
    backlog.fetched();
    fetched(job, askedAt);
    this.pump();
    // While more could be run than is asked for, it pays to know whether there is more.
    if (wanted() > this.#underWay) backlog.refresh(() => this.pump());
  }

  /** @internal A FETCH brought nothing to rely on. */
  refused(fetch: Fetch, error: unknown): void {
    const { lane } = fetch;
    this.#end(fetch);
    if (!(error instanceof ConnectionLostError) && !(error instanceof StateError)) {
      this.#rest(lane, error);
    }
    this.#options.lost();
  }

  #end({ lane, plan }: Fetch): void {
    lane.underWay--;
    if (!plan.isWhole) lane.partial--;
    this.#underWay--;
    this.#options.planner.answered(plan);
  }

  /** @internal */
  now(): number {
    return this.#options.clock.now();
  }

  /** @internal Whether a FETCH is not to be sent any longer. */
  get isOver(): boolean {
    return this.#isClosed || this.#isQuiet;
  }

  #rest(lane: FetchLane, error: unknown): void {
    this.#options.failed(error);
    if (this.#isClosed || lane.cancelRest !== undefined) return;
    lane.cancelRest = this.#options.clock.after(REST_MS, () => {
      lane.cancelRest = undefined;
      this.pump();
    });
  }
}

/** One FETCH on its way. */
class Fetch implements Request<Job | undefined> {
  readonly command: Command<Job | undefined>;
  readonly plan: FetchPlan;
  readonly lane: FetchLane;
  /** When it was sent, in milliseconds since 1970. */
  askedAt = 0;
  readonly #fetcher: Fetcher;
  resent?: boolean;

  constructor(fetcher: Fetcher, plan: FetchPlan, lane: FetchLane) {
    this.command = plan.command;
    this.plan = plan;
    this.lane = lane;
    this.#fetcher = fetcher;
  }

  get cancelled(): boolean {
    return this.#fetcher.isOver;
  }

  /** It may have waited for a connection for longer than a reservation lasts. */
  sending(): void {
    this.askedAt = this.#fetcher.now();
  }

  resolve(job: Job | undefined): void {
    this.#fetcher.answered(this, job);
  }

  reject(error: unknown): void {
    this.#fetcher.refused(this, error);
  }
}
