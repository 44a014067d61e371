import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Program } from "../processes/program.ts";
import { planted } from "./planted.ts";
import { scenarios } from "./scenarios.ts";

const program = fileURLToPath(new URL("./program.ts", import.meta.url));

const skip = !existsSync(program) && "the program to run is not part of this build";

/** Programs that run at the same time: most of their time is waiting. */
const AT_ONCE = 3;

/** A program that takes longer hangs, in milliseconds. */
const HANGS_MS = 60_000;

/** What Node 22 says by itself of `node:sqlite`. */
const SQLITE_WARNING =
  /^(?:\(node:\d+\) ExperimentalWarning: SQLite .*|\(Use `node --trace-warnings .*)\n?/gm;

/**
 * Runs one task after the other in each of a few runners; what is returned waits for the named one.
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

/** How the program of a scenario ended, and what it printed. */
async function end(name: string, ...patience: string[]) {
  await using run = new Program("../../leaks/program.ts", [name, ...patience]);
  // One that hangs is to fail, not to hold all others up.
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

describe("what is left is found of", { skip }, () => {
  for (const name of Object.keys(planted)) {
    it(name, async () => {
      // They hold for ever, so that they need not be held for long.
      const { code, output } = await end(name, "100");
      assert.notEqual(code, 0);
      assert.match(output, /held by|somebody still listens/);
    });
  }
});
