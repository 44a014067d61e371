/**
 * The least that any client can do, as a measure for the others. For each job that it enqueues: its
 * arguments as JSON, a counted jid, and a piece of a PUSHB (a PUSH if each call waits for the one
 * before). For each job that it fetches: `JSON.parse`, a call of an asynchronous handler, an ACK
 * and the next FETCH. It validates nothing, makes no promise for a call, has no timers, keeps
 * nothing to send again, and ends at the first error.
 */

import { randomUUID } from "node:crypto";
import process from "node:process";
import type { Task } from "../task.ts";
import { BareSocket } from "./bare_socket.ts";
import { begin, Counter, LoneJobs, measureWindow, perform } from "./measure.ts";

/**
 * Connections on a server that keeps jobs: one a caller or running job, as a loop in Go would have.
 */
const MAX_CONNECTIONS = 100;

/** Jobs in one PUSHB of a stream. */
const MAX_BATCH = 1000;

/** PUSHBs in flight on the null server: it reads one while the next is made. */
const BATCHES = 2;

const prefix = randomUUID();
let count = 0;

/** One job as JSON. */
function jobMaker({ keepsJobs, queue }: Task): () => string {
  const end = `,"queue":"${queue}"${keepsJobs ? ',"retry":0,"reserve_for":60' : ""}}`;
  return () =>
    `{"jid":"${prefix}${count++}","jobtype":"bench","args":${JSON.stringify([1, "two"])}${end}`;
}

interface Batches {
  readonly size: number;
  /** Batches in flight on each connection. */
  readonly batches: number;
  readonly connections: number;
  /** Returns true if another batch is sent. */
  readonly more: () => boolean;
}

/** Sends batches; `onDone` is called for each that the server took. */
async function pushBatches(
  task: Task,
  { size, batches, connections, more }: Batches,
  onDone: () => void,
): Promise<void> {
  const job = jobMaker(task);
  const command = () =>
    size === 1 ? `PUSH ${job()}\n` : `PUSHB [${Array.from({ length: size }, job).join()}]\n`;
  for (let i = 0; i < connections; i++) {
    const socket = await BareSocket.open(task.url);
    const send = () => more() && socket.write(command());
    socket.onReply = () => {
      onDone();
      send();
    };
    for (let i = 0; i < batches; i++) send();
  }
}

/** Runs the jobs of a queue. */
async function consume(task: Task, handle: () => void): Promise<void> {
  const hello = { wid: prefix, hostname: "bench", pid: process.pid, labels: ["floor"] };
  const open = () => BareSocket.open(task.url, hello);
  if (!task.keepsJobs) {
    return run(task, { fetching: await open(), reporting: await open() }, handle);
  }
  const sockets: BareSocket[] = [];
  while (sockets.length < Math.min(task.concurrency, MAX_CONNECTIONS)) sockets.push(await open());
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

const always = () => true;

perform({
  async enqueue(task) {
    const counter = new Counter();
    const { concurrency, keepsJobs } = task;
    const size = keepsJobs || concurrency === 1 ? 1 : concurrency / BATCHES;
    const connections = keepsJobs ? concurrency : 1;
    const batches = concurrency / size / connections;
    await pushBatches(task, { size, batches, connections, more: always }, () => counter.add(size));
    return await measureWindow(counter, task);
  },
  async many(task) {
    const counter = new Counter();
    const size = task.jobs!;
    const batches = { size, batches: 1, connections: 1, more: always };
    await pushBatches(task, batches, () => counter.add(size));
    return await measureWindow(counter, task);
  },
  async stream(task) {
    const counter = new Counter();
    let left = task.jobs!;
    const more = () => (left -= MAX_BATCH) >= 0;
    const end = begin();
    const batches = { size: MAX_BATCH, batches: BATCHES, connections: 1, more };
    await pushBatches(task, batches, () => counter.add(MAX_BATCH));
    await counter.reaches(task.jobs!);
    return end(task.jobs!);
  },
  async consume(task) {
    const counter = new Counter();
    await consume(task, () => counter.add());
    return await measureWindow(counter, task, task.jobs);
  },
  async latency(task) {
    const jobs = new LoneJobs();
    await consume(task, () => jobs.arrived());
    const socket = await BareSocket.open(task.url);
    const job = jobMaker(task);
    return await jobs.measure(task, () => Promise.resolve(socket.write(`PUSH ${job()}\n`)));
  },
});
