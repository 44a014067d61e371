/**
 * The least that any client can do, to compare the others with. For each job that it enqueues: its
 * arguments as JSON, a counted jid, and a piece of a PUSHB (a PUSH if each call waits for the one
 * before). For each job that it fetches: `JSON.parse`, a call of an asynchronous handler, an ACK
 * and the next FETCH. It validates nothing, creates no promise for a call, has no timers, keeps
 * nothing to send again, and ends at the first error.
 */

import { randomUUID } from "node:crypto";
import process from "node:process";
import type { Task } from "../task.ts";
import { BareSocket } from "./bare_socket.ts";
import { begin, Counter, LoneJobs, measureWindow, perform } from "./measure.ts";

/** Jobs in one PUSHB of a stream. */
const MAX_BATCH = 1000;

/** PUSHBs in flight on the null server: it reads one while the next is created. */
const BATCHES = 2;

const prefix = randomUUID();
let count = 0;

/** Returns a function that creates jobs as JSON. */
function jobMaker({ keepsJobs, queue }: Task): () => string {
  const end = `,"queue":"${queue}"${keepsJobs ? ',"retry":0,"reserve_for":60' : ""}}`;
  return () =>
    `{"jid":"${prefix}${count++}","jobtype":"bench","args":${JSON.stringify([1, "two"])}${end}`;
}

interface Batches {
  readonly size: number;
  /** Batches in flight on each connection. @default 1 */
  readonly batches?: number;
  /** @default 1 */
  readonly connections?: number;
  /** Number of jobs in all. @default no limit */
  readonly jobs?: number;
}

/** Sends batches, and counts the jobs that the server has accepted. */
async function pushBatches(
  task: Task,
  { size, batches = 1, connections = 1, jobs = Infinity }: Batches,
): Promise<Counter> {
  const [counter, job] = [new Counter(), jobMaker(task)];
  const command = () =>
    size === 1 ? `PUSH ${job()}\n` : `PUSHB [${Array.from({ length: size }, job).join()}]\n`;
  let left = jobs;
  for (let i = 0; i < connections; i++) {
    const socket = await BareSocket.open(task.url);
    const send = () => (left -= size) >= 0 && socket.write(command());
    socket.onReply = () => {
      counter.add(size);
      send();
    };
    for (let i = 0; i < batches; i++) send();
  }
  return counter;
}

/**
 * Runs the jobs of a queue: on a server that keeps jobs with a connection for each running job, as
 * a loop in Go would have, and otherwise with one for FETCH and one for ACK.
 */
async function consume(task: Task, handle: () => void): Promise<void> {
  const hello = { wid: prefix, hostname: "bench", pid: process.pid, labels: ["floor"] };
  const open = () => BareSocket.open(task.url, hello);
  const { keepsJobs, concurrency } = task;
  if (!keepsJobs) return run(task, { fetching: await open(), reporting: await open() }, handle);
  const sockets: BareSocket[] = [];
  while (sockets.length < concurrency) sockets.push(await open());
  for (const socket of sockets) {
    run({ ...task, concurrency: 1 }, { fetching: socket, reporting: socket }, handle);
  }
}

function run(
  { queue, concurrency }: Task,
  { fetching, reporting }: { readonly fetching: BareSocket; readonly reporting: BareSocket },
  handle: () => void,
): void {
  const fetch = `FETCH ${queue}\n`;
  const handler = async (_args: readonly unknown[]) => {
    await undefined;
    handle();
  };
  reporting.onReply = () => {};
  fetching.onReply = (bytes, start, end) => {
    // The OK of an ACK, if one connection does both.
    if (end - start === 2) return;
    if (end === start) return fetching.write(fetch);
    const { jid, args } = JSON.parse(bytes.toString("utf8", start, end));
    void handler(args).then(() => {
      reporting.write(`ACK {"jid":"${jid}"}\n`);
      fetching.write(fetch);
    });
  };
  for (let i = 0; i < concurrency; i++) fetching.write(fetch);
}

perform({
  async enqueue(task) {
    const { concurrency, keepsJobs } = task;
    const batches = keepsJobs || concurrency === 1
      ? { size: 1, connections: concurrency }
      : { size: concurrency / BATCHES, batches: BATCHES };
    return await measureWindow(await pushBatches(task, batches), task);
  },
  async many(task) {
    return await measureWindow(await pushBatches(task, { size: task.jobs! }), task);
  },
  async stream(task) {
    const [jobs, end] = [task.jobs!, begin()];
    const counter = await pushBatches(task, { size: MAX_BATCH, batches: BATCHES, jobs });
    await counter.reaches(jobs);
    return end(jobs);
  },
  async consume(task) {
    const counter = new Counter();
    await consume(task, () => counter.add());
    return await measureWindow(counter, task, task.jobs);
  },
  async latency(task) {
    const jobs = new LoneJobs();
    await consume(task, () => jobs.arrived());
    const [socket, job] = [await BareSocket.open(task.url), jobMaker(task)];
    return await jobs.measure(task, () => Promise.resolve(socket.write(`PUSH ${job()}\n`)));
  },
});
