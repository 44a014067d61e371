import type { ServerClock } from "../connection/server_clock.ts";
import type { EncodedJob } from "../job/encode.ts";
import { type Producer, sendCommand, serverClockOf } from "../producer/producer.ts";
import { pushBulk } from "../protocol/commands/jobs.ts";
import { mutate } from "../protocol/commands/server.ts";
import { serverError } from "../protocol/server_errors.ts";
import type { CheckedEntry } from "./entry.ts";
import type { JobMaker } from "./firing_job.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Upcoming } from "./upcoming.ts";
import { firingsFrom } from "./withdrawal.ts";

/** Settings of a running schedule. Durations are in milliseconds. */
export interface Timing {
  /** Number of firings to push before their time. */
  readonly ahead: number;
  /** Shortest time before a firing at which it may still be pushed. */
  readonly guardMs: number;
}

/** Receives the results of a pusher. */
export interface PusherListener {
  /** Called when the server has the job of a firing, even if another process pushed it first. */
  pushed(name: string, firing: number, job: EncodedJob): void;
  failed(error: unknown): void;
}

/**
 * Times at which jobs of other versions of the schedule are withdrawn, in multiples of `guardMs`
 * since the start.
 */
const WITHDRAWALS = [0, 2, 10, 30, 120];

/** Maximum number of missed firings to enqueue, for each entry. */
const MAX_MISSED = 1000;

/** A firing that was pushed. */
interface PushedFiring {
  readonly job: EncodedJob;
  /** Time of the last push, by the server's clock; `-Infinity` if it must be pushed again. */
  readonly at: number;
}

interface DueFiring {
  readonly plan: CheckedEntry;
  readonly firing: number;
  /** Time at which the job is enqueued; only set for a missed firing. */
  readonly at?: number;
  readonly job: EncodedJob;
}

/**
 * Pushes the firings of a schedule before their time, repeatedly: the server stores equal scheduled
 * jobs only once.
 */
export class Pusher {
  readonly #name: string;
  readonly #plans: readonly CheckedEntry[];
  readonly #maker: JobMaker;
  readonly #timing: Timing;
  readonly #producer: Producer;
  readonly #listener: PusherListener;
  readonly #withdraws: boolean;
  readonly #clock: ServerClock;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #upcoming: ReadonlyMap<CheckedEntry, Upcoming>;
  /** The pushed firings of each entry. */
  readonly #pushed: ReadonlyMap<CheckedEntry, Map<number, PushedFiring>>;
  #startedAt: number | undefined;
  #withdrawals = 0;
  #hasCaughtUp = false;

  constructor(
    name: string,
    plans: readonly CheckedEntry[],
    { maker, timing, producer, listener, withdraws }: {
      readonly maker: JobMaker;
      /** True if jobs of an earlier version of the schedule are withdrawn. */
      readonly withdraws: boolean;
      readonly timing: Timing;
      readonly producer: Producer;
      readonly listener: PusherListener;
    },
  ) {
    this.#name = name;
    this.#plans = plans;
    this.#upcoming = new Map(plans.map((plan) => [plan, new Upcoming(plan.firings)]));
    this.#pushed = new Map(plans.map((plan) => [plan, new Map()]));
    this.#maker = maker;
    this.#timing = timing;
    this.#producer = producer;
    this.#listener = listener;
    this.#withdraws = withdraws;
    this.#clock = serverClockOf(producer);
    const catchesUp = plans.some(({ catchUp }) => catchUp !== "none");
    this.#heartbeat = catchesUp ? new Heartbeat(name, producer) : undefined;
  }

  /**
   * Time between two ticks. A firing gets two of them between the last withdrawal and its guard.
   */
  get tickMs(): number {
    return this.#timing.guardMs / 3;
  }

