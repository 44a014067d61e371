import type { ServerClock } from "../connection/server_clock.ts";
import type { EncodedJob } from "../job/encode.ts";
import { type Producer, sendCommand, serverClockOf } from "../producer/producer.ts";
import { pushBulk } from "../protocol/commands/jobs.ts";
import { mutate } from "../protocol/commands/server.ts";
import { serverError } from "../protocol/server_errors.ts";
import type { Plan } from "./entry.ts";
import type { JobMaker } from "./firing_job.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Upcoming } from "./upcoming.ts";
import { firingsFrom } from "./withdrawal.ts";

/** How a schedule is run; lengths of time are in milliseconds. */
export interface Timing {
  /** Firings that are pushed before their time. */
  readonly ahead: number;
  /** No firing is pushed when less than this is left until then. */
  readonly guardMs: number;
}

/** What a pusher tells. */
export interface PusherListener {
  /** The server has the job of a firing, whichever process pushed it first. */
  pushed(name: string, firing: number, job: EncodedJob): void;
  failed(error: unknown): void;
}

/**
 * When jobs that were pushed by other versions of the schedule are withdrawn, in guards since the
 * start.
 */
const WITHDRAWALS = [0, 2, 10, 30, 120];

/** Firings that are caught up with, of one entry. */
const MAX_MISSED = 1000;

/** A firing that was pushed. */
interface Pushed {
  readonly job: EncodedJob;
  /** When it was pushed last, by the server's clock; `-Infinity` if it has to be pushed again. */
  readonly at: number;
}

interface Due {
  readonly plan: Plan;
  readonly firing: number;
  /** When the job is enqueued, if the firing was missed. */
  readonly at?: number;
  readonly job: EncodedJob;
}

/**
 * Pushes the firings of a schedule before their time, again and again: to the server, equal
 * scheduled jobs are one.
 */
export class Pusher {
  readonly #name: string;
  readonly #plans: readonly Plan[];
  readonly #maker: JobMaker;
  readonly #timing: Timing;
  readonly #producer: Producer;
  readonly #listener: PusherListener;
  readonly #withdraws: boolean;
  readonly #clock: ServerClock;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #upcoming: ReadonlyMap<Plan, Upcoming>;
  /** The firings of each entry that were pushed. */
  readonly #pushed: ReadonlyMap<Plan, Map<number, Pushed>>;
  #startedAt: number | undefined;
  #withdrawals = 0;
  #hasCaughtUp = false;

  constructor(
    name: string,
    plans: readonly Plan[],
    { maker, timing, producer, listener, withdraws }: {
      readonly maker: JobMaker;
      /** Whether what an earlier version of the schedule has pushed is withdrawn. */
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
   * How long to wait between two ticks: a firing sees two of them after the last withdrawal and
   * before its guard.
   */
  get tickMs(): number {
    return this.#timing.guardMs / 3;
  }

  /**
   * Does what is due. Rejects if the server cannot be asked for its time, and then pushes nothing.
   */
  async tick(): Promise<void> {
    const info = await this.#clock.info();
    // Heartbeats keep whole milliseconds.
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
   * Withdraws what is far enough ahead that it is pushed again in time, by whoever still has it in
   * its schedule.
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

  #due(now: number): Due[] {
    const due: Due[] = [];
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

  /** The next firings, and all that see their last tick before the guard. */
  *#ahead(upcoming: Upcoming, now: number): Iterable<number> {
    const { ahead, guardMs } = this.#timing;
    let count = 0;
    for (const firing of upcoming.from(now + guardMs)) {
      if (count++ >= ahead && firing >= now + guardMs + 2 * this.tickMs) return;
      yield firing;
    }
  }

  /**
   * Again now and then, as somebody may have withdrawn it, and a last time shortly before the
   * guard.
   */
  #isDue(firing: number, pushedAt: number, now: number): boolean {
    if (now - pushedAt >= 2 * this.#timing.guardMs) return true;
    const last = firing - this.#timing.guardMs - 2 * this.tickMs;
    return now >= last && pushedAt < last;
  }

  async #push(due: readonly Due[], now: number): Promise<void> {
    const jobs = due.map(({ job }) => job);
    if (this.#heartbeat !== undefined) jobs.push(this.#heartbeat.job(now));
    const first = Math.min(...due.map(({ firing, at = firing }) => at));
    const withinMs = first - this.#timing.guardMs - now;
    const bulk = pushBulk(jobs.map(({ json }) => json).join());
    const refused = await sendCommand(this.#producer, bulk, { withinMs });
    for (const { plan, firing, at, job } of due) {
      const text = refused.get(job.jid);
      // A unique job (Enterprise) that is there already is what was wanted.
      if (text === undefined || /^notuniq/i.test(text)) {
        this.#listener.pushed(plan.name, firing, job);
      } else this.#listener.failed(serverError(text));
      if (at === undefined) this.#pushed.get(plan)!.set(firing, { job, at: now });
    }
  }

  /** The firings that were missed while no process ran, from `aliveAt` on. */
  #missed(aliveAt: number | undefined, now: number): Due[] {
    const { guardMs } = this.#timing;
    if (aliveAt === undefined || now - aliveAt <= 3 * guardMs) return [];
    // The same time for all processes that start now, so that their jobs are equal.
    const grid = 2 * guardMs;
    const at = Math.ceil((now + 1.5 * guardMs) / grid) * grid;
    return this.#plans.flatMap((plan) =>
      this.#missedOf(plan, aliveAt, now).map((firing) => ({
        ...{ plan, firing, at, job: this.#maker.make(plan, firing, at) },
      }))
    );
  }

  #missedOf(plan: Plan, aliveAt: number, now: number): number[] {
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
