/** A step of the gate. It rejects if something is wrong. */
export interface Step {
  readonly name: string;
  /** Resolves with the number of tests that passed, if it is a runner of tests. */
  run(): Promise<number | void>;
}

/** Checks that were skipped, each with its reason. */
const skipped: string[] = [];

/** Notes that something is not checked here, and why. */
export function skip(note: string): void {
  skipped.push(`skipped: ${note}`);
  console.log(skipped.at(-1));
}

/**
 * Runs checks one after the other, the rest even if one fails, and rejects with all that is wrong.
 */
export async function all(checks: Iterable<() => Promise<unknown>>): Promise<void> {
  const faults: string[] = [];
  for (const check of checks) await check().catch((error) => faults.push(messageOf(error)));
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

/** Rejects with the faults, if there are any. */
export function none(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Steps at the same time on two cores: half of a step's time is waiting for servers and timers. */
const AT_ONCE = 2;

/**
 * Runs groups of steps one after the other, the steps of each side by side, started in their order.
 * Prints each with its time, and at the end what failed, what was skipped, and the sums. Whether
 * nothing failed.
 */
export async function runSteps(...groups: readonly (readonly Step[])[]): Promise<boolean> {
  const failures: string[] = [];
  let passed = 0;
  async function runAll(waiting: Iterable<Step>) {
    for (const { name, run } of waiting) {
      const start = performance.now();
      const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
      try {
        // In two statements: other steps add to the sum meanwhile.
        const count = await run() ?? 1;
        passed += count;
        console.log(`-- ${name}: ok in ${seconds()}`);
      } catch (error) {
        failures.push(`failed: ${name}`);
        console.log(`\n== ${name}\n${messageOf(error)}\n-- ${name}: FAILED in ${seconds()}`);
      }
    }
  }
  for (const group of groups) {
    // Shared, so that each step is run once.
    const waiting = group.values();
    await Promise.all(Array.from({ length: AT_ONCE }, () => runAll(waiting)));
  }
  console.log(["", ...skipped, ...failures].join("\n"));
  console.log(`\n${passed} passed, ${failures.length} failed, ${skipped.length} skipped`);
  return failures.length === 0;
}