  /** Pushes the firings that are due. If the server's time cannot be read, rejects instead. */
  async tick(): Promise<void> {
    const info = await this.#clock.info();
    // Heartbeats store whole milliseconds.
    const now = Math.floor(this.#clock.now());
    this.#startedAt ??= now;
    if (this.#withdraws) await this.#withdraw(now);
    const missed = this.#hasCaughtUp ? [] : this.#missed(this.#heartbeat?.last(info), now);
    const due = [...missed, ...this.#due(now)];
    if (due.length === 0) return;
    await this.#push(due, now);
    this.#hasCaughtUp = true;
    await this.#heartbeat?.removeOld(info);
  }

  /**
   * Withdraws jobs that are far enough ahead to be pushed again in time by the processes that still
   * have them in their schedule.
   */
  async #withdraw(now: number): Promise<void> {
    const { guardMs } = this.#timing;
    const after = WITHDRAWALS[this.#withdrawals];
    if (after === undefined || now - this.#startedAt! < after * guardMs) return;
    const from = now + 3 * guardMs;
    const globs = firingsFrom(this.#name, from);
    await Promise.all(
      globs.map((regexp) =>
        sendCommand(this.#producer, mutate("discard", "scheduled", { regexp }), {
          withinMs: guardMs,
        })
      ),
    );
    this.#withdrawals++;
    for (const pushed of this.#pushed.values()) {
      for (const [firing, { job }] of pushed) {
        if (firing >= from) pushed.set(firing, { job, at: -Infinity });
      }
    }
  }

  #due(now: number): DueFiring[] {
    const due: DueFiring[] = [];
    for (const [plan, pushed] of this.#pushed) {
      for (const firing of pushed.keys()) if (firing < now) pushed.delete(firing);
      for (const firing of this.#ahead(this.#upcoming.get(plan)!, now)) {
        const last = pushed.get(firing);
        if (!this.#isDue(firing, last?.at ?? -Infinity, now)) continue;
        try {
          due.push({ plan, firing, job: last?.job ?? this.#maker.make(plan, firing) });
        } catch (error) {
          this.#listener.failed(error);
        }
      }
    }
    return due;
  }

  /** Iterates over the next firings, and over all that have their last tick before the guard. */
  *#ahead(upcoming: Upcoming, now: number): Iterable<number> {
    const { ahead, guardMs } = this.#timing;
    let count = 0;
    for (const firing of upcoming.from(now + guardMs)) {
      if (count++ >= ahead && firing >= now + guardMs + 2 * this.tickMs) return;
      yield firing;
    }
  }

  /**
   * Returns true if a firing must be pushed: again from time to time, as another process may have
   * withdrawn it, and once more shortly before the guard.
   */
  #isDue(firing: number, pushedAt: number, now: number): boolean {
    if (now - pushedAt >= 2 * this.#timing.guardMs) return true;
    const last = firing - this.#timing.guardMs - 2 * this.tickMs;
    return now >= last && pushedAt < last;
  }

  async #push(due: readonly DueFiring[], now: number): Promise<void> {
    const jobs = due.map(({ job }) => job);
    if (this.#heartbeat !== undefined) jobs.push(this.#heartbeat.job(now));
    const first = Math.min(...due.map(({ firing, at = firing }) => at));
    const withinMs = first - this.#timing.guardMs - now;
    const bulk = pushBulk(jobs.map(({ json }) => json).join());
    const refused = await sendCommand(this.#producer, bulk, { withinMs });
    for (const { plan, firing, at, job } of due) {
      const text = refused.get(job.jid);
      // If a unique job (Enterprise) like it exists, the firing is already on the server.
      const isOnServer = text === undefined || /^notuniq/i.test(text);
      if (isOnServer) this.#listener.pushed(plan.name, firing, job);
      else this.#listener.failed(serverError(text));
      if (at !== undefined) continue;
      this.#pushed.get(plan)!.set(firing, { job, at: isOnServer ? now : -Infinity });
    }
  }

  /** Returns the firings that were missed while no process ran the schedule, from `aliveAt` on. */
  #missed(aliveAt: number | undefined, now: number): DueFiring[] {
    const { guardMs } = this.#timing;
    if (aliveAt === undefined || now - aliveAt <= 3 * guardMs) return [];
    // All processes that start now use the same time, so that their jobs are equal.
    const grid = 2 * guardMs;
    const at = Math.ceil((now + 1.5 * guardMs) / grid) * grid;
    return this.#plans.flatMap((plan) =>
      this.#missedOf(plan, aliveAt, now).map((firing) => ({
        ...{ plan, firing, at, job: this.#maker.make(plan, firing, at) },
      }))
    );
  }

  #missedOf(plan: CheckedEntry, aliveAt: number, now: number): number[] {
    if (plan.catchUp === "none") return [];
    const { firings } = plan;
    const known = [...this.#ahead(new Upcoming(firings), aliveAt)].at(-1) ?? aliveAt;
    const missed: number[] = [];
    let firing = firings.after(known);
    while (firing !== undefined && firing < now + this.#timing.guardMs) {
      missed.push(firing);
      if (missed.length > (plan.catchUp === "last" ? 1 : MAX_MISSED)) missed.shift();
      firing = firings.after(firing);
    }
    return missed;
  }
}
