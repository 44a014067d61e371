import { InvalidArgumentError } from "./errors.ts";
import { nearestName } from "./internal/nearest.ts";
import { showValue } from "./internal/show.ts";
import { isThenable } from "./internal/thenable.ts";

/** A function that is called on an event. */
export type Listener<T> = (detail: T) => unknown;

/** An error of a listener: it threw, or its promise rejected. */
export interface ListenerFailure {
  /** The name of the event. */
  readonly event: string;
  /** The error that it threw. */
  readonly error: unknown;
}

/**
 * The names of all events. `{ .. } satisfies EventNames<Events>` does not compile if one is
 * missing.
 */
export type EventNames<Events> = Readonly<Record<keyof Events, true>>;

/**
 * A typed event emitter. `Events` maps each event's name to the argument of its listeners.
 *
 * If a listener throws or its promise rejects, the other listeners and the emitting code go on. The
 * error is emitted as `listenerError`. An error of a `listenerError` listener is dropped.
 */
export class Emitter<Events extends { listenerError: ListenerFailure }> {
  readonly #names: EventNames<Events> | undefined;
  // An array is replaced, never changed, because events are emitted far more often than listeners
  // are added.
  readonly #listeners = new Map<keyof Events, readonly Listener<never>[]>();

  /** If `names` is given, `on` refuses other names. */
  constructor(names?: EventNames<Events>) {
    this.#names = names;
  }

  /**
   * Calls `listener` on every `event`. Returns a function that removes the listener.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if there is no such event, or the listener is
   * not a function.
   */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    this.#check(event, listener);
    const others = this.#without(event, listener);
    this.#listeners.set(event, [...others, listener]);
    return () => void this.#listeners.set(event, this.#without(event, listener));
  }

  /** Returns true if the event has listeners. Callers use this to skip building the detail. */
  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.length ?? 0) > 0;
  }

  /** Calls every listener of `event`. Never throws. */
  emit<Name extends keyof Events>(event: Name, detail: Events[Name]): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    for (const listener of listeners as readonly Listener<Events[Name]>[]) {
      try {
        const result = listener(detail);
        if (isThenable(result)) result.then(undefined, (error) => this.#failed(event, error));
      } catch (error) {
        this.#failed(event, error);
      }
    }
  }

  #check(event: unknown, listener: unknown): void {
    const names = this.#names;
    if (names === undefined) return;
    if (typeof event !== "string" || !Object.hasOwn(names, event)) {
      const meant = nearestName(String(event), Object.keys(names));
      const hint = meant === undefined
        ? `: the events are ${Object.keys(names).join(", ")}`
        : `: did you mean ${meant}?`;
      throw refused(`there is no event ${showValue(event)}${hint}`);
    }
    if (typeof listener === "function") return;
    throw refused(`the listener is not a function: got ${showValue(listener)}`);
  }

  #without(event: keyof Events, listener: Listener<never>): readonly Listener<never>[] {
    return this.#listeners.get(event)?.filter((other) => other !== listener) ?? [];
  }

  #failed(event: keyof Events, error: unknown): void {
    if (event === "listenerError") return;
    this.emit("listenerError", { event: String(event), error } as Events["listenerError"]);
  }
}

function refused(reason: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", `Cannot listen as ${reason}`);
}
