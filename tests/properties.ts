import { environmentVariable } from "../src/internal/environment.ts";

/** Start of all random sequences. */
export const seed = Number(environmentVariable("FAKTORY_TEST_SEED") ?? 1);

/** Factor for the number of cases, 1 in the gate. */
const factor = Number(environmentVariable("FAKTORY_TEST_RUNS") ?? 1);

/** Returns the number of cases of a test, and prints it. */
export function casesOf(what: string, count: number): number {
  const cases = Math.max(1, Math.round(count * factor));
  console.log(`${what}: ${cases} cases, seed ${seed}`);
  return cases;
}

/** Returns fast-check's options for a property with so many runs. */
export function parameters(what: string, count: number): { seed: number; numRuns: number } {
  return { seed, numRuns: casesOf(what, count) };
}

/** Returns a generator of random numbers from 0 to below 1: mulberry32. */
export function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
