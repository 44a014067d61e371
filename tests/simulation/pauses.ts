import type { Facts } from "./rules/rule.ts";

/** Records which queues are paused, and which of these pauses a server must have after a restart. */
export class Pauses {
  readonly #facts: Facts;
  /** The group of the store that contains the pause, by the name of the queue. */
  readonly #groups = new Map<string, number>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  begin(name: string): void {
    const { journal } = this.#facts;
    if (journal !== undefined && !this.#groups.has(name)) this.#groups.set(name, journal.group);
  }

  end(name: string): void {
    this.#groups.delete(name);
  }

  clear(): void {
    this.#groups.clear();
  }

  /** Returns the saved pauses that a restarted server does not have. Forgets the unsaved ones. */
  lost(isPaused: (name: string) => boolean): string[] {
    const lost: string[] = [];
    for (const [name, group] of this.#groups) {
      if (isPaused(name)) continue;
      this.#groups.delete(name);
      if (this.#facts.journal?.isSaved(group)) lost.push(name);
    }
    return lost;
  }
}
