import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { defineJobs, job, Producer } from "../../mod.ts";
import type { Crash } from "../../src/cli/crashes.ts";
import { Interruption } from "../../src/cli/io.ts";
import { deferred } from "../../src/internal/deferred.ts";
import type { FaktoryServer } from "../../src/server/mod.ts";
import type { SignalActions } from "../../src/signals/process_signals.ts";
import { withFolder } from "../server/data.ts";
import {
  type CommandEnvironment,
  type CommandResult,
  faktory,
  untimed,
  withServer,
} from "./setting.ts";

/** Shared with the modules of this test. */
const shared: Record<string, unknown> = {};
Object.assign(globalThis, { shared });

interface Setting {
  readonly server: FaktoryServer;
  readonly producer: Producer;
  /** Writes a module. Returns its path. */
  module(text: string, name?: string): Promise<string>;
  /** Runs `faktory work` with the server's URL. */
  work(args: readonly string[], surroundings?: CommandEnvironment): Promise<CommandResult>;
}

/** Calls `use` with a server, a producer and a folder for modules. */
async function withSetting(use: (setting: Setting) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await withServer({}, async (server) => {
      await using producer = await Producer.connect({ url: server.url });
      await use({
        server,
        producer,
        async module(text, name = "handlers.mjs") {
          const path = join(folder, name);
          await writeFile(path, text);
          return path;
        },
        work: (args, surroundings) => faktory(["work", ...args, "--url", server.url], surroundings),
      });
    });
  });
}

/** Returns the events of a command with `--json`, without their times. */
function events(stdout: string): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => {
    const { time, ...event } = JSON.parse(line);
    assert.equal(new Date(time).toISOString(), time);
    return event;
  });
}

test("work runs the jobs of a module's default export, and logs each", async () => {
  await withSetting(async ({ producer, module, work, server: { port } }) => {
    const path = await module(`export default {
      greet: (job) => { shared.greeted = job.args },
      fail() { throw new TypeError("no way\\nhere") },
    };`);
    const [greet, fail] = [
      await producer.enqueue("greet", ["world"]),
      await producer.enqueue("fail", []),
    ];
    const { status, stdout, stderr } = await work([path, "--until-empty", "-c", "1"]);
    assert.equal(status, 0);
    assert.deepEqual(shared["greeted"], ["world"]);
    const [ready, done, end, ...more] = untimed(stdout).split("\n");
    const [failed, frame] = untimed(stderr).split("\n");
    assert.equal(
      ready,
      `Ready: runs fail, greet from default, 1 at a time, on tcp://127.0.0.1:${port}`,
    );
    assert.match(done ?? "", new RegExp(`^done greet ${greet} in [\\d.]+ ms$`));
    assert.match(
      failed ?? "",
      new RegExp(
        `^warn: fail fail ${fail} of default, attempt 1, after [\\d.]+ ms: ` +
          "TypeError: no way \\(\\S*handlers.mjs:3:\\d+\\); will be retried in about (29|30) s$",
      ),
    );
    assert.match(frame ?? "", /^ {4}at .*handlers\.mjs:3:/);
    assert.equal(end, "The queues are empty: 1 job done, 1 failed, 0 requeued");
    assert.deepEqual(more, [""]);
  });
});

test("work --json prints the parts of an error separately and in full", async () => {
  await withSetting(async ({ producer, module, work }) => {
    const path = await module(`export default {
      known() { throw Object.assign(new TypeError("no way\\nhere"), { code: "NO_WAY" }) },
      odd() { const code = {}; code.code = code; throw { name: 7n, code } },
      text() { throw "up" },
    };`);
    for (const type of ["known", "odd", "text"]) await producer.enqueue(type, [], { retry: 0 });
    const { stdout } = await work([path, "--until-empty", "--json", "-c", "1"]);
    const [known, ...others] = events(stdout).filter(({ event }) => event === "fail")
      .map(({ error }) => error as Record<string, unknown>);
    const { stack, ...rest } = known ?? {};
    assert.deepEqual(rest, { name: "TypeError", message: "no way\nhere", code: "NO_WAY" });
    assert.match(String(stack), /handlers\.mjs/);
    assert.deepEqual(others, [{ message: "" }, { message: "up" }]);
  });
});

