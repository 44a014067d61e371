// A program for bundlers: runs jobs with every part of the package.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as root from "@faktory-ts/faktory";
import { Consumer, isolated, Job, Producer } from "@faktory-ts/faktory";
import { Schedule } from "@faktory-ts/faktory/cron";
import { dashboard } from "@faktory-ts/faktory/dashboard";
import { linesToJobs } from "@faktory-ts/faktory/ndjson";
import { Outbox } from "@faktory-ts/faktory/outbox";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { Supervisor } from "@faktory-ts/faktory/supervisor";
import { openTelemetry } from "@faktory-ts/faktory/telemetry";
import { FakeFaktory } from "@faktory-ts/faktory/testing";
import { nodeTransport } from "@faktory-ts/faktory/transport/node";
import { chain, Workflows } from "@faktory-ts/faktory/workflow";
import required from "./required.cjs";

/** Module of the jobs in threads: a file next to this one, or an argument in CommonJS. */
const thread = import.meta.url
  ? new URL("./thread.mjs", import.meta.url)
  : pathToFileURL(process.argv[2]);

const inPlace = (job) => `hello ${job.args[0]}`;

/** Runs jobs over TCP, with the runtime's own sockets and with those of Node, and in a thread. */
async function runJobs() {
  const password = "hush";
  const server = await FaktoryServer.start({ port: 0, password });
  // Threads need Node 20.16 or later.
  const hasThreads = process.getBuiltinModule !== undefined;
  const threads = hasThreads ? isolated(thread, { threads: 1 }) : inPlace;
  const connection = { url: server.url, password, telemetry: openTelemetry() };
  const answers = [];
  const consumer = new Consumer(connection).register("greet", async (job, context) => {
    answers.push(await threads(job, context));
  });
  const makers = [
    () => Producer.connect(connection),
    () => Producer.connect({ ...connection, transport: nodeTransport }),
    // Some bundlers include a copy of the package for each kind of module.
    () => required.Producer.connect(connection),
  ];
  for (const connect of makers) {
    const producer = await connect();
    await producer.enqueue(new Job("greet", ["world"]));
    assert.equal(await consumer.runOne(), true);
    await producer.close();
  }
  assert.deepEqual(answers, makers.map(() => "hello world"));
  const closing = await Producer.connect(connection);
  assert.equal((await closing.info()).totals.processed, makers.length);
  await closing.close();
  if (hasThreads) await threads[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
}

/** Checks that a job survives its server, if the runtime has SQLite. */
async function keepJobs() {
  const folder = mkdtempSync(join(tmpdir(), "bundled-"));
  const data = join(folder, "jobs.db");
  try {
    const first = await FaktoryServer.start({ port: 0, data });
    const producer = await Producer.connect({ url: first.url });
    await producer.enqueue("keep", []);
    await producer.close();
    await first[Symbol.asyncDispose]();
    const second = await FaktoryServer.start({ port: 0, data });
    assert.equal(second.snapshot().queues.default, 1);
    await second[Symbol.asyncDispose]();
  } catch (error) {
    if (error.code !== "UNSUPPORTED_RUNTIME") throw error;
    assert.match(process.version, /^v20\./);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs jobs in memory, and reads jobs from lines. */
async function testJobs() {
  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("greet", ["tests"]);
  const [{ job }] = await faktory.drain(new Consumer().register("greet", () => {}));
  assert.deepEqual(job.args, ["tests"]);
  await assert.rejects(faktory.producer.enqueue("", []), { name: "InvalidJobError" });
  await relayJobs(faktory);
  const nightly = { cron: "0 3 * * *", timeZone: "Europe/Berlin", job: { type: "greet" } };
  const [firing] = new Schedule({ nightly }).next("nightly", { after: new Date("2026-06-01") });
  assert.equal(firing.toISOString(), "2026-06-01T01:00:00.000Z");
  await new Workflows().start(faktory.producer, chain({ type: "greet" }, { type: "greet" }));
  await faktory.close();
  const bytes = new Blob(['{"type":"greet","args":["lines"]}\n']).stream();
  const reader = bytes.pipeThrough(linesToJobs()).getReader();
  assert.deepEqual((await reader.read()).value.args, ["lines"]);
}

/** Enqueues a job in a transaction, if the runtime has SQLite. */
async function relayJobs(faktory) {
  const sqlite = process.getBuiltinModule?.("node:sqlite");
  if (sqlite === undefined) return;
  const db = new sqlite.DatabaseSync(":memory:");
  const outbox = new Outbox();
  await outbox.createTable(db);
  outbox.insertSync(db, [{ type: "greet" }]);
  const relay = outbox.relay(db, faktory.producer);
  assert.equal((await relay.drain()).pushed, 1);
  await relay.stop();
}

/** Renders a page with escaped text. */
async function showPage() {
  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("<b>", [], { queue: "shown" });
  const page = await dashboard(faktory.producer)(new Request("http://localhost/queue?name=shown"));
  assert.match(await page.text(), /&lt;b&gt;/);
  await faktory.close();
}

/** Checks that an executable file refuses to start itself in place of a worker, without end. */
function superviseNothing() {
  const isExecutable = globalThis.Bun?.main.startsWith("/$bunfs/") === true;
  const supervise = () => new Supervisor("worker.mjs");
  if (isExecutable) assert.throws(supervise, { code: "UNSUPPORTED_RUNTIME" });
  else assert.deepEqual(supervise().processes, []);
}

/** Checks the names of classes, which bundlers shorten. */
async function nameErrors() {
  const refused = await Producer.connect({ url: "tcp://127.0.0.1:1", reconnect: false })
    .catch((error) => error);
  assert.equal(refused.name, "ConnectError");
  const { FaktoryError } = root;
  assert.ok(refused instanceof FaktoryError);
  for (const [name, exported] of Object.entries(root)) {
    if (exported !== FaktoryError && !(exported.prototype instanceof FaktoryError)) continue;
    assert.equal(new exported("CODE", "message", {}).name, name);
  }
}

/** Prints the exports of each entry as JSON if everything works. */
export async function main(exported) {
  try {
    await runJobs();
    await keepJobs();
    await testJobs();
    await showPage();
    await nameErrors();
    superviseNothing();
    console.log(JSON.stringify(exported));
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
