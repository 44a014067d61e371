import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Timeline } from "./timeline.ts";

/** A program of a crew. */
export interface Member {
  readonly process: SimulatedProcess;
  /** It was told to stop. */
  readonly isStopping: boolean;
  /** Runs until it is stopped, or there is nothing left to do. */
  run(): Promise<void>;
  stop(graceMs: number): Promise<void>;
}

/** What a {@linkcode Crew} is made of. */
export interface CrewParts<M extends Member> {
  readonly name: string;
  readonly size: number;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  /** Makes the program of a place. */
  make(place: number, name: string): M;
  /** Ends of programs, by kind. */
  readonly ends: Record<string, number>;
}

/** Programs of one kind, each in its place: who supervises them starts another for one that ends. */
export class Crew<M extends Member> {
  readonly #parts: CrewParts<M>;
  readonly #members: (M | undefined)[] = [];
  /** Programs that were told to stop and have not ended. */
  readonly #ending = new Set<M>();
  /** When one of them was killed last, in the world's time. */
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

  /** Places with a program that was not told to stop. */
  get places(): number[] {
    return [...this.#members.keys()].filter((place) => this.#members[place] !== undefined);
  }

  at(place: number): M {
    return this.#members[place]!;
  }

  /** Programs that were told to stop and have not ended. */
  get ending(): M[] {
    return [...this.#ending];
  }

  /** Kills a program, and has another one in its place after so long. */
  kill(place: number, { isPowerLoss, downMs }: { isPowerLoss: boolean; downMs: number }): void {
    const member = this.at(place);
    this.#members[place] = undefined;
    this.#kill(member, isPowerLoss);
    this.#later(place, downMs);
  }

  /** Kills one that was told to stop; false where there is none. */
  killEnding(isPowerLoss: boolean): boolean {
    for (const member of this.#ending) {
      this.#kill(member, isPowerLoss);
      return true;
    }
    return false;
  }

  /** Stops a program, and starts another one after so long. */
  deploy(place: number, { graceMs, downMs }: { graceMs: number; downMs: number }): void {
    const member = this.at(place);
    this.#members[place] = undefined;
    this.#stop(member, graceMs);
    this.#later(place, downMs);
  }

  /** Stops all of them; none is started again. */
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
      this.#ending.delete(member);
      this.#count("was stopped");
      if (process.pending === 0) return;
      ledger.violated("what ended leaves no timer", `${process.name}: ${process.pending}`);
    }, (error) => ledger.violated("a stop does not fail", `${process.name}: ${error}`));
  }

  #count(end: string): void {
    const { ends, name } = this.#parts;
    const key = `${name} ${end}`;
    ends[key] = (ends[key] ?? 0) + 1;
  }
}
