import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { programOf } from "../../src/cli/program.ts";
import { runtime } from "../../src/internal/environment.ts";
import { Program, skipPrograms } from "../processes/program.ts";
import { withFolder } from "../server/data.ts";
import { withServer } from "./setting.ts";

const command = new URL("../../src/cli/mod.ts", import.meta.url);
const skip = skipPrograms || !existsSync(command) && "the command is not here as a source";

interface Setting {
  readonly producer: Producer;
  readonly path: string;
  write(text: string, name?: string): Promise<void>;
  /** Runs `faktory work` on the module, in a process of this runtime. */
  work(...flags: string[]): Program;
}

async function withSetting(text: string, use: (setting: Setting) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await withServer({}, async ({ url }) => {
      await using producer = await Producer.connect({ url });
      const write = (text: string, name = "handlers.ts") => writeFile(join(folder, name), text);
      // Makes Node treat it as an ES module at once.
      await write('{ "type": "module" }', "package.json");
      await write(text);
      const path = join(folder, "handlers.ts");
      await use({
        producer,
        path,
        write,
        work: (...flags) => new Program(command, ["work", path, ...flags], { FAKTORY_URL: url }),
      });
    });
  });
}

const greet = `
const front: string = "Hello";
setInterval(() => {}, 1000); // what is left open does not hold the command
export default {
  greet: ({ args: [name] }: { args: string[] }) => console.log(front + ", " + name + " " + process.pid),
};`;

const done = /^Stopped by a signal: (\d+) jobs? done, 0 failed, 0 requeued$/;

test("work runs TypeScript, and exits with 0 on SIGTERM and SIGINT", { skip }, async () => {
  await withSetting(greet, async ({ producer, work }) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await using program = work();
      await program.line(/^Ready: runs greet from default, 10 at a time, on tcp:/);
      await producer.enqueue("greet", ["world"]);
      await program.line(/^Hello, world \d+$/);
      await program.line(/^done greet /);
      program.send("SIGTTIN");
      await program.line(/^Worker \S+ is running and runs 0 jobs$/);
      program.send("SIGTSTP");
      await program.line(/^Quiet: fetches no more jobs$/);
      program.send(signal);
      assert.deepEqual(await program.line(done), ["1"]);
      assert.deepEqual(await program.ended, { code: 0, signal: null });
    }
  });
});

test("a module that waits forever ends with an error, not with status 0", {
  skip,
}, async () => {
  const never = "await new Promise(() => {});";
  const texts = [`export default async () => { ${never} };`];
  // Deno keeps waiting for the signal that would end it.
  if (runtime() !== "deno") texts.push(`${never} export default { a() {} };`);
  for (const text of texts) {
    await withSetting(text, async ({ path, work }) => {
      for (const flags of [[], ["--check"], ["--processes", "2"]]) {
        await using program = work(...flags);
        await program.silent;
        assert.equal(
          program.output,
          `faktory: Cannot load ${JSON.stringify(path)} as it waits for a promise that can never ` +
            "resolve; look for an await whose promise nothing resolves",
        );
        assert.deepEqual(await program.ended, { code: 65, signal: null });
      }
    });
  }
});

test("work --processes restarts a crashed process, and stops all", { skip }, async () => {
  await withSetting(greet, async ({ producer, work }) => {
    await using program = work("--processes", "2");
    const ready = /^\[(\d)\] Ready: /;
    assert.deepEqual((await program.lines(ready, 2)).flat().sort(), ["0", "1"]);
    await producer.enqueue("greet", ["world"]);
    const [pid] = await program.line(/^Hello, world (\d+)$/);
    await program.line(/^\[\d\] done greet /);
    assert.notEqual(Number(pid), program.pid);
    process.kill(Number(pid), "SIGKILL");
    await program.line(
      /^warn: Process \d was ended by SIGKILL; restarts in [\d.]+ s$/,
    );
    await program.lines(ready, 3);
    program.send("SIGTTIN");
    await program.lines(/^\[(\d)\] Worker \S+ is running /, 2);
    program.send("SIGTERM");
    await program.lines(/^\[\d\] Stopped by a signal: /, 2);
    assert.deepEqual(await program.ended, { code: 0, signal: null });
    await program.silent;
  });
});

