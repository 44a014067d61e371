/**
 * Runs the checks of each join one after the other in this process. Calls that arrive while a check
 * waits share that check: it starts after they arrived, so it sees their tokens. Two checks at the
 * same time would only take each other's tokens.
 */
export class LookQueue {
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  /** Runs `look` when it is its turn, or shares a waiting one. */
  run(join: string, look: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(join);
    if (waiting !== undefined) return waiting;
    const before = this.#running.get(join);
    if (before === undefined) return this.#start(join, look);
    const next = before.then(() => {}, () => {}).then(() => {
      this.#waiting.delete(join);
      return this.#start(join, look);
    });
    this.#waiting.set(join, next);
    return next;
  }

  #start(join: string, look: () => Promise<void>): Promise<void> {
    const running = look().finally(() => {
      if (this.#running.get(join) === running) this.#running.delete(join);
    });
    this.#running.set(join, running);
    return running;
  }
}
