import type { Job } from "../../mod.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { someMs } from "./strike.ts";
import type { World } from "./world.ts";

const NAME = "consumer killed in a step of a workflow";

/** Largest number of writes, and of microtasks, after which it is killed. */
const MAX_WRITES = 12;
const MAX_TURNS = 40;

/** Shortest time between two of these kills, in milliseconds. */
const REST_MS = 150;

/** Longest time until another consumer takes its place, in milliseconds. */
const MAX_DOWN_MS = 1000;

/**
 * Kills consumers in the middle of a job of a workflow, before and after each command that it sends.
 * By chance, this is rare.
 */
export class FlowKills {
  /** Number of faults by kind. */
  readonly counts: Record<string, number> = {};
  readonly #world: World;
  readonly #random: Random;
  #restUntil = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Called when a consumer starts a job. */
  started({ type }: Job, process: SimulatedProcess): void {
    const { isCalm, timeline } = this.#world;
    if (isCalm || type !== "part" && !type.startsWith("faktory.")) return;
    const random = this.#random;
    if (timeline.now < this.#restUntil) return;
    this.#restUntil = timeline.now + REST_MS;
    const how = { isPowerLoss: random.chance(0.3), downMs: someMs(random, MAX_DOWN_MS) };
    const die = () => this.#kill(process, how);
    // After a part, the next job and the ACK leave at once.
    const writes = type === "part" ? 2 : MAX_WRITES;
    if (random.chance(0.7)) process.dieInWrite(random.between(1, writes), die);
    else process.dieAfterTurns(random.int(MAX_TURNS), die);
  }

  #kill(
    process: SimulatedProcess,
    how: { readonly isPowerLoss: boolean; readonly downMs: number },
  ): void {
    const { isCalm, consumers, ledger, timeline } = this.#world;
    const place = consumers.places.find((place) => consumers.at(place).process === process);
    if (isCalm || place === undefined) return;
    this.counts[NAME] = (this.counts[NAME] ?? 0) + 1;
    ledger.trace.addText(NAME, timeline.now);
    consumers.kill(place, how);
  }
}
