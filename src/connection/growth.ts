/** Interval at which a busy pool checks its connections, in ms. */
export const TICK_MS = 1;

/** Interval of the checks while all replies are prompt, in ms. Each check wakes the event loop. */
export const REST_MS = 8;

/**
 * Weight (number of jobs) in flight per connection, counting the next connection, below which more
 * connections do not help.
 */
export const MIN_WEIGHT = 8;

/** Maximum number of ticks that count for one late reply; see also {@linkcode SLOW_TICKS}. */
const MAX_TICKS = 2;

/**
 * A late reply counts one more for each of these numbers of ticks that it took, because a slow
 * server sends few replies.
 */
const SLOW_TICKS = 25;

/** Number of late replies, minus prompt ones, after which another connection is opened. */
const LATE_TO_GROW = 8;

/** Number of replies after which the pool checks if it has too many connections. */
const WINDOW = 300;

/** If fewer of these replies are late, a connection is closed. */
const MIN_LATE = WINDOW / 50;

/** The properties of a connection that are read at each tick. */
export interface ObservedConnection {
  /** Number of commands without a reply. */
  readonly load: number;
  /** Number of replies received. */
  readonly replies: number;
}

/** The commands of a connection that were in flight at an earlier tick. */
interface LastTick {
  /** Number of replies on the connection when all of these commands have theirs. */
  readonly due: number;
  /** Number of ticks since then. */
  readonly waitedTicks: number;
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
  #lastTick = new Map<ObservedConnection, LastTick>();
  #late = 0;
  #lateInWindow = 0;
  #hasCompared = false;
  #window = 0;

  /** Checks the connections. Returns the wanted change, if there is one. */
  tick(connections: readonly ObservedConnection[]): "more" | "fewer" | undefined {
    const thisTick = new Map<ObservedConnection, LastTick>();
    this.#hasCompared = this.#lastTick.size > 0;
    for (const one of connections) {
      const { load, replies } = one;
      const last = this.#lastTick.get(one);
      if (last !== undefined && replies < last.due) {
        thisTick.set(one, { due: last.due, waitedTicks: last.waitedTicks + 1 });
      } else {
        if (last !== undefined) this.#countReply(last.waitedTicks);
        if (load > 0) thisTick.set(one, { due: replies + load, waitedTicks: 0 });
      }
    }
    this.#lastTick = thisTick;
    if (this.#late >= LATE_TO_GROW) {
      this.#late = 0;
      return "more";
    }
    if (this.#window < WINDOW) return undefined;
    const isPrompt = this.#lateInWindow < MIN_LATE;
    this.#window = this.#lateInWindow = 0;
    return isPrompt ? "fewer" : undefined;
  }

  /** True if no connection is stuck and no recent reply was late: the next ticks can be skipped. */
  get isCalm(): boolean {
    if (this.#late > 0 || !this.#hasCompared) return false;
    for (const { waitedTicks } of this.#lastTick.values()) if (waitedTicks > 0) return false;
    return true;
  }

  /** Drops the state of the last tick: the time until the next tick is not counted. */
  reset(): void {
    this.#lastTick.clear();
  }

  #countReply(waitedTicks: number): void {
    this.#window++;
    if (waitedTicks > 0) this.#lateInWindow++;
    this.#late += waitedTicks === 0
      ? -1
      : Math.min(waitedTicks, MAX_TICKS) + Math.floor(waitedTicks / SLOW_TICKS);
    if (this.#late < 0) this.#late = 0;
  }
}
