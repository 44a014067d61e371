import type { WorldOptions, WorldResult } from "./result.ts";
import { simulateWorld } from "./world.ts";

/** Which worlds to make. */
export interface WorldsOptions extends WorldOptions {
  /** Jobs of one world; the seeds of the worlds follow on each other. @default 20000 */
  readonly perWorld?: number | undefined;
}

/** Jobs of a world, unless it is said otherwise. */
export const JOBS_PER_WORLD = 20_000;

/** Makes worlds until they had so many jobs together. */
export async function* worlds(options: WorldsOptions): AsyncGenerator<WorldResult> {
  const { seed, jobs, perWorld = JOBS_PER_WORLD, ...rest } = options;
  for (let made = 0, next = seed; made < jobs; made += perWorld, next++) {
    yield await simulateWorld({ ...rest, seed: next, jobs: Math.min(perWorld, jobs - made) });
  }
}
