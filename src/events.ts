import { InvalidArgumentError } from "./errors.ts";
import { nearestName } from "./internal/nearest.ts";
import { showValue } from "./internal/show.ts";
import { isThenable } from "./internal/thenable.ts";

/** A function that hears of an event. */
export type Listener<T> = (detail: T) => unknown;

/** A listener threw, or the promise that it gave rejected: what, and on which event. */
export interface ListenerFailure {
  /** The event that it was told of. */
  readonly event: string;
  /** What it threw. */
  readonly error: unknown;
}

/**
 * The names of all events: `{ .. } satisfies EventNames<Events>` does not compile if one is
 * missing.
 */
export type EventNames<Events> = Readonly<Record<keyof Events, true>>;

/**
 * Typed events. `Events` maps each event's name to what its listeners are given.
 *
 * A listener that throws, or whose promise rejects, harms neither the other listeners nor the one
 * who emits: the failure goes to the listeners of `listenerError`, and where that fails too it is
 * dropped.
 */
export class Emitter<Events extends { listenerError: ListenerFailure }> {
  readonly #names: EventNames<Events> | undefined;
  // A new array with each change, as most are told of far more often than they change.
  readonly #listeners = new Map<keyof Events, readonly Listener<never>[]>();

  /** With `names`, nobody can listen to an event that there is not. */
  constructor(names?: EventNames<Events>) {
    this.#names = names;
  }

  /**
   * Calls `listener` on every `event`; the function returned ends that.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` on an event that there is not, or a listener
   * that is no function.
   */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    this.#check(event, listener);
    const others = this.#without(event, listener);
    this.#listeners.set(event, [...others, listener]);
    return () => void this.#listeners.set(event, this.#without(event, listener));
  }

  /** Whether anybody listens, so that details need not be made for nobody. */
  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.length ?? 0) > 0;
  }

  /** Tells every listener of `event`. Never throws. */
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
