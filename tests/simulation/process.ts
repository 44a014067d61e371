import type { Clock } from "../../src/internal/clock.ts";
import { START_MS } from "./random.ts";
import type { Timeline, TimelineEvent } from "./timeline.ts";

/** How a machine's clock differs from the world's. */
export interface ClockError {
  /** Milliseconds that its time of day is ahead. @default 0 */
  readonly aheadMs?: number | undefined;
  /** Milliseconds of its own for each of the world's. @default 1 */
  readonly rate?: number | undefined;
}

/**
 * A process on a machine with a clock of its own. Everything that it does begins with a timer or
 * with bytes that come from the network: once it is killed, nothing of it happens any more, and
 * while it is paused, all of that waits.
 */
export class SimulatedProcess implements Clock {
  readonly name: string;
  readonly timeline: Timeline;
  isDead = false;
  /** Connections of it that are slow or silent at this moment. */
  troubledLinks = 0;
  /** When it was last paused, or its clock was set. */
  pausedAt = -Infinity;
  readonly #rate: number;
  readonly #bornAt: number;
  #aheadMs: number;
  #pending = 0;
  #troubledAt = -Infinity;
  /** What waits while the process is paused. */
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

  /** By how much its time of day is ahead of the world's, now. */
  get aheadMs(): number {
    return this.now() - START_MS - this.timeline.now;
  }

  elapsed(): number {
    return (this.timeline.now - this.#bornAt) * this.#rate;
  }

  /** When it was last paused, killed, or cut off in any way, in the world's time. */
  get troubledAt(): number {
    return this.troubledLinks > 0 ? Infinity : this.#troubledAt;
  }

  /** Something happens to it, until then. */
  trouble(untilMs: number = this.timeline.now): void {
    this.#troubledAt = Math.max(this.#troubledAt, untilMs);
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  /** Timers that wait. */
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

  /** Resolves after so long, for what programs of users do: such a timer is not counted. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.schedule(ms, resolve));
  }

  /** As `after`, for what is no timer of the program, by the world's time. */
  schedule(ms: number, callback: () => void): TimelineEvent {
    return this.timeline.at(this.timeline.now + ms, () => this.#enter(callback));
  }

  /** Nothing of it ever happens again. */
  kill(): void {
    this.isDead = true;
    this.#held = undefined;
    this.trouble();
  }

  /** Stops it (SIGSTOP) for so long: what falls due meanwhile happens then. */
  pause(ms: number): void {
    if (this.isDead || this.#held !== undefined) return;
    this.#held = [];
    this.pausedAt = this.timeline.now;
    this.trouble(this.timeline.now + ms);
    this.timeline.at(this.timeline.now + ms, () => {
      const held = this.#held ?? [];
      this.#held = undefined;
      this.pausedAt = this.timeline.now;
      for (const callback of held) this.#enter(callback);
    });
  }

  /** Sets its time of day. */
  jump(ms: number): void {
    this.#aheadMs += ms;
    this.pausedAt = this.timeline.now;
    this.trouble();
  }

  #enter(callback: () => void): void {
    if (this.isDead) return;
    if (this.#held !== undefined) this.#held.push(callback);
    else callback();
  }
}
