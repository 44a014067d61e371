/** A step of the gate. It rejects if something is wrong. */
export interface Step {
  readonly name: string;
  /** Runs the step. Resolves with the number of passed tests, if it is a test runner. */
  run(): Promise<number | void>;
}

/** Checks that were skipped, each with its reason. */
const skipped: string[] = [];

/** Reports that something is not checked, and why. */
export function skip(note: string): void {
  skipped.push(`skipped: ${note}`);
  console.log(skipped.at(-1));
}

/** Runs all checks in sequence, even if one fails, and then rejects with all faults. */
export async function all(checks: Iterable<() => Promise<unknown>>): Promise<void> {
  const faults: string[] = [];
  for (const check of checks) await check().catch((error) => faults.push(messageOf(error)));
  none(faults);
}

/** Waits for checks that run at the same time, and rejects with all faults. */
export async function allAtOnce(checks: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(checks);
  none(ends.flatMap((end) => end.status === "rejected" ? [messageOf(end.reason)] : []));
}

/** Throws an error with all faults, if there are any. */
export function none(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Number of steps that run at the same time. On two cores, because about half of the time of the
 * long steps is spent waiting.
 */
const AT_ONCE = 3;

/**
 * Runs groups of steps in sequence, and the steps of a group at the same time, started in their
 * order. Prints the time of each step, and at the end the failures, the skipped checks and the
 * sums. Returns true if nothing failed.
 */
export async function runSteps(...groups: readonly (readonly Step[])[]): Promise<boolean> {
  const failures: string[] = [];
  let passed = 0;
  async function runAll(waiting: Iterable<Step>) {
    for (const { name, run } of waiting) {
      const start = performance.now();
      const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
      try {
        // In two statements, because other steps add to the sum at the same time.
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
