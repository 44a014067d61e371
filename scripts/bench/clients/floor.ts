/**
 * The least that any client can do, for what the others are to be measured by. Per job that is enqueued: its arguments as
 * JSON, a jid by counting, and a piece of a PUSHB (of a PUSH, where one waits for the other). Per job that is fetched:
 * `JSON.parse`, a call of an asynchronous handler, an ACK and the next FETCH. Nothing is validated, no promise is made
 * for a call that enqueues, no timer runs, nothing is kept that could be sent again, and an error ends the process.
 */

import { randomUUID } from "node:crypto";
import process from "node:process";
import type { Task } from "../task.ts";
import { BareSocket } from "./bare_socket.ts";
import { begin, Counter, measureWaves, measureWindow } from "./measure.ts";
import { Pace } from "./pace.ts";
import { perform } from "./perform.ts";

/** As many connections as a server that keeps jobs is asked for. */
const MAX_CONNECTIONS = 100;

/** As many as one PUSHB should have. */
const MAX_BATCH = 1000;

/** PUSHBs that are under way: while the server reads one, the next is made. */
const BATCHES = 2;

const prefix = randomUUID();
let count = 0;

/** One job as JSON. */
type MakeJob = (args: readonly unknown[]) => string;

function jobMaker({ isPassing, queue }: Task): MakeJob {
  const end = `,"queue":"${queue}"${isPassing ? ',"retry":0,"reserve_for":60' : ""}}`;
  return (args) =>
    `{"jid":"${prefix}${count++}","jobtype":"bench","args":${JSON.stringify(args)}${end}`;
}

function batch(job: MakeJob, size: number): string {
  let text = "PUSHB [";
  for (let i = 0; i < size; i++) text += i === 0 ? job([1, "two"]) : `,${job([1, "two"])}`;
  return `${text}]\n`;
}

/** Sends batches of `size`, so many at once, until `more` says no; `onDone` hears of each that went in. */
async function pushBatches(
  task: Task,
  { size, batches, more }: { size: number; batches: number; more: () => boolean },
  onDone: () => void,
): Promise<void> {
  const socket = await BareSocket.open(task.url);
  const job = jobMaker(task);
  const send = () =>
    more() && socket.write(size === 1 ? `PUSH ${job([1, "two"])}\n` : batch(job, size));
  socket.onReply = () => {
    onDone();
    send();
  };
  for (let i = 0; i < batches; i++) send();
}

/** Runs the jobs of a queue, so many at once. */
async function consume(task: Task, handle: (args: readonly unknown[]) => void): Promise<void> {
  const hello = { wid: prefix, hostname: "bench", pid: process.pid, labels: ["floor"] };
  const open = () => BareSocket.open(task.url, hello);
  if (!task.isPassing) {
    // Not both on one: where there is no job, a FETCH keeps the server from all that is behind it.
    const [fetching, telling] = [await open(), await open()];
    return run(task, { fetching, telling, slots: task.concurrency }, handle);
  }
  // As a loop in Go would: FETCH, run and ACK on a connection for each job that runs.
  const sockets: BareSocket[] = [];
  while (sockets.length < Math.min(task.concurrency, MAX_CONNECTIONS)) sockets.push(await open());
  for (const socket of sockets) {
    run(task, { fetching: socket, telling: socket, slots: 1 }, handle);
  }
}

interface Slots {
  readonly fetching: BareSocket;
  readonly telling: BareSocket;
  /** Jobs at the same time. */
  readonly slots: number;
}

function run(
  { queue }: Task,
  { fetching, telling, slots }: Slots,
  handle: (args: readonly unknown[]) => void,
): void {
  const fetch = `FETCH ${queue}\n`;
  const handler = async (args: readonly unknown[]) => {
    await undefined;
    handle(args);
  };
  telling.onReply = () => {};
  fetching.onReply = (bytes, start, end) => {
    // The OK of an ACK, where one connection does both.
    if (end - start === 2) return;
    if (end === start) return fetching.write(fetch);
    const { jid, args } = JSON.parse(bytes.toString("utf8", start, end));
    void handler(args).then(() => {
      telling.write(`ACK {"jid":"${jid}"}\n`);
      fetching.write(fetch);
    });
  };
  for (let i = 0; i < slots; i++) fetching.write(fetch);
}

perform({
  async enqueue(task) {
    const counter = new Counter();
    const batches = Math.min(BATCHES, task.concurrency);
    const size = task.concurrency / batches;
    await pushBatches(task, { size, batches, more: () => true }, () => counter.add(size));
    return await measureWindow(counter, task);
  },
  async many(task) {
    const counter = new Counter();
    const size = task.jobs!;
    await pushBatches(task, { size, batches: 1, more: () => true }, () => counter.add(size));
    return await measureWindow(counter, task);
  },
  async stream(task) {
    const counter = new Counter();
    let left = task.jobs!;
    const more = () => (left -= MAX_BATCH) >= 0;
    const end = begin();
    await pushBatches(
      task,
      { size: MAX_BATCH, batches: BATCHES, more },
      () => counter.add(MAX_BATCH),
    );
    await counter.reaches(task.jobs!);
    return end(task.jobs!);
  },
  async consume(task) {
    const counter = new Counter();
    await consume(task, () => counter.add());
    return await measureWindow(counter, task, task.jobs);
  },
  async latency(task) {
    const pace = new Pace(task);
    await consume(task, ([number]) => pace.arrived(number as number));
    const socket = await BareSocket.open(task.url);
    const job = jobMaker(task);
    return await pace.measure((number) => socket.write(`PUSH ${job([number])}\n`));
  },
  async pending(task) {
    const socket = await BareSocket.open(task.url);
    const job = jobMaker(task);
    return await measureWaves(task, (jobs) => {
      const counter = new Counter();
      socket.onReply = () => counter.add(MAX_BATCH);
      for (let i = 0; i < jobs; i += MAX_BATCH) socket.write(batch(job, MAX_BATCH));
      return counter.reaches(jobs);
    });
  },
});
