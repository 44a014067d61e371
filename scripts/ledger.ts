/** Flags of a job. */
const [CONFIRMED, DONE, IN_DOUBT, RESERVED, ENDING] = [1, 2, 4, 8, 16] as const;

/**
 * State of each job by its number, one byte each, so that the ledger itself does not grow. The soak
 * records reports of a producer and a consumer; the crash loop and the survival table record the
 * confirmations of a server.
 */
export class Ledger {
  /** Jobs whose enqueue began. */
  sent = 0;
  /** Jobs that the server confirmed. */
  confirmed = 0;
  /** Jobs whose ACK was sent, in the crash loop. */
  ending = 0;
  done = 0;
  refused = 0;
  twice = 0;
  twiceInDoubt = 0;
  /** Contradictions between a server's confirmations and its behaviour, a line each. */
  readonly violations: string[] = [];
  readonly #jobs: Uint8Array;
  /** Jobs whose enqueue has not settled. */
  readonly #pending = new Set<number>();

  constructor(capacity: number) {
    this.#jobs = new Uint8Array(capacity);
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Jobs that are confirmed and not done, or whose enqueue has not settled. */
  get missing(): number {
    let missing = this.#pending.size;
    for (let job = 0; job < this.sent; job++) {
      if (this.#is(job, CONFIRMED) && !this.#is(job, DONE)) missing++;
    }
    return missing;
  }

  /** Records that a job is about to be enqueued. Returns its number. */
  send(): number {
    this.#pending.add(this.sent);
    return this.sent++;
  }

  confirm(job: number): void {
    // Another program may choose the numbers.
    this.sent = Math.max(this.sent, job + 1);
    this.#pending.delete(job);
    this.#jobs[job]! |= CONFIRMED;
    this.confirmed++;
  }

  refuse(job: number): void {
    this.#pending.delete(job);
    this.refused++;
  }

  /** Marks all pending enqueues as in doubt, because they may be sent again. */
  lost(): void {
    for (const job of this.#pending) this.#jobs[job]! |= IN_DOUBT;
  }

  /** Returns true if the job may have been enqueued twice. */
  isInDoubt(job: number): boolean {
    return this.#is(job, IN_DOUBT);
  }

  /** Records that the server handed out a job. */
  give(job: number): void {
    if (this.#is(job, DONE)) this.violations.push(`job ${job} ran again after its ACK`);
    else if (this.#is(job, RESERVED)) this.violations.push(`job ${job} ran while it was reserved`);
    this.#jobs[job]! |= RESERVED;
  }

  /** Records that the job failed and may be handed out again. */
  release(job: number): void {
    this.#jobs[job]! &= ~RESERVED;
  }

  /**
   * Records that an ACK is about to be sent. Until its confirmation, the job may be done or not.
   */
  acknowledge(job: number): void {
    this.ending++;
    this.#jobs[job]! |= ENDING;
  }

  /** Records that the job succeeded and, in the crash loop, that its ACK was confirmed. */
  end(job: number): void {
    if (!this.#is(job, DONE)) this.done++;
    else if (this.isInDoubt(job)) this.twiceInDoubt++;
    else this.twice++;
    this.#jobs[job]! |= DONE;
  }

  /**
   * Compares the records with all jobs that a server has. Returns the number of confirmed jobs that
   * are lost, and of jobs that are there after their ACK was confirmed.
   */
  compare(present: Iterable<number>): { lost: number; again: number } {
    const jobs = [...present];
    const there = new Set(jobs);
    const lost: number[] = [];
    for (let job = 0; job < this.sent; job++) {
      const isOpen = this.#is(job, CONFIRMED) && !this.#is(job, DONE | ENDING);
      if (isOpen && !there.has(job)) lost.push(job);
    }
    const again = [...there].filter((job) => this.#is(job, DONE));
    const twice = jobs.length - there.size;
    for (const job of lost) this.violations.push(`job ${job} was confirmed and is lost`);
    for (const job of again) this.violations.push(`job ${job} is there after its ACK`);
    if (twice > 0) this.violations.push(`${twice} jobs are there twice`);
    return { lost: lost.length, again: again.length };
  }

  /** Returns true if any of the flags is set. */
  #is(job: number, flags: number): boolean {
    return (this.#jobs[job]! & flags) !== 0;
  }
}
