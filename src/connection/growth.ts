/** Interval at which a busy pool checks its connections, in ms. */
export const TICK_MS = 1;

/** Interval of the checks while all replies are prompt, in ms. Each check wakes the event loop. */
export const REST_MS = 8;

/**
 * Weight (number of jobs) in flight per connection, counting the next connection, below which more
 * connections do not help.
 */
export const LEAST_WEIGHT = 8;

/** Maximum number of ticks that count for one late reply; see also {@linkcode SLOW_TICKS}. */
const MOST_TICKS = 2;

/**
 * A late reply counts one more for each of these numbers of ticks that it took, because a slow
 * server sends few replies.
 */
const SLOW_TICKS = 25;

/** Number of late replies, minus prompt ones, after which another connection is opened. */
const ENOUGH = 8;

/** Number of replies after which the pool checks if it has too many connections. */
const WINDOW = 300;

/** If fewer of these replies are late, a connection is closed. */
const LEAST_LATE = WINDOW / 50;

/** A connection as seen at a tick. */
export interface Sampled {
  /** Number of commands without a reply. */
  readonly load: number;
  /** Number of reads that brought bytes. */
  readonly reads: number;
}

/** The state of a connection at the last tick. */
interface Seen {
  readonly reads: number;
  /** Number of ticks for which a command has waited without any bytes from the server. */
  readonly still: number;
}

/**
 * Decides how many connections a pool needs, by checking its connections at each tick. If most
 * replies take longer than a tick, the pool waits for the server and more connections help. If
 * almost none does, more connections only cost writes and reads.
 *
 * Between two ticks the event loop reads all sockets. If the client itself is busy or collects
 * garbage, it finds the replies that arrived meanwhile, so its own delays do not count. A server
 * that pauses once is one late reply.
 */
export class Growth {
  #seen = new Map<Sampled, Seen>();
  #late = 0;
  #lateInWindow = 0;
  #hasCompared = false;
  #window = 0;

  /** Checks the connections. Returns the wanted change, if there is one. */
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

  /** True if no connection is stuck and no recent reply was late: the next ticks can be skipped. */
  get isCalm(): boolean {
    if (this.#late > 0 || !this.#hasCompared) return false;
    for (const { still } of this.#seen.values()) if (still > 0) return false;
    return true;
  }

  /** Forgets the connections: the time until the next tick is not counted. */
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
