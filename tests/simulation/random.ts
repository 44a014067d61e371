import process from "node:process";
import { createJid } from "../../src/job/jid.ts";

/** Seeded random numbers: the same in every run and on every runtime. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
    // Otherwise consecutive seeds would begin with similar numbers.
    for (let i = 0; i < 4; i++) this.bits();
  }

  /** Returns 32 random bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** Returns a number from 0 to below 1. */
  next(): number {
    return this.bits() / 4294967296;
  }

  /** Returns an integer from 0 to below `max`. */
  int(max: number): number {
    return Math.floor(this.next() * max);
  }

  /** Returns an integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.int(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!;
  }

  /** Creates another source. Later calls of this one do not change its numbers. */
  fork(): Random {
    return new Random(this.bits());
  }
}

/** The first moment of every world, in milliseconds since 1970. */
export const START_MS = Date.UTC(2026, 0, 1);

/** The memory of every process of a world, in bytes. */
const MEMORY: NodeJS.MemoryUsage = {
  rss: 100 * 2 ** 20,
  heapTotal: 2 ** 26,
  heapUsed: 2 ** 25,
  external: 0,
  arrayBuffers: 0,
};

/** Options of {@linkcode seeded}. */
export interface SeededOptions {
  readonly random: Random;
  /** Returns the simulated time, in milliseconds. */
  nowMs(): number;
  /** True if errors have stacks. @default false */
  readonly hasStacks?: boolean | undefined;
}

/**
 * Runs `run` with all random numbers and clocks of the runtime replaced, so that the behaviour of
 * the code under test depends only on the seed. The runtime's timers are not replaced, because
 * nothing in a world uses them.
 */
export async function seeded<T>(
  { random, nowMs, hasStacks = false }: SeededOptions,
  run: () => Promise<T>,
): Promise<T> {
  const genuine = { random: Math.random, now: Date.now, memoryUsage: process.memoryUsage };
  const { stackTraceLimit } = Error as { stackTraceLimit?: number };
  const ownBytes = Object.getOwnPropertyDescriptor(crypto, "getRandomValues");
  Math.random = () => random.next();
  Date.now = () => START_MS + nowMs();
  // Its digits are part of commands and replies.
  process.memoryUsage = Object.assign(() => MEMORY, { rss: () => MEMORY.rss });
  // Most errors of a world are expected, and their stacks take much of its time.
  if (!hasStacks) Object.assign(Error, { stackTraceLimit: 0 });
  Object.defineProperty(crypto, "getRandomValues", {
    configurable: true,
    writable: true,
    value<Bytes extends ArrayBufferView>(view: Bytes): Bytes {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      for (let i = 0; i < bytes.length; i++) bytes[i] = random.bits();
      return view;
    },
  });
  try {
    // Consecutive ids share a random prefix. Uses up the present prefix, so that the next one comes
    // from the seed.
    while (!createJid().endsWith("AA"));
    return await run();
  } finally {
    Math.random = genuine.random;
    Date.now = genuine.now;
    process.memoryUsage = genuine.memoryUsage;
    Object.assign(Error, { stackTraceLimit });
    if (ownBytes !== undefined) Object.defineProperty(crypto, "getRandomValues", ownBytes);
    else delete (crypto as { getRandomValues?: unknown }).getRandomValues;
  }
}
