/** Interval at which a busy pool looks at its connections, in ms. */
export const TICK_MS = 1;

/** Time between two looks while all replies are prompt, in ms: each look wakes the event loop. */
export const REST_MS = 8;

/**
 * Weight (jobs) in flight for each connection, the next one included, without which more are of no
 * use.
 */
export const LEAST_WEIGHT = 8;

/** A reply after this many ticks without one says as much as one after any more. */
const MOST_TICKS = 2;

/** The server is slow, and its replies are few: so many ticks without one say more. */
const SLOW_TICKS = 25;

/** Late replies, less prompt ones, after which another connection is opened. */
const ENOUGH = 8;

/** Replies over which it is decided whether there are too many connections. */
const WINDOW = 300;

/** If fewer of those replies are late, one connection is closed. */
const LEAST_LATE = WINDOW / 50;

/** A connection, as seen at a tick. */
export interface Sampled {
  /** Commands that wait for a reply. */
  readonly load: number;
  /** How often bytes arrived so far. */
  readonly reads: number;
}

/** What is known of a connection since the last tick. */
interface Seen {
  readonly reads: number;
  /** Ticks through which a command has waited without any bytes from the server. */
  readonly still: number;
}

/**
 * Decides, from a look at the connections of a pool at each tick, whether the pool waits for the
 * server: whether most replies take longer than a tick. If nearly none does, more connections only
 * cost writes and reads.
 *
 * Between two ticks the event loop reads all sockets. A client that is busy itself, or collects
 * garbage, then finds the replies that arrived meanwhile, so its own delays do not count. A server
 * that pauses once is one late reply.
 */
export class Growth {
  #seen = new Map<Sampled, Seen>();
  #late = 0;
  #lateInWindow = 0;
  #hasCompared = false;
  #window = 0;

  /** Looks at the connections. Returns whether another one is wanted, or one less. */
  tick(connections: readonly Sampled[]): "more" | "fewer" | undefined {
    const seen = new Map<Sampled, Seen>();
    this.#hasCompared = this.#seen.size > 0;
    for (const one of connections) {
      const last = this.#seen.get(one);
      const isStill = last !== undefined && last.reads === one.reads;
      if (last !== undefined && !isStill) this.#answered(last.still);
      if (one.load > 0) seen.set(one, { reads: one.reads, still: isStill ? last.still + 1 : 0 });
    }
    this.#seen = seen;
    if (this.#late >= ENOUGH) {
      this.#late = 0;
      return "more";
    }
    if (this.#window < WINDOW) return undefined;
    const isPrompt = this.#lateInWindow < LEAST_LATE;
    this.#window = this.#lateInWindow = 0;
    return isPrompt ? "fewer" : undefined;
  }

  /** No connection stands still, and no reply was late of late: the next ticks can be skipped. */
  get isCalm(): boolean {
    if (this.#late > 0 || !this.#hasCompared) return false;
    for (const { still } of this.#seen.values()) if (still > 0) return false;
    return true;
  }

  /** Forgets the connections: what happens until the next tick is not counted. */
  reset(): void {
    this.#seen.clear();
  }

  #answered(still: number): void {
    this.#window++;
    if (still > 0) this.#lateInWindow++;
    this.#late += still === 0 ? -1 : Math.min(still, MOST_TICKS) + Math.floor(still / SLOW_TICKS);
    if (this.#late < 0) this.#late = 0;
  }
}
