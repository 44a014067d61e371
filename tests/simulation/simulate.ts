import type { WorldOptions, WorldResult } from "./result.ts";
import { simulateWorld } from "./world.ts";

/** The worlds to simulate. */
export interface WorldsOptions extends WorldOptions {
  /** Number of jobs in one world. The worlds have consecutive seeds. @default 20000 */
  readonly perWorld?: number | undefined;
}

/** Default of {@linkcode WorldsOptions.perWorld}. */
export const JOBS_PER_WORLD = 20_000;

/** Simulates worlds until they have had `jobs` jobs in total. */
export async function* worlds(options: WorldsOptions): AsyncGenerator<WorldResult> {
  const { seed, jobs, perWorld = JOBS_PER_WORLD, ...rest } = options;
  for (let made = 0, next = seed; made < jobs; made += perWorld, next++) {
    yield await simulateWorld({ ...rest, seed: next, jobs: Math.min(perWorld, jobs - made) });
  }
}