test("work --json prints events, and --quiet omits single jobs", async () => {
  await withSetting(async ({ producer, module, work, server: { port } }) => {
    const path = await module(`export const handlers = {
      greet: { handler(_, { log }) { log.info("hello", { to: "you" }); log.debug("no") }, concurrency: 1 },
    };`);
    const jid = await producer.enqueue("greet", ["world"]);
    const { stdout } = await work([path, "--json", "--max-jobs", "1", "-q", "b=2,default"]);
    const [ready, log, done, end] = events(stdout);
    const { wid, ...facts } = ready ?? {};
    assert.equal(typeof wid, "string");
    assert.deepEqual(facts, {
      ...{ level: "info", event: "ready" },
      url: `tcp://127.0.0.1:${port}`,
      types: ["greet"],
      queues: { b: 2, default: 1 },
      concurrency: 10,
    });
    const about = { jid, type: "greet", queue: "default" };
    const entry = { level: "info", event: "log", message: "hello", to: "you" };
    assert.deepEqual(log, { ...entry, ...about, attempt: 1 });
    assert.deepEqual(done, {
      level: "info",
      event: "done",
      ...about,
      elapsedMs: done?.["elapsedMs"],
    });
    const left = { unfinished: [], unreported: [] };
    const counts = { done: 1, failed: 0, dead: 0, dropped: 0 };
    assert.deepEqual(end, { level: "info", event: "end", reason: "limit", ...counts, ...left });

    await producer.enqueue("greet", []);
    const quiet = await work([path, "--quiet", "--max-jobs", "1", "--queues", "a, default"]);
    assert.match(
      untimed(quiet.stdout),
      /^Ready: runs greet from a, default, [^\n]+\ninfo greet \S+: hello \{"to":"you"\}\nReached the limit /,
    );
  });
});

test("failed and dead jobs are logged even with --quiet, with their causes", async () => {
  await withSetting(async ({ producer, module, work }) => {
    const path = await module(`export default {
      fails() { throw new Error("outer", { cause: new TypeError("inner") }) },
      done() {},
    };`);
    await producer.enqueue("done", []);
    const jids: string[] = [];
    for (const retry of [5, -1, 0]) jids.push(await producer.enqueue("fails", [], { retry }));
    const args = [path, "--quiet", "--until-empty", "-c", "1"];
    const { stdout, stderr } = await work(args);
    assert.match(
      untimed(stdout),
      /^Ready: .*\nThe queues are empty: 1 job done, 3 failed \(1 dead, 1 dropped\), /,
    );
    const lines = untimed(stderr).split("\n").filter((line) => !/^ {4}at /.test(line));
    const fails = (jid: string, next: string) =>
      new RegExp(`^warn: fail fails ${jid} of default, attempt 1, .*: outer \\(.*\\); ${next}`);
    const patterns = [
      ...[
        fails(jids[0]!, "will be retried in about (29|30) s$"),
        /^ {4}caused by TypeError: inner$/,
      ],
      ...[fails(jids[1]!, "is dead$"), /^ {4}caused by /],
      `error: dead fails ${jids[1]} of default after attempt 1`,
      ...[fails(jids[2]!, "is dropped$"), /^ {4}caused by /],
      `error: dropped fails ${jids[2]} of default after attempt 1`,
      "",
    ];
    assert.equal(lines.length, patterns.length, stderr);
    for (const [i, pattern] of patterns.entries()) {
      if (typeof pattern === "string") assert.equal(lines[i], pattern);
      else assert.match(lines[i]!, pattern);
    }
  });
});

test("a module can be a function, and export jobs, middleware, options and a teardown", async () => {
  await withSetting(async ({ producer, module, work }) => {
    shared["jobs"] = defineJobs({ greet: job<[name: string]>() });
    shared["calls"] = [];
    const path = await module(`
      export default async (consumer) => {
        await Promise.resolve();
        consumer.register("greet", (job) => void shared.calls.push(job.args[0]));
      };
      export const jobs = shared.jobs;
      export const middleware = [async (job, context, next) => {
        shared.calls.push("before");
        await next();
        shared.calls.push("after");
      }];
      export const options = { queues: ["own"], concurrency: 3, labels: ["mine"] };
      export const teardown = () => void shared.calls.push("teardown");`);
    await producer.enqueue("greet", ["ann"], { queue: "own" });
    const { status, stdout } = await work([path, "--until-empty"]);
    assert.equal(status, 0);
    assert.match(untimed(stdout), /^Ready: runs greet from own, 3 at a time/);
    assert.deepEqual(shared["calls"], ["before", "ann", "after", "teardown"]);
    // Flags override the module's options.
    const flagged = await work([path, "--until-empty", "-c", "2", "-q", "other"]);
    assert.match(untimed(flagged.stdout), /^Ready: runs greet from other, 2 at a time/);
  });
});

