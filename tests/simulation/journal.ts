import type { Store } from "../../src/server/store/store.ts";
import { type Entry, stateOf } from "./entry.ts";

/** The changes of one group of the store, which are saved together. */
interface Group {
  readonly number: number;
  /** The state of each job that changed, at the end of the group. */
  readonly states: Map<Entry, number>;
}

/** Maximum number of groups of one server. Each new server has a new range of numbers. */
const MAX_GROUPS = 1e9;

/**
 * Records which changes the store of a server has saved. This tells which states the next server
 * may find after a kill.
 */
export class Journal {
  #store: Store | undefined;
  #base = 0;
  #savedThrough = 0;
  #groups: Group[] = [];

  /** Listens to the store of a server that starts. */
  open(store: Store): void {
    this.#store = store;
    this.#base += MAX_GROUPS;
    this.#groups = [];
    const base = this.#base;
    store.addListener({
      saved: (group) => this.#saved(base + group),
      failed() {},
    });
  }

  /** The group of the last change. A reply must wait until all groups up to it are saved. */
  get group(): number {
    const unsaved = this.#store?.unsaved ?? 0;
    return unsaved === 0 ? 0 : this.#base + unsaved;
  }

  isSaved(group: number): boolean {
    return group <= this.#savedThrough;
  }

  /** Records the new state of a job. */
  note(entry: Entry): void {
    const { group } = this;
    if (group === 0) {
      entry.saved = stateOf(entry);
      return;
    }
    let last = this.#groups.at(-1);
    if (last?.number !== group) {
      this.#groups.push(last = { number: group, states: new Map<Entry, number>() });
    }
    last.states.set(entry, stateOf(entry));
  }

  /**
   * Returns the jobs whose states cannot be explained. The server must have found the jobs of
   * unsaved groups in the states after one of these groups, or before all of them.
   */
  unexplained(): Entry[] {
    const expected = new Map<Entry, number>();
    for (const { states } of this.#groups) {
      for (const entry of states.keys()) expected.set(entry, entry.saved);
    }
    const wrong = () => [...expected].filter(([entry, state]) => stateOf(entry) !== state);
    let best = wrong();
    for (const { states } of this.#groups) {
      for (const [entry, state] of states) expected.set(entry, state);
      const now = wrong();
      if (now.length < best.length) best = now;
    }
    return best.map(([entry]) => entry);
  }

  /** Returns true if an unsaved group has changed the job. */
  isOpen(entry: Entry): boolean {
    return this.#groups.some(({ states }) => states.has(entry));
  }

  #saved(group: number): void {
    this.#savedThrough = Math.max(this.#savedThrough, group);
    while (this.#groups.length > 0 && this.#groups[0]!.number <= group) {
      for (const [entry, state] of this.#groups.shift()!.states) entry.saved = state;
    }
  }
}
