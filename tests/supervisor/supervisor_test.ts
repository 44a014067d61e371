import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Producer, StateError } from "../../mod.ts";
import { Supervisor } from "../../src/supervisor/mod.ts";
import { Gate } from "../processes/gate.ts";
import { fixture, Program, skipPrograms } from "../processes/program.ts";
import { startQuick } from "../server/quick.ts";

const skip = skipPrograms;

/** Starts a supervisor in another process, with two workers that each run a job. */
async function start() {
  const server = await startQuick();
  const producer = await Producer.connect({ url: server.url });
  const gate = await Gate.open();
  const enqueue = () => producer.enqueue("hold", [gate.url], { retry: 3 });
  await Promise.all([enqueue(), enqueue()]);
  const program = supervise("./worker.ts", {
    ...{ processes: 2, args: [server.url], failTo: server.url },
  });
  const pids = await gate.held(2);
  return {
    server,
    gate,
    enqueue,
    program,
    pids,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await gate[Symbol.asyncDispose]();
      await producer.close();
      await server.close();
    },
  };
}

function supervise(module: string, options: object): Program {
  return new Program("supervise.ts", [module, JSON.stringify(options)]);
}

/** Returns the supervisor's report, and how its process ended. */
async function outcome(program: Program) {
  const [report = ""] = await program.line(/^report (.*)/);
  return { ...JSON.parse(report), ...await program.ended };
}

test(
  "jobs run in all processes, a killed one is restarted, and SIGTERM ends all",
  { skip },
  async () => {
    await using setting = await start();
    const { server, gate, enqueue, program, pids } = setting;
    assert.equal(new Set([...pids, program.pid]).size, 3);
    const [killed = 0, other] = pids;
    process.kill(killed, "SIGKILL");
    const [signal] = await program.line(/^exit .*"signal":"(\w+)".*"retryInMs":\d/);
    assert.equal(signal, "SIGKILL");
    const [pid] = await program.line(/^start .*"pid":(\d+),"restarts":1}/);
    const [lost = ""] = await program.line(/^lost (.*)/);
    const { jobs, failed, ...about } = JSON.parse(lost);
    assert.deepEqual([about, jobs.length], [{ index: about.index, pid: killed }, 1]);
    assert.deepEqual(failed, jobs);
    assert.deepEqual([jobs[0].type, jobs[0].queue], ["hold", "default"]);
    await gate.held(1);
    await enqueue();
    assert.deepEqual((await gate.held(2)).sort(), [other, Number(pid)].sort());

    program.send("SIGTERM");
    await program.lines(/ stopping/, 2);
    gate.release();
    assert.deepEqual(await outcome(program), {
      ...{ reason: "signal", restarts: 1, ends: [0, 0] },
      ...{ code: 0, signal: null },
    });
    // The job of the killed process is retried long before its reservation expires.
    const { processed, working, retries } = server.snapshot();
    assert.deepEqual([processed, working, retries], [3, 0, 1]);
  },
);

test("SIGTTIN and SIGTSTP reach all processes", { skip }, async () => {
  await using setting = await start();
  const { server, gate, enqueue, program } = setting;
  program.send("SIGTTIN");
  await program.lines(/^Consumer \S+ is running and runs 1 jobs$/, 2);
  program.send("SIGTSTP");
  await program.lines(/ quiet/, 2);
  await enqueue();
  gate.release();
  await program.lines(/ done/, 2);
  program.send("SIGTERM");
  const { ends } = await outcome(program);
  assert.deepEqual(ends, [0, 0]);
  assert.deepEqual([server.snapshot().processed, server.snapshot().queues], [2, { default: 1 }]);
});

test(
  "Ctrl+C is one signal for each process, although a terminal signals the whole group",
  { skip },
  async () => {
    await using setting = await start();
    const { server, gate, program } = setting;
    program.sendToGroup("SIGINT");
    await program.lines(/ stopping/, 2);
    gate.release();
    assert.deepEqual((await outcome(program)).ends, [0, 0]);
    // A second signal would have aborted the jobs.
    assert.deepEqual([server.snapshot().processed, server.snapshot().failures], [2, 0]);
  },
);

