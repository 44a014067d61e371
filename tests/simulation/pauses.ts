import type { Journal } from "./journal.ts";

/** Records which queues are paused, and which of these pauses a server must have after a restart. */
export class Pauses {
  readonly #journal: () => Journal | undefined;
  /** The group of the store that contains the pause, by the name of the queue. */
  readonly #groups = new Map<string, number>();

  /** `journal` returns the journal of the server, if it has persistent storage. */
  constructor(journal: () => Journal | undefined) {
    this.#journal = journal;
  }

  begin(name: string): void {
    const journal = this.#journal();
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
      if (this.#journal()?.isSaved(group)) lost.push(name);
    }
    return lost;
  }
}
