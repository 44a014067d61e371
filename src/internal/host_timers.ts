import { builtinModule, runtime } from "./environment.ts";

/*
 * Timers and clocks of the runtime, taken when this module is loaded. Fake timers of test frameworks replace the globals
 * later, and a connection or a server in memory that waits by those waits until the test ends. So no other module of the
 * library uses these globals; `scripts/imports` checks it. What a user sees as the time of day (`created_at` of a new job,
 * the start of a fake server's clock) is read from the user's `Date` at the call.
 *
 * Marked as pure, so that a bundle that uses none of this leaves it out.
 */

type Timers = Pick<typeof globalThis, "setTimeout" | "clearTimeout">;

const genuine: Timers = /* @__PURE__ */ genuineTimers();
const now: () => number = /* @__PURE__ */ (() => Date.now)();
const elapsed: () => number = /* @__PURE__ */ (() => performance.now.bind(performance))();
/** When this thread started. */
const startedAt: number = /* @__PURE__ */ (() => now() - elapsed())();

/** The largest delay that `setTimeout` takes; past it, it fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Milliseconds since 1970. */
export function timeOfDay(): number {
  return isFrozen() ? timeInBun() : now();
}

/** Milliseconds since this thread started. */
export function sinceStart(): number {
  return isFrozen() ? timeInBun() - startedAt : elapsed();
}

/** Calls `callback` at the end of the turn, in a microtask. */
export const atEndOfTurn: (callback: () => void) => void = /* @__PURE__ */ genuineMicrotasks();

/** Calls `callback` once, after `ms` milliseconds; the function returned cancels that. */
export function startTimer(
  ms: number,
  callback: () => void,
  { setTimeout, clearTimeout }: Timers = genuine,
): () => void {
  if (isFrozen()) return waitInBun(ms, callback);
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
 * The timers of the runtime, also where fake ones were there before this module, as with Jest's
 * `enableGlobally`.
 */
function genuineTimers(): Timers {
  const { setTimeout, clearTimeout } = globalThis;
  const others = isFake(setTimeout) ? builtinModule<Timers>("node:timers") : undefined;
  return others === undefined || isFake(others.setTimeout) ? { setTimeout, clearTimeout } : others;
}

function genuineMicrotasks(): (callback: () => void) => void {
  const { queueMicrotask } = globalThis;
  return isFake(queueMicrotask)
    ? (callback) => void Promise.resolve().then(callback)
    : queueMicrotask;
}

/** Whether a function is one of a test framework's: they all mark theirs in one of these ways. */
function isFake(timer: (...args: never[]) => unknown): boolean {
  return "clock" in timer || "_isMockFunction" in timer;
}

/**
 * Whether Bun's own fake timers are in use. They act within the runtime, so that functions taken
 * before are fake as well.
 */
const isFrozen: () => boolean =
  /* @__PURE__ */ (() =>
    runtime() === "bun"
      ? () => (globalThis.setTimeout as { clock?: unknown }).clock === true
      : () => false)();

/**
 * The time of day, which Bun's fake timers stop everywhere but in its UUIDs: their first 48 bits
 * count milliseconds.
 */
function timeInBun(): number {
  const uuid = (globalThis as { Bun?: { randomUUIDv7?(): string } }).Bun?.randomUUIDv7?.();
  return uuid === undefined ? now() : Number(`0x${uuid.slice(0, 8)}${uuid.slice(9, 13)}`);
}

/** A timer that Bun's fake timers do not stop. */
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
 * Whether fake timers have replaced `process.nextTick`, by which sockets of `node:net` work.
 * Sinon's do so by default; those of Jest do so as well, but only to a copy of `process` that
 * sockets do not use.
 */
export function areTicksFake(): boolean {
  const { process } = globalThis as { process?: { nextTick?(...args: never[]): void } };
  return process?.nextTick !== undefined && isFake(process.nextTick);
}
