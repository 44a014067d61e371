import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Timeline } from "./timeline.ts";

/** A program of a crew. */
export interface Member {
  readonly process: SimulatedProcess;
  /** True after `stop` was called. */
  readonly isStopping: boolean;
  /** Runs until it is stopped or its work is done. */
  run(): Promise<void>;
  stop(graceMs: number): Promise<void>;
}

/** Parts of a {@linkcode Crew}. */
export interface CrewParts<M extends Member> {
  readonly name: string;
  readonly size: number;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  /** Creates the program of a place. */
  make(place: number, name: string): M;
  /** Number of ended programs, by kind of end. */
  readonly ends: Record<string, number>;
}

/** Programs of one kind, each in a numbered place. A program that ends is replaced by a new one. */
export class Crew<M extends Member> {
  readonly #parts: CrewParts<M>;
  readonly #members: (M | undefined)[] = [];
  /** Programs that are stopping. */
  readonly #ending = new Set<M>();
  /** Simulated time at which a program was last killed. */
  killedAt = -Infinity;
  #isOver = false;
  #names = 0;

  constructor(parts: CrewParts<M>) {
    this.#parts = parts;
  }

  /** Starts a program in each place that has none. */
  start(): void {
    for (let place = 0; place < this.#parts.size; place++) this.#start(place);
  }

  /** Places with a program that is not stopping. */
  get places(): number[] {
    return [...this.#members.keys()].filter((place) => this.#members[place] !== undefined);
  }

  at(place: number): M {
    return this.#members[place]!;
  }

  /** Programs that are stopping. */
  get ending(): M[] {
    return [...this.#ending];
  }

  /** Kills a program, and starts another one in its place after `downMs`. */
  kill(place: number, { isPowerLoss, downMs }: { isPowerLoss: boolean; downMs: number }): void {
    const member = this.at(place);
    this.#members[place] = undefined;
    this.#kill(member, isPowerLoss);
    this.#later(place, downMs);
  }

  /** Kills a stopping program. Returns false if there is none. */
  killEnding(isPowerLoss: boolean): boolean {
    for (const member of this.#ending) {
      this.#kill(member, isPowerLoss);
      return true;
    }
    return false;
  }

  /** Stops a program, and starts another one in its place after `downMs`. */
  deploy(place: number, { graceMs, downMs }: { graceMs: number; downMs: number }): void {
    const member = this.at(place);
    this.#members[place] = undefined;
    this.#stop(member, graceMs);
    this.#later(place, downMs);
  }

  /** Stops all programs, and starts none any more. */
  stop(graceMs: number): void {
    this.#isOver = true;
    for (const [place, member] of this.#members.entries()) {
      if (member !== undefined) this.#stop(member, graceMs);
      this.#members[place] = undefined;
    }
  }

  #start(place: number): void {
    if (this.#isOver || this.#members[place] !== undefined) return;
    const { name, make } = this.#parts;
    const member = this.#members[place] = make(place, `${name} ${place}.${this.#names++}`);
    void member.run();
  }

  #later(place: number, ms: number): void {
    const { timeline } = this.#parts;
    timeline.at(timeline.now + ms, () => this.#start(place));
  }

  #kill(member: M, isPowerLoss: boolean): void {
    this.#count(isPowerLoss ? "lost power" : "was killed");
    this.killedAt = this.#parts.timeline.now;
    member.process.kill();
    this.#ending.delete(member);
    for (const link of this.#parts.network.linksOf(member.process)) link.abandon(isPowerLoss);
  }

  #stop(member: M, graceMs: number): void {
    const { ledger } = this.#parts;
    const { process } = member;
    this.#ending.add(member);
    void member.stop(graceMs).then(() => {
      // A killed program may still run until the end of the turn.
      if (process.isDead) return;
      this.#ending.delete(member);
      this.#count("was stopped");
      if (process.pending === 0) return;
      ledger.violated("a stopped program leaves no timer", `${process.name}: ${process.pending}`);
    }, (error) => ledger.violated("a stop does not fail", `${process.name}: ${error}`));
  }

  #count(end: string): void {
    const { ends, name } = this.#parts;
    const key = `${name} ${end}`;
    ends[key] = (ends[key] ?? 0) + 1;
  }
}
