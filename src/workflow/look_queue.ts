/**
 * Runs the looks at each join one after the other in this process. Calls that come while one waits
 * for its turn share it: it starts later than they came, so it sees what they were made for. Two
 * looks at a time would only take each other's tokens.
 */
export class LookQueue {
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  /** Runs `look` in its turn, or has one that waits stand for it. */
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