test(
  "work exits with 1 when the process crashes, and returns its jobs",
  { skip },
  async () => {
    const handlers = `import process from "node:process";
    const hold = () => new Promise(() => {});
    export default {
      hold,
      throws() { setTimeout(() => { throw new TypeError("of a timer") }); return hold() },
      rejects() { Promise.reject(new TypeError("nobody waits")); return hold() },
      exits() { process.exit(0) },
    };`;
    await withSetting(handlers, async ({ producer, work }) => {
      const ends = {
        throws: /^error: Crashed by an uncaught exception: TypeError: of a timer /,
        rejects: /^error: Crashed by an unhandled rejection: TypeError: nobody waits /,
        exits: /^error: Crashed by .*: process\.exit\(0\) was called /,
      };
      await Promise.all(
        Object.entries(ends).map(async ([type, line]) => {
          await producer.enqueueMany([{ type: "hold", queue: type }, { type, queue: type }]);
          await using program = work("--queues", type);
          await program.line(line);
          await program.line(new RegExp(`^ +while running hold \\S+ of ${type}, attempt 1`));
          await program.line(/^Crashed: 0 jobs done, \d failed, \d requeued$/);
          assert.deepEqual(await program.ended, { code: 1, signal: null });
        }),
      );
      const { retries, working } = (await producer.info()).sets;
      assert.deepEqual([retries, working], [6, 0]);
    });
  },
);

test("a second signal reaches the jobs of all processes", { skip }, async () => {
  const hold = `export default { hold: (_: unknown, { signal }: { signal: AbortSignal }) => {
    console.log("holds");
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  } };`;
  await withSetting(hold, async ({ producer, work }) => {
    await using program = work("-p", "2", "-c", "1");
    await producer.enqueueMany([{ type: "hold", args: [] }, { type: "hold", args: [] }]);
    await program.lines(/^holds$/, 2);
    program.send("SIGINT");
    await program.lines(/^\[\d\] Stopping: waits up to 25 s for 1 job/, 2);
    program.send("SIGINT");
    await program.lines(/^\[\d\] warn: fail hold \S+ of default, .*JobAbortedError: /, 2);
    assert.deepEqual(await program.ended, { code: 0, signal: null });
  });
});

test(
  "--processes reports an error once, and --until-empty ends all processes",
  { skip },
  async () => {
    await withSetting("throw new Error('no database');", async ({ producer, write, work }) => {
      {
        await using program = work("--processes", "3");
        await program.silent;
        assert.match(
          program.output,
          /^faktory: Cannot load [^\n]+: no database \([^\n]+\); fix[^\n]+$/,
        );
        assert.deepEqual(await program.ended, { code: 65, signal: null });
      }
      await write(greet);
      await producer.enqueue("greet", ["world"]);
      await using program = work("--processes", "2", "--until-empty");
      await program.lines(/^\[\d\] The queues are empty: /, 2);
      assert.deepEqual(await program.ended, { code: 0, signal: null });
    });
  },
);

test(
  "work --watch restarts after a change, and waits if the module is broken",
  { skip },
  async () => {
    const handlers = `import { greeting } from "./lib.ts";
    export default { greet: () => console.log(greeting) };`;
    await withSetting(handlers, async ({ producer, write, work }) => {
      await write(`export const greeting: string = "hello one";`, "lib.ts");
      await using program = work("--watch");
      await program.line(/^Ready: /);
      await producer.enqueue("greet", []);
      await program.line(/^hello one$/);

      await write(`export const greeting: string = "hello two";`, "lib.ts");
      await program.line(/^Changed: \S*lib\.ts$/);
      await program.lines(/^Ready: /, 2);
      await producer.enqueue("greet", []);
      await program.line(/^hello two$/);

      await write(`export const greeting = ;`, "lib.ts");
      await program.line(
        /^faktory: Cannot load \S+ as it fails: .* \(\S*lib\.ts:1:\d+\); fix the module$/,
      );
      await program.line(/^Ended with status 65; waiting for a change$/);

      await write(`export const greeting: string = "hello three";`, "lib.ts");
      await program.lines(/^Ready: /, 3);
      await producer.enqueue("greet", []);
      await program.line(/^hello three$/);
      program.send("SIGTERM");
      assert.deepEqual(await program.ended, { code: 0, signal: null });
    });
  },
);

test("work --watch ends if no change of its files can help", { skip }, async () => {
  await withSetting(greet, async ({ work }) => {
    await using program = work("--watch", "--url", "tcp://127.0.0.1:1");
    await program.silent;
    assert.match(program.output, /^faktory: Cannot connect to [^\n]+$/);
    assert.deepEqual(await program.ended, { code: 69, signal: null });
  });
});

test("another process of the command is started like this one", () => {
  const script = "/app/node_modules/.bin/faktory";
  const cached = "/npm/registry.example/@faktory-ts/faktory/0.1.0/src/cli/mod.js";
  assert.equal(programOf(script, undefined), script);
  for (
    const [main, program] of [
      ["jsr:@faktory-ts/faktory/cli", "jsr:@faktory-ts/faktory/cli"],
      ["file:///app/src/cli/mod.ts", "file:///app/src/cli/mod.ts"],
      [
        "file:///app/node_modules/@faktory-ts/faktory/src/cli/mod.js",
        "file:///app/node_modules/@faktory-ts/faktory/src/cli/mod.js",
      ],
      [`file:///home/me/.cache/deno${cached}`, "npm:@faktory-ts/faktory@0.1.0"],
    ]
  ) assert.equal(programOf(script, main), program);
});