test("a second signal makes the processes abort their jobs", { skip }, async () => {
  await using setting = await start();
  const { server, gate, program } = setting;
  program.send("SIGINT");
  await program.lines(/ stopping/, 2);
  program.send("SIGTERM");
  await gate.held(0);
  assert.deepEqual((await outcome(program)).ends, [0, 0]);
  assert.equal(server.snapshot().retries, 2);
});

test("workers whose supervisor is killed finish their jobs and end", { skip }, async () => {
  await using setting = await start();
  const { server, gate, program } = setting;
  program.send("SIGKILL");
  await program.lines(/ stopping/, 2);
  gate.release();
  await program.silent;
  assert.equal((await program.lines(/"reason":"signal","done":1,/, 2)).length, 2);
  assert.equal(server.snapshot().processed, 2);
});

test("a missing module is retried, then given up", { skip }, async () => {
  await using program = supervise("./missing.ts", { processes: 1, maxRestarts: 2 });
  const { reason, restarts, ends, code } = await outcome(program);
  assert.deepEqual({ reason, restarts, ends, code }, {
    ...{ reason: "gaveUp", restarts: 2, ends: [1], code: 0 },
  });
  await program.line(/^gaveUp {"index":0,"restarts":2}/);
});

test("a process that does not end is killed after the time limit", { skip }, async () => {
  await using program = supervise("./stubborn.ts", {
    processes: 1,
    graceMs: 500,
    args: ["a", "b"],
  });
  await program.line(/^stubborn 0 a,b$/);
  program.send("SIGTERM");
  const { reason, ends } = await outcome(program);
  assert.deepEqual([reason, ends], ["signal", ["SIGKILL"]]);
  await program.line(/^not now$/);
});

test("a program that cannot be started counts as crashed; only one run at a time", async () => {
  const supervisor = new Supervisor(fixture("worker.ts"), {
    processes: 1,
    command: fixture("no_such_program"),
    maxRestarts: 1,
    backoff: { initialMs: 1 },
  });
  const errors: unknown[] = [];
  supervisor.on(
    "exit",
    ({ error }) => errors.push((error as { code?: unknown } | undefined)?.code),
  );
  const run = supervisor.run();
  await assert.rejects(supervisor.run(), StateError);
  const { reason, exits } = await run;
  assert.deepEqual([reason, exits[0]?.pid, exits[0]?.code], ["gaveUp", undefined, undefined]);
  assert.deepEqual(errors, ["ENOENT", "ENOENT"]);
  assert.equal((await supervisor.run()).reason, "gaveUp");
});

test("a stop while a restart is due ends the run, even from a listener", async () => {
  const supervisor = new Supervisor(fixture("worker.ts"), {
    processes: 2,
    command: fixture("no_such_program"),
    backoff: { initialMs: 60_000, maxMs: 60_000 },
  });
  supervisor.on("exit", async () => {
    if (supervisor.processes.every(({ state }) => state === "waiting")) await supervisor.stop();
  });
  const { reason, restarts } = await supervisor.run();
  assert.deepEqual([reason, restarts], ["stopped", 0]);
  assert.deepEqual(supervisor.processes.map(({ state }) => state), ["ended", "ended"]);
});

test(
  "a stop right after the start ends processes that do not handle signals yet",
  { skip },
  async () => {
    const supervisor = new Supervisor(fixture("idle.ts"), { processes: 2 });
    const run = supervisor.run();
    assert.deepEqual(supervisor.processes.map(({ state }) => state), ["running", "running"]);
    supervisor.print();
    supervisor.quiet();
    await supervisor.stop();
    const { reason, exits } = await run;
    assert.deepEqual([reason, exits.map(({ signal }) => signal)], ["stopped", [
      "SIGTERM",
      "SIGTERM",
    ]]);
  },
);
