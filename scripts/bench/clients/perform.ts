import process from "node:process";
import type { Measurement, Task, Work } from "../task.ts";

/** How a client does each kind of work. */
export type Works = { readonly [Name in Work]?: (task: Task) => Promise<Measurement> };

/** Does the task that this process was started with, prints what was measured, and ends the process. */
export function perform(works: Works): void {
  const task: Task = JSON.parse(process.argv[2] ?? "null");
  const work = works[task.work];
  if (work === undefined) return die(new Error(`Cannot do ${task.work}`));
  work(task).then((measured) => {
    process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0));
  }, die);
}

/** Lets something go on beside what is measured; where it fails, all does. */
export function background(going: Promise<unknown>): void {
  going.catch(die);
}

/** What is called without a pause, so many times at once. */
export function callers(count: number, call: () => Promise<void>): void {
  for (let i = 0; i < count; i++) {
    background((async () => {
      while (true) await call();
    })());
  }
}

function die(error: unknown): void {
  console.error(error);
  process.exit(1);
}
