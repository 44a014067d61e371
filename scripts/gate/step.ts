/** How a step of the gate went. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** A line for each thing that failed or was skipped, said again at the end of the gate. */
  readonly notes?: readonly string[];
}

/** One step of the gate. */
export interface Step {
  readonly name: string;
  run(): Promise<Outcome>;
}

export const pass: Outcome = { passed: 1, failed: 0, skipped: 0 };

export function fail(note: string): Outcome {
  return { passed: 0, failed: 1, skipped: 0, notes: [`failed: ${note}`] };
}

export function skip(note: string): Outcome {
  return { passed: 0, failed: 0, skipped: 1, notes: [`skipped: ${note}`] };
}

function sum(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce<Outcome>((total, one) => ({
    passed: total.passed + one.passed,
    failed: total.failed + one.failed,
    skipped: total.skipped + one.skipped,
    notes: [...(total.notes ?? []), ...(one.notes ?? [])],
  }), { passed: 0, failed: 0, skipped: 0 });
}

/** Runs checks one after the other; one that throws has failed, and the rest run all the same. */
export async function sumOf(checks: Iterable<() => Promise<Outcome>>): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const check of checks) outcomes.push(await check().catch((error) => fail(String(error))));
  return sum(outcomes);
}

/** Steps that do not bear on each other: so many of them run at the same time, and each begins, in their order, as soon as there is room. */
export interface Group {
  readonly atOnce: number;
  readonly steps: readonly Step[];
}

/** Runs the steps in their order, each with its time, and ends with the sums; true when nothing failed. */
export async function runSteps(all: readonly (Step | Group)[]): Promise<boolean> {
  const outcomes: Outcome[] = [];
  for (const one of all) {
    outcomes.push(...("steps" in one ? await runGroup(one) : [await runStep(one)]));
  }
  const total = sum(outcomes);
  if (total.notes?.length) console.log(`\n${total.notes.join("\n")}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0;
}

async function runGroup({ atOnce, steps }: Group): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  // Shared by all runners, so that each step is run by one of them.
  const waiting = steps.values();
  async function runner() {
    for (const step of waiting) outcomes.push(await runStep(step));
  }
  await Promise.all(Array.from({ length: atOnce }, runner));
  return outcomes;
}

/** Runs one, and says how it went and how long that took. */
async function runStep({ name, run }: Step): Promise<Outcome> {
  console.log(`\n== ${name}`);
  const start = performance.now();
  const outcome = await sumOf([run]);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const notes = outcome.notes?.map((note) => `${name}: ${note}`) ?? [];
  for (const note of notes) console.log(note);
  // On a line of its own, whatever others that run have begun to say.
  console.log(`\n-- ${name}: ${outcome.failed === 0 ? "ok" : "FAILED"} in ${seconds} s`);
  return { ...outcome, notes };
}
