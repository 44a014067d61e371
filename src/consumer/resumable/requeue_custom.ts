type Custom = Readonly<Record<string, unknown>>;

/** Keys for the `custom` of a requeued job, by the outcome or error that the job ended with. */
const customOf = new WeakMap<object, Custom>();

/** Adds keys to the `custom` of a job that ends with this outcome or error and is requeued. */
export function withRequeueCustom<T extends object>(end: T, custom: Custom): T {
  customOf.set(end, custom);
  return end;
}

/** Returns the keys that {@linkcode withRequeueCustom} gave to this outcome or error. */
export function requeueCustomOf(end: unknown): Custom | undefined {
  return typeof end === "object" && end !== null ? customOf.get(end) : undefined;
}
