import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { Gate } from "../processes/gate.ts";
import { Program, skipPrograms } from "../processes/program.ts";
import { startQuick } from "../server/quick.ts";

const skip = skipPrograms;

/** Starts a worker process that is in the middle of a job. */
async function start(args: readonly string[] = [], env: Record<string, string> = {}) {
  const server = await startQuick();
  const producer = await Producer.connect({ url: server.url });
  const gate = await Gate.open();
  await producer.enqueue("hold", [gate.url], { retry: 3 });
  const worker = new Program("worker.ts", [server.url, ...args], env);
  await gate.held(1);
  return {
    server,
    producer,
    gate,
    worker,
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      await gate[Symbol.asyncDispose]();
      await producer.close();
      await server.close();
    },
  };
}

/** Returns the worker's report, and the exit of its process. */
async function outcome(worker: Program) {
  const [report = ""] = await worker.line(/ report (.*)/);
  return { ...JSON.parse(report), ...await worker.ended };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(
    `${signal} lets a consumer finish its jobs, and its process ends`,
    { skip },
    async () => {
      await using setting = await start();
      const { server, gate, worker } = setting;
      worker.send(signal);
      await worker.line(/ stopping/);
      assert.deepEqual(await gate.held(1), [worker.pid]);
      gate.release();
      assert.deepEqual(await outcome(worker), {
        ...{
          reason: "signal",
          done: 1,
          failed: 0,
          dead: 0,
          dropped: 0,
          unfinished: 0,
          unreported: 0,
        },
        ...{ code: 0, signal: null },
      });
      assert.equal(server.snapshot().processed, 1);
      assert.equal(server.snapshot().failures, 0);
    },
  );
}

test("a second signal aborts its jobs, which return to the server", { skip }, async () => {
  await using setting = await start();
  const { server, gate, worker } = setting;
  worker.send("SIGTERM");
  await worker.line(/ stopping/);
  worker.send("SIGINT");
  await gate.held(0);
  const { failed, unfinished, code } = await outcome(worker);
  assert.deepEqual([failed + unfinished, code], [1, 0]);
  assert.equal(server.snapshot().retries, 1);
});

test("TSTP stops FETCH, and TTIN prints the running jobs", { skip }, async () => {
  await using setting = await start();
  const { server, producer, gate, worker } = setting;
  worker.send("SIGTTIN");
  await worker.line(/^Consumer \S+ is running and runs 1 jobs$/);
  await worker.line(/^ {2}\S+ hold of default, attempt 1, for [\d.]+ s$/);
  worker.send("SIGTSTP");
  await worker.line(/ quiet/);
  await producer.enqueue("hold", [gate.url]);
  gate.release();
  await worker.line(/ done/);
  worker.send("SIGTTIN");
  await worker.line(/^Consumer \S+ is quiet and runs 0 jobs$/);
  worker.send("SIGTERM");
  const { done, code } = await outcome(worker);
  assert.deepEqual([done, code], [1, 0]);
  assert.deepEqual(server.snapshot().queues, { default: 1 });
});

test("after a run, signals have their default effect again", { skip }, async () => {
  await using setting = await start(["linger"]);
  const { gate, worker } = setting;
  worker.send("SIGTERM");
  gate.release();
  await worker.line(/ report /);
  worker.send("SIGTERM");
  assert.deepEqual(await worker.ended, { code: null, signal: "SIGTERM" });
});

test("the end of a supervisor that is not its parent stops it, too", { skip }, async () => {
  const supervisor = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await new Promise((resolve) => supervisor.once("exit", resolve));
  await using setting = await start([], { FAKTORY_SUPERVISOR_PID: String(supervisor.pid) });
  const { gate, worker } = setting;
  await worker.line(/ stopping/);
  gate.release();
  const { done, code } = await outcome(worker);
  assert.deepEqual([done, code], [1, 0]);
});
