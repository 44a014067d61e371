import { setImmediate } from "node:timers";

/** An event at a simulated time. Without a callback, it is cancelled. */
export interface TimelineEvent {
  callback: (() => void) | undefined;
}

/**
 * The simulated time of a world, in whole milliseconds. Events of the same millisecond run in the
 * order in which they were scheduled. After each millisecond with events, all microtasks run before
 * time advances.
 */
export class Timeline {
  /** Milliseconds since the start of the world. */
  now = 0;
  /** Number of milliseconds with events. */
  turns = 0;
  readonly #events = new Map<number, TimelineEvent[]>();
  /** The times in `#events`, as a binary heap. */
  readonly #moments: number[] = [];

  /** Schedules a callback at `ms`, but not before the next millisecond. */
  at(ms: number, callback: () => void): TimelineEvent {
    const event: TimelineEvent = { callback };
    const moment = Math.max(Math.ceil(ms), this.now + 1);
    const others = this.#events.get(moment);
    if (others !== undefined) {
      others.push(event);
    } else {
      this.#events.set(moment, [event]);
      this.#push(moment);
    }
    return event;
  }

  /** Advances until `isOver` returns true, or until `untilMs`. Returns false in the second case. */
  async run(isOver: () => boolean, untilMs: number): Promise<boolean> {
    await turn();
    while (!isOver()) {
      const moment = this.#moments[0];
      if (moment === undefined || moment > untilMs) {
        // Otherwise a wait would take no time if nothing happens in it.
        this.now = Math.max(this.now, untilMs);
        return false;
      }
      this.#pop();
      this.now = moment;
      const events = this.#events.get(moment)!;
      this.#events.delete(moment);
      this.turns++;
      for (const event of events) {
        const { callback } = event;
        event.callback = undefined;
        callback?.();
      }
      await turn();
    }
    return true;
  }

  #push(moment: number): void {
    const heap = this.#moments;
    let at = heap.push(moment) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= moment) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = moment;
  }

  #pop(): void {
    const heap = this.#moments;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= last) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/** Resolves when no microtask is left: nothing in a world uses sockets or timers of the runtime. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
