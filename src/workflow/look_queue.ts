/**
 * Runs the functions that collect the tokens of a join (*looks*) one at a time in this process. A
 * call that arrives while a look waits shares that look, which starts later and so sees the tokens
 * of the call. Two looks at the same time would only take each other's tokens.
 */
export class LookQueue {
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  /** Runs `look` when the present look of the join has ended, or shares the look that waits. */
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
