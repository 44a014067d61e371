import { Discard, type Job, Kill, RetryAfter, Snooze } from "../../mod.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";

/** The behaviours of jobs, named in their first argument. */
export const BEHAVIOURS = [
  "works",
  "waits",
  "fails once",
  "fails",
  "discards",
  "snoozes once",
  "retries later once",
  "kills",
  "runs too long",
  "ignores its signal",
] as const;

export type Behaviour = typeof BEHAVIOURS[number];

/** Number of steps of a resumable job, and the duration of each, in milliseconds. */
const STEPS = 5;
const STEP_MS = 400;

/** The context of a run. */
interface BehaviourContext {
  readonly process: SimulatedProcess;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Runs a job as its first argument says. */
export async function behave(
  { args, failure }: Job,
  { process, random, signal }: BehaviourContext,
): Promise<void> {
  const [behaviour, ms] = args as [Behaviour, number];
  const isFirst = failure === undefined;
  switch (behaviour) {
    case "works":
      return;
    case "waits":
      return await process.sleep(ms);
    case "fails once":
      if (isFirst) throw new Error("it fails once");
      return;
    case "fails":
      throw new Error("it fails");
    case "discards":
      throw new Discard("it is not wanted");
    case "snoozes once":
      if (random.chance(0.5)) throw new Snooze(ms / 100);
      return;
    case "retries later once":
      if (isFirst) throw new RetryAfter(ms / 100);
      return;
    case "kills":
      throw new Kill("it is bad");
    case "runs too long":
      return await new Promise((resolve, reject) => {
        const timer = process.schedule(90_000, resolve as () => void);
        signal.addEventListener("abort", () => {
          timer.callback = undefined;
          reject(signal.reason);
        }, { once: true });
      });
    case "ignores its signal":
      return await process.sleep(70_000);
  }
}

/** Returns the steps of a resumable job. `stepped` is called after each. */
export function stepsOf(process: SimulatedProcess, stepped: (jid: string, step: number) => void) {
  return async function* (
    { jid }: Job,
    { cursor = 0 }: { readonly cursor: number | undefined },
  ) {
    for (let step = cursor; step < STEPS; step++) {
      await process.sleep(STEP_MS);
      stepped(jid, step);
      yield step + 1;
    }
  };
}

/** Returns true if an error is an outcome that the job wants. */
export function isOutcome(error: unknown): boolean {
  return [Discard, Kill, RetryAfter, Snooze].some((outcome) => error instanceof outcome);
}

/** Returns true if a job fails in a handler of many jobs. */
export function failsNow({ args, failure }: Job): boolean {
  return args[0] === "fails" || args[0] === "fails once" && failure === undefined;
}
