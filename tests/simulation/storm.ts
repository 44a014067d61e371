import type { Link } from "./link.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Strikes a world with faults, one after the other. */
export class Storm {
  /** Faults that struck, by kind. */
  readonly counts: Record<string, number> = {};
  readonly #world: World;
  readonly #random: Random;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork();
  }

  begin(): void {
    const { timeline, plan: { strikeEveryMs } } = this.#world;
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
    const [name, strike] = this.#random.pick(STRIKES);
    if (!strike(this.#world, this.#random)) return;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    const { ledger, timeline } = this.#world;
    ledger.trace.addText(name, timeline.now);
  }
}

/** Strikes; false where there is nothing to strike. */
type Strike = (world: World, random: Random) => boolean;

function onLink(strike: (link: Link, random: Random) => void): Strike {
  return ({ network: { links } }, random) => {
    if (links.length === 0) return false;
    strike(random.pick(links), random);
    return true;
  };
}

const STRIKES: readonly (readonly [name: string, strike: Strike])[] = [
  ["link cut", onLink((link) => link.cut())],
  ["link reset", onLink((link) => link.cut(true))],
  ["link silent", onLink((link) => link.silence())],
  ["link slow", onLink((link, random) => void (link.slowness = random.between(2, 100)))],
  ["cut within a command", onLink((link, random) => link.cutAfter("to server", random.int(400)))],
  ["cut within a reply", onLink((link, random) => link.cutAfter("to client", random.int(400)))],
];
