import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Program } from "../processes/program.ts";
import { planted } from "./planted.ts";
import { scenarios } from "./scenarios.ts";

const program = fileURLToPath(new URL("./program.ts", import.meta.url));

const skip = !existsSync(program) && "the program to run is not part of this build";

/** Number of programs that run at the same time. They mostly wait. */
const AT_ONCE = 3;

/** Time after which a program counts as hanging, in ms. */
const HANGS_MS = 60_000;

/** Warning of Node 22 about `node:sqlite`. */
const SQLITE_WARNING =
  /^(?:\(node:\d+\) ExperimentalWarning: SQLite .*|\(Use `node --trace-warnings .*)\n?/gm;

/**
 * Runs the tasks in a few runners, one after the other in each. Returns a function that waits for
 * the task of a name.
 */
function sharedBy<T>(names: readonly string[], task: (name: string) => Promise<T>) {
  const results = new Map<string, Promise<T>>();
  const runners = Array.from({ length: AT_ONCE }, () => Promise.resolve() as Promise<unknown>);
  names.forEach((name, i) => {
    const runner = i % AT_ONCE;
    const result = runners[runner]!.then(() => task(name));
    runners[runner] = result.catch(() => {});
    results.set(name, result);
  });
  return (name: string) => results.get(name)!;
}

/** Returns the exit code and the output of a scenario's program. */
async function end(name: string, ...patience: string[]) {
  await using run = new Program("../../leaks/program.ts", [name, ...patience]);
  // A program that hangs fails and does not delay the others.
  const timer = setTimeout(() => run.send("SIGKILL"), HANGS_MS);
  const { code } = await run.ended;
  clearTimeout(timer);
  await run.silent;
  return { code, output: run.output.replaceAll(SQLITE_WARNING, "").trimEnd() };
}

describe("a program's event loop is empty after", { skip }, () => {
  const names = Object.keys(scenarios);
  let ended: ReturnType<typeof sharedBy<Awaited<ReturnType<typeof end>>>> | undefined;
  for (const name of names) {
    it(name, async () => {
      ended ??= sharedBy(names, (name) => end(name));
      assert.deepEqual(await ended(name), { code: 0, output: "left []" });
    });
  }
});

describe("a leak is detected that comes from", { skip }, () => {
  for (const name of Object.keys(planted)) {
    it(name, async () => {
      // They never end, so a short wait is enough.
      const { code, output } = await end(name, "100");
      assert.notEqual(code, 0);
      assert.match(output, /held by|somebody still listens/);
    });
  }
});
