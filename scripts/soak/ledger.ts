const IS_CONFIRMED = 1;
const IS_DONE = 2;
const IS_IN_DOUBT = 4;

/** What became of each job, by its number: a byte each, so that the ledger itself does not grow. */
export class Ledger {
  sent = 0;
  done = 0;
  refused = 0;
  twice = 0;
  twiceInDoubt = 0;
  readonly #jobs: Uint8Array;
  /** Enqueues that have not resolved. */
  readonly #pending = new Set<number>();

  constructor(jobs: number) {
    this.#jobs = new Uint8Array(jobs);
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Jobs that the server was said to have and that have not ended well, or whose enqueue has not resolved. */
  get missing(): number {
    let missing = this.#pending.size;
    for (let i = 0; i < this.sent; i++) {
      if ((this.#jobs[i]! & (IS_CONFIRMED | IS_DONE)) === IS_CONFIRMED) missing++;
    }
    return missing;
  }

  /** A job is about to be enqueued; its number. */
  send(): number {
    this.#pending.add(this.sent);
    return this.sent++;
  }

  /** Its enqueue has resolved. */
  confirm(job: number): void {
    this.#pending.delete(job);
    this.#jobs[job]! |= IS_CONFIRMED;
  }

  /** Its enqueue has rejected. */
  refuse(job: number): void {
    this.#pending.delete(job);
    this.refused++;
  }

  /** A connection was lost: what is being enqueued may be sent again. */
  lost(): void {
    for (const job of this.#pending) this.#jobs[job]! |= IS_IN_DOUBT;
  }

  /** Whether it may be there twice. */
  isInDoubt(job: number): boolean {
    return (this.#jobs[job]! & IS_IN_DOUBT) !== 0;
  }

  /** Its handler has ended well. */
  end(job: number): void {
    const known = this.#jobs[job]!;
    if ((known & IS_DONE) === 0) this.done++;
    else if ((known & IS_IN_DOUBT) === 0) this.twice++;
    else this.twiceInDoubt++;
    this.#jobs[job]! |= IS_DONE;
  }
}
