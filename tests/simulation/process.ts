import type { Clock } from "../../src/internal/clock.ts";
import { START_MS } from "./random.ts";
import type { Timeline, TimelineEvent } from "./timeline.ts";

/** Longest time until a process is connected again after a fault, in milliseconds. */
export const RECONNECT_MS = 20_000;

/** The error of a machine's clock, compared with simulated time. */
export interface ClockError {
  /** Milliseconds by which its time of day is ahead. @default 0 */
  readonly aheadMs?: number | undefined;
  /** Milliseconds of this clock per simulated millisecond. @default 1 */
  readonly rate?: number | undefined;
}

/**
 * A process on a machine with its own clock. Everything that it does is caused by a timer or by
 * bytes from the network. After it is killed, these events are dropped. While it is paused, they
 * wait.
 */
export class SimulatedProcess implements Clock {
  readonly name: string;
  readonly timeline: Timeline;
  isDead = false;
  /** Number of its connections that are slow or silent now. */
  troubledLinks = 0;
  /** Simulated time at which it was last paused, or its clock was set. */
  pausedAt = -Infinity;
  /** Simulated time at which it was last paused, and at which its clock was last set. */
  heldAt = -Infinity;
  jumpedAt = -Infinity;
  /** Simulated time of its last fault after which a connection may have to be replaced. */
  lostAt = -Infinity;
  /** Simulated time at which a write of it last had to wait for room in a send buffer. */
  stuckAt = -Infinity;
  /** Called with the bytes of each write to a connection, for rules about what it sends. */
  tap: ((bytes: Uint8Array) => void) | undefined;
  /** Set if it is to die in the middle of an event: the number of turns, and what kills it. */
  #dying: { readonly turns: number; readonly die: () => void } | undefined;
  /** Set if it is to die in a write: the number of writes until then, and what kills it. */
  #dyingInWrite: { left: number; readonly die: () => void } | undefined;
  readonly #rate: number;
  readonly #bornAt: number;
  #aheadMs: number;
  #pending = 0;
  #troubledAt = -Infinity;
  /** Events that wait while the process is paused. */
  #held: (() => void)[] | undefined;

  constructor(name: string, timeline: Timeline, { aheadMs = 0, rate = 1 }: ClockError = {}) {
    this.name = name;
    this.timeline = timeline;
    this.#aheadMs = aheadMs;
    this.#rate = rate;
    this.#bornAt = timeline.now;
  }

  now(): number {
    return Math.floor(START_MS + this.#bornAt + this.#aheadMs + this.elapsed());
  }

  /** Milliseconds by which its time of day is now ahead of simulated time. */
  get aheadMs(): number {
    return this.now() - START_MS - this.timeline.now;
  }

  elapsed(): number {
    return (this.timeline.now - this.#bornAt) * this.#rate;
  }

  /** Simulated time of its last fault: a pause, a kill, or a problem of its connections. */
  get troubledAt(): number {
    return this.troubledLinks > 0 ? Infinity : this.#troubledAt;
  }

  /** Records that a connection of it is slow, which is no reason to give it up. */
  slowed(): void {
    this.#troubledAt = Math.max(this.#troubledAt, this.timeline.now);
  }

  /** Records a fault of the process that lasts until `untilMs`. */
  trouble(untilMs: number = this.timeline.now): void {
    this.#troubledAt = Math.max(this.#troubledAt, untilMs);
    this.lostAt = Math.max(this.lostAt, untilMs);
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  /** Number of pending timers. */
  get pending(): number {
    return this.#pending;
  }

  after(ms: number, callback: () => void): () => void {
    this.#pending++;
    let isOver = false;
    const event = this.schedule(Math.max(ms, 0) / this.#rate, () => {
      if (isOver) return;
      isOver = true;
      this.#pending--;
      callback();
    });
    return () => {
      if (isOver) return;
      isOver = true;
      this.#pending--;
      event.callback = undefined;
    };
  }

  /** Resolves after `ms`, for the code of users: the timer is not counted in `pending`. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.schedule(ms, resolve));
  }

  /** Like `after`, but in simulated time, for events that are no timers of the program. */
  schedule(ms: number, callback: () => void): TimelineEvent {
    return this.timeline.at(this.timeline.now + ms, () => this.#enter(callback));
  }

  /** Makes `die` kill it `turns` microtasks after its next event. */
  dieAfterTurns(turns: number, die: () => void): void {
    this.#dying = { turns, die };
  }

  /** Makes `die` kill it in the middle of a later write to a connection; 1 is the next one. */
  dieInWrite(writes: number, die: () => void): void {
    this.#dyingInWrite = { left: writes, die };
  }

  /** Called in each write to a connection. Returns false if the process dies in this one. */
  survivesWrite(): boolean {
    const dying = this.#dyingInWrite;
    if (dying === undefined || --dying.left > 0) return true;
    this.#dyingInWrite = undefined;
    dying.die();
    return !this.isDead;
  }

  /** Kills the process: all its events are dropped. */
  kill(): void {
    this.isDead = true;
    this.#held = undefined;
    this.trouble();
  }

  /** Pauses the process (SIGSTOP) for `ms`. Its events wait until then. */
  pause(ms: number): void {
    if (this.isDead || this.#held !== undefined) return;
    this.#held = [];
    this.pausedAt = this.heldAt = this.timeline.now;
    this.trouble(this.timeline.now + ms);
    this.timeline.at(this.timeline.now + ms, () => {
      const held = this.#held ?? [];
      this.#held = undefined;
      this.pausedAt = this.heldAt = this.timeline.now;
      for (const callback of held) this.#enter(callback);
    });
  }

  /** Moves its time of day by `ms`. */
  jump(ms: number): void {
    this.#aheadMs += ms;
    this.pausedAt = this.jumpedAt = this.timeline.now;
    this.trouble();
  }

  #enter(callback: () => void): void {
    if (this.isDead) return;
    if (this.#held !== undefined) {
      this.#held.push(callback);
      return;
    }
    const dying = this.#dying;
    this.#dying = undefined;
    callback();
    if (dying !== undefined) afterTurns(dying.turns, dying.die);
  }
}

/** Calls `callback` after a number of turns of the microtask queue. */
function afterTurns(turns: number, callback: () => void): void {
  if (turns === 0) return callback();
  queueMicrotask(() => afterTurns(turns - 1, callback));
}