test("several modules work together, named by path and URL, in both module formats", async () => {
  await withSetting(async ({ producer, module, work }) => {
    shared["ran"] = [];
    const first = await module("export default { a: () => void shared.ran.push('a') };", "a.mjs");
    const second = await module(
      "module.exports = { b: () => void shared.ran.push('b') };",
      "b.cjs",
    );
    const third = await module(
      "exports.handlers = { c: () => void shared.ran.push('c') }; exports.middleware = [];",
      "c.cjs",
    );
    for (const type of ["a", "b", "c"]) await producer.enqueue(type, []);
    const named = [first, pathToFileURL(second).href, third];
    const { status, stderr } = await work([...named, "--until-empty", "-c", "1"]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(shared["ran"], ["a", "b", "c"]);
  });
});

test("work --check loads the modules and connects, but runs no job", async () => {
  await withSetting(async ({ server, producer, module, work }) => {
    const path = await module("export default { a() {}, b() {} };");
    await producer.enqueue("a", []);
    const { status, stdout } = await work([path, "--check"]);
    assert.equal(status, 0);
    assert.equal(stdout, `2 handlers: a, b; connected to tcp://127.0.0.1:${server.port}\n`);
    assert.deepEqual(await work([path, "--check", "--quiet"]), {
      status: 0,
      stdout: "",
      stderr: "",
    });
    assert.deepEqual(server.snapshot().queues, { default: 1 });
  });
});

/**
 * Runs a job that ends when it is aborted or released. `use` receives the worker's signal handlers.
 */
async function withHeldJob(
  args: readonly string[],
  use: (actions: SignalActions, release: () => void) => Promise<void> | void,
): Promise<CommandResult> {
  let ended: CommandResult | undefined;
  await withSetting(async ({ producer, module, work }) => {
    const begun = deferred();
    const gate = deferred();
    Object.assign(shared, { begun, gate });
    const path = await module(`export default { hold: async (_, { signal }) => {
      const aborted = new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      shared.begun.resolve();
      await Promise.race([shared.gate.promise, aborted]);
    } };`);
    await producer.enqueue("hold", []);
    const heeded = deferred<SignalActions>();
    const running = work([path, ...args], { heeds: heeded.resolve });
    await begun.promise;
    await use(await heeded.promise, gate.resolve);
    ended = await running;
  });
  assert.ok(ended !== undefined);
  return ended;
}

test("a signal stops it after its jobs have ended, with status 0", async () => {
  const { status, stdout } = await withHeldJob([], (actions, release) => {
    actions.stop();
    release();
  });
  assert.equal(status, 0);
  assert.match(
    untimed(stdout),
    /^Stopping: waits up to 25 s for 1 job; a second signal aborts them$/m,
  );
  assert.match(
    untimed(stdout),
    /^done hold [^\n]+\nStopped by a signal: 1 job done, 0 failed, 0 requeued$/m,
  );
});

test("a second signal, or the end of the grace period, aborts its jobs", async () => {
  const second = await withHeldJob([], (actions) => {
    actions.stop();
    actions.stop();
  });
  assert.equal(second.status, 0);
  assert.match(
    untimed(second.stdout),
    /^Stopped by a signal: 0 jobs done, 1 failed, 0 requeued$/m,
  );
  const late = await withHeldJob(["--grace", "0.02"], (actions) => actions.stop());
  assert.match(untimed(late.stdout), /^Stopping: waits up to 0\.02 s /m);
  assert.match(
    untimed(late.stderr),
    /^warn: fail hold \S+ of default, attempt 1, after [^\n]+JobAbortedError: /m,
  );
});

test("a crash names the running jobs, returns them with the reason, and exits with 1", async () => {
  await withSetting(async ({ server, producer, module, work }) => {
    const begun = Object.assign(shared, { begun: deferred() }).begun;
    const path = await module(`
      export default { hold: () => {
        shared.begun.resolve();
        return new Promise(() => {});
      } };
      export const teardown = () => { throw new Error("relies on what is broken") };`);
    const jid = await producer.enqueue("hold", [], { retry: 5 });
    const crash = deferred<(crash: Crash) => void>();
    const ended = work([path], { crashes: crash.resolve });
    await begun.promise;
    const crashed = await crash.promise;
    crashed({ kind: "exception", error: new TypeError("x is not a function") });
    crashed({ kind: "rejection", error: "another" });
    const { status, stdout, stderr } = await ended;
    assert.equal(status, 1);
    assert.match(
      untimed(stderr),
      new RegExp(
        "^error: Crashed by an uncaught exception: TypeError: x is not a function .*\\n" +
          `(    .*\\n)+    while running hold ${jid} of default, attempt 1, for [\\d.]+ s\\n` +
          "error: Crashed by an unhandled rejection: another\\n$",
      ),
    );
    assert.match(untimed(stdout), /^Ready: .*\nCrashed: 0 jobs done, 0 failed, 1 requeued\n/);
    assert.equal(server.snapshot().retries, 1);
    await producer.sets.retries.requeue({ jids: [jid] });
    const seen = deferred<string | undefined>();
    Object.assign(shared, { seen });
    const next = await module(
      "export default { hold: ({ failure }) => shared.seen.resolve(failure.message) };",
      "next.mjs",
    );
    await work([next, "--max-jobs", "1"]);
    assert.equal(
      await seen.promise,
      "The worker crashed: TypeError: x is not a function",
    );
  });
});

test("SIGTTIN prints the running jobs, SIGTSTP stops fetching", async () => {
  const { stdout } = await withHeldJob([], (actions, release) => {
    actions.print();
    actions.quiet();
    actions.stop();
    release();
  });
  assert.match(
    untimed(stdout),
    /^Worker \S+ is running and runs 1 job; hold \S+ of default since \S+Z\nQuiet: fetches no more jobs$/m,
  );
});

test("work stops when its output is closed", async () => {
  await withSetting(async ({ module, work }) => {
    const path = await module("export default { a() {} };");
    const controller = new AbortController();
    const ended = work([path], {
      signal: controller.signal,
      wrote: () => controller.abort(),
    });
    const { status, stdout } = await ended;
    assert.equal(status, 0);
    assert.match(untimed(stdout), /\nStopped: 0 jobs done, /);
  });
});

test("a signal interrupts the loading of a module", async () => {
  await withSetting(async ({ module, work }) => {
    const controller = new AbortController();
    const loading = deferred();
    shared["load"] = () => {
      controller.abort(new Interruption("SIGINT", 130));
      return loading.promise;
    };
    const path = await module("await shared.load(); export default { a() {} };");
    const ended = await work([path], { signal: controller.signal });
    assert.deepEqual(ended, { status: 130, stdout: "", stderr: "" });
    loading.resolve();
  });
});

test("work runs a module's schedule along with its handlers", async () => {
  await withSetting(async ({ server, producer, module, work }) => {
    const path = await module(`
      import { Schedule } from ${
      JSON.stringify(new URL("../../src/cron/mod.ts", import.meta.url).href)
    };
      export const schedule = new Schedule({ tidy: { every: "1h", job: { type: "tidy" } } });
      export default {
        tidy() {},
        async wait(_job, { producer }) {
          while ((await producer.info()).sets.scheduled < 3) {}
        },
      };`);
    await producer.enqueue("wait");
    const { stdout, stderr } = await work([path, "--max-jobs", "1"]);
    assert.match(untimed(stdout), /^Runs the schedule default: tidy$/m);
    assert.deepEqual([stderr, server.snapshot().scheduled], ["", 3]);
    await producer.sets.scheduled.clear();
    const { stdout: other } = await work([path, "--until-empty"]);
    assert.doesNotMatch(untimed(other), /schedule/);
    assert.equal(server.snapshot().scheduled, 0);
  });
});

test("work refuses an invalid schedule, and two with the same name", async () => {
  await withSetting(async ({ module, work }) => {
    const own = await module(`export const schedule = { tidy: {} }; export default { a() {} };`);
    const refused = await work([own, "--max-jobs", "1"]);
    assert.match(refused.stderr, /its export "schedule" is not a Schedule.*new Schedule/);
    assert.equal(refused.status, 65);
    const schedule = `import { Schedule } from ${
      JSON.stringify(new URL("../../src/cron/mod.ts", import.meta.url).href)
    }; export const schedule = new Schedule({});`;
    const two = [
      await module(`${schedule} export default { a() {} };`, "a.mjs"),
      await module(`${schedule} export default { b() {} };`, "b.mjs"),
    ];
    const twice = await work([...two, "--max-jobs", "1"]);
    assert.match(twice.stderr, /several schedules with the same name: default, default/);
  });
});
