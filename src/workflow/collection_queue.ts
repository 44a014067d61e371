/**
 * Collects the tokens of a join once at a time in this process. A call that arrives while another
 * one waits shares its collection, which starts later and so finds the tokens of both calls. Two
 * collections at the same time would only take each other's tokens.
 */
export class CollectionQueue {
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  /** Runs `collect` when the present collection of the join has ended, or shares one that waits. */
  run(join: string, collect: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(join);
    if (waiting !== undefined) return waiting;
    const before = this.#running.get(join);
    if (before === undefined) return this.#start(join, collect);
    const next = before.then(() => {}, () => {}).then(() => {
      this.#waiting.delete(join);
      return this.#start(join, collect);
    });
    this.#waiting.set(join, next);
    return next;
  }

  #start(join: string, collect: () => Promise<void>): Promise<void> {
    const running = collect().finally(() => {
      if (this.#running.get(join) === running) this.#running.delete(join);
    });
    this.#running.set(join, running);
    return running;
  }
}
