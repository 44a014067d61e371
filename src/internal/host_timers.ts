import { builtinModule, runtime } from "./environment.ts";

/*
 * The runtime's timers and clocks, stored when this module is loaded. Fake timers of test
 * frameworks replace the globals later. A connection or a server in memory that used those would
 * wait until the test ends, so no other module of the library uses these globals; `scripts/imports`
 * checks that. The time of day that users see (`created_at` of a new job, the start of a fake
 * server's clock) is read from the user's `Date` at the call.
 *
 * Marked as pure, so that a bundle that does not use them leaves them out.
 */

type Timers = Pick<typeof globalThis, "setTimeout" | "clearTimeout">;

const realTimers: Timers = /* @__PURE__ */ findRealTimers();
const immediate: ((callback: () => void) => void) | undefined = /* @__PURE__ */ findRealImmediate();
const now: () => number = /* @__PURE__ */ (() => Date.now)();
const elapsed: () => number = /* @__PURE__ */ (() => performance.now.bind(performance))();
/** Time at which this thread started. */
const startedAt: number = /* @__PURE__ */ (() => now() - elapsed())();

/** Longest delay of `setTimeout`. With a longer one it fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Returns the milliseconds since 1970. */
export function timeOfDay(): number {
  return hasBunFakeTimers() ? timeInBun() : now();
}

/** Returns the milliseconds since this thread started. */
export function sinceStart(): number {
  return hasBunFakeTimers() ? timeInBun() - startedAt : elapsed();
}

/** Calls `callback` at the end of the turn, in a microtask. */
export const atEndOfTurn: (callback: () => void) => void = /* @__PURE__ */ findRealMicrotasks();

/**
 * Calls `callback` after the event loop has polled its sockets once more. Without a real
 * `setImmediate`, calls it at the end of the turn. Deno polls its sockets less often.
 */
export function afterSockets(callback: () => void): void {
  if (immediate === undefined || hasBunFakeTimers()) return atEndOfTurn(callback);
  // The event loop may call the first callback before it polls the sockets, but not the second.
  immediate(() => immediate(callback));
}

/** Calls `callback` once after `ms` milliseconds. Returns a function that cancels this. */
export function startTimer(
  ms: number,
  callback: () => void,
  { setTimeout, clearTimeout }: Timers = realTimers,
): () => void {
  if (hasBunFakeTimers()) return waitInBun(ms, callback);
  let timer: ReturnType<typeof setTimeout>;
  function wait(leftMs: number) {
    timer = leftMs > MAX_DELAY_MS
      ? setTimeout(() => wait(leftMs - MAX_DELAY_MS), MAX_DELAY_MS)
      : setTimeout(callback, Math.max(leftMs, 0));
  }
  wait(ms);
  return () => clearTimeout(timer);
}

/**
 * Returns the real timers of the runtime, even if fake ones were installed before this module was
 * loaded, as with Jest's `enableGlobally`.
 */
function findRealTimers(): Timers {
  const { setTimeout, clearTimeout } = globalThis;
  const others = isFake(setTimeout) ? builtinModule<Timers>("node:timers") : undefined;
  return others === undefined || isFake(others.setTimeout) ? { setTimeout, clearTimeout } : others;
}

function findRealMicrotasks(): (callback: () => void) => void {
  const { queueMicrotask } = globalThis;
  return isFake(queueMicrotask)
    ? (callback) => void Promise.resolve().then(callback)
    : queueMicrotask;
}

function findRealImmediate(): ((callback: () => void) => void) | undefined {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  return setImmediate === undefined || isFake(setImmediate) ? undefined : setImmediate;
}

/** Returns true if the function is a fake. All test frameworks mark theirs in one of these ways. */
function isFake(timer: (...args: never[]) => unknown): boolean {
  return "clock" in timer || "_isMockFunction" in timer;
}

/**
 * Returns true while Bun's own fake timers are in use. They work inside the runtime, so functions
 * that were stored before are fake too.
 */
const hasBunFakeTimers: () => boolean =
  /* @__PURE__ */ (() =>
    runtime() === "bun"
      ? () => (globalThis.setTimeout as { clock?: unknown }).clock === true
      : () => false)();

/**
 * Returns the time of day. Bun's fake timers stop all clocks except for the UUIDs, whose first 48
 * bits count milliseconds.
 */
function timeInBun(): number {
  const uuid = (globalThis as { Bun?: { randomUUIDv7?(): string } }).Bun?.randomUUIDv7?.();
  return uuid === undefined ? now() : Number(`0x${uuid.slice(0, 8)}${uuid.slice(9, 13)}`);
}

/** Starts a timer that Bun's fake timers do not stop. */
function waitInBun(ms: number, callback: () => void): () => void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const { value } = Atomics.waitAsync(cell, 0, 0, Math.max(ms, 1));
  let isCancelled = false;
  void Promise.resolve(value).then(() => isCancelled || callback());
  return () => {
    isCancelled = true;
    Atomics.notify(cell, 0);
  };
}

/**
 * Returns true if fake timers have replaced `process.nextTick`, which the sockets of `node:net`
 * depend on. Sinon does that by default. Jest does it too, but only in a copy of `process` that
 * sockets do not use.
 */
export function areTicksFake(): boolean {
  const { process } = globalThis as { process?: { nextTick?(...args: never[]): void } };
  return process?.nextTick !== undefined && isFake(process.nextTick);
}
