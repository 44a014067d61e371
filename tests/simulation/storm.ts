import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { Strike } from "./strike.ts";
import type { Timeline } from "./timeline.ts";

/** What a storm injects faults into: a world, or a part of one. */
export interface StormTarget {
  readonly timeline: Timeline;
  readonly ledger: Ledger;
  /** Mean time between two faults, in milliseconds. */
  readonly plan: { readonly strikeEveryMs: number };
}

/** The faults of a storm. */
export interface StormOptions<T> {
  /** By name. */
  readonly strikes: Readonly<Record<string, Strike<T>>>;
  /** Share of the kinds of faults that a storm has. */
  readonly share: number;
  /** Returns the factor of the weight of a fault. @default 1 */
  readonly factorOf?: (name: string) => number;
  /** Returns the shortest time between two faults of a kind, in milliseconds. */
  readonly restMsOf: (name: string) => number;
}

/** Injects faults, one at a time. */
export class Storm<T extends StormTarget> {
  /** Number of faults by kind. */
  readonly counts: Record<string, number> = {};
  readonly #target: T;
  readonly #random: Random;
  readonly #options: StormOptions<T>;
  /** Names of its faults. A name that occurs twice is drawn twice as often. */
  readonly #names: readonly string[];
  readonly #restUntil = new Map<string, number>();
  #isOver = false;

  constructor(target: T, random: Random, options: StormOptions<T>) {
    this.#target = target;
    this.#random = random;
    this.#options = options;
    const { strikes, share, factorOf = () => 1 } = options;
    // Each storm has only some kinds of faults, with different weights, because the effects of many
    // kinds together would hide the effects of a few.
    this.#names = Object.entries(strikes).flatMap(([name, { weight }]) =>
      random.chance(share)
        ? Array<string>(weight * random.between(1, 3) * factorOf(name)).fill(name)
        : []
    );
  }

  begin(): void {
    const { timeline, plan: { strikeEveryMs } } = this.#target;
    timeline.at(timeline.now + 1 + this.#random.int(2 * strikeEveryMs), () => {
      if (this.#isOver) return;
      this.#strike();
      this.begin();
    });
  }

  end(): void {
    this.#isOver = true;
  }

  #strike(): void {
    if (this.#names.length === 0) return;
    const name = this.#random.pick(this.#names);
    const { timeline: { now }, ledger } = this.#target;
    if (now < (this.#restUntil.get(name) ?? 0)) return;
    const { strikes, restMsOf } = this.#options;
    if (!strikes[name]!.strike(this.#target, this.#random)) return;
    this.#restUntil.set(name, now + restMsOf(name));
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    ledger.trace.addText(name, now);
  }
}
