/** Results of one kill, compared with what the server had confirmed before. */
export interface Survival {
  /** Jobs whose enqueue was confirmed. */
  readonly enqueued: number;
  /** Jobs whose completion was confirmed. */
  readonly completed: number;
  /** Confirmed jobs that were never completed, and that the restarted server does not have. */
  readonly lost: number;
  /** Jobs that the restarted server has although their completion was confirmed. */
  readonly again: number;
}

/** Records the confirmations that the clients of one server received until it was killed. */
export class Confirmations {
  readonly #first = Promise.withResolvers<void>();
  #made = 0;
  readonly #enqueued = new Set<number>();
  /** Jobs whose completion was sent. Without its reply they may be done or not. */
  readonly #completing = new Set<number>();
  readonly #completed = new Set<number>();

  /** Resolves with the first confirmed enqueue. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Number of the next job to enqueue. */
  next(): number {
    return this.#made++;
  }

  enqueued(job: number): void {
    this.#enqueued.add(job);
    this.#first.resolve();
  }

  completing(job: number): void {
    this.#completing.add(job);
  }

  completed(job: number): void {
    this.#completed.add(job);
  }

  /** Fewer than two thirds of the jobs were completed: a consumer may take another one. */
  get hasBacklog(): boolean {
    return this.#completing.size * 3 < this.#enqueued.size * 2;
  }

  /** Compares the confirmations with the jobs that the restarted server has. */
  compare(present: ReadonlySet<number>): Survival {
    const isLost = (job: number) => !this.#completing.has(job) && !present.has(job);
    return {
      enqueued: this.#enqueued.size,
      completed: this.#completed.size,
      lost: [...this.#enqueued].filter(isLost).length,
      again: [...this.#completed].filter((job) => present.has(job)).length,
    };
  }
}

const PREFIX = "job-";

/** Id of the job with this number. */
export function idOf(job: number): string {
  return `${PREFIX}${String(job).padStart(10, "0")}`;
}

/** Numbers of all job ids that occur in a text. */
export function jobsIn(text: string): Set<number> {
  const ids = text.matchAll(new RegExp(`${PREFIX}(\\d+)`, "g"));
  return new Set([...ids].map(([, number]) => Number(number)));
}
