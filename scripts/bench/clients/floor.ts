/**
 * The least that any client can do, for what the others are to be measured by. Per job that is enqueued: its arguments as
 * JSON, a jid by counting, and a piece of a PUSHB (of a PUSH, where one waits for the other). Per job that is fetched:
 * `JSON.parse`, a call of an asynchronous handler, and ACK and FETCH in one text. Nothing is validated, no promise is made
 * for a call that enqueues, no timer runs, nothing is kept that could be sent again, and an error ends the process.
 */

import { randomUUID } from "node:crypto";
import process from "node:process";
import type { Task } from "../task.ts";
import { BareSocket } from "./bare_socket.ts";
import { begin, Counter, measureWaves, measureWindow } from "./measure.ts";
import { Pace } from "./pace.ts";
import { perform } from "./perform.ts";

/** As many connections as a server is asked for whose FETCH takes its time; one, pipelined, where it answers at once. */
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

/** Runs the jobs of a queue, so many at once on each of its connections. */
async function consume(task: Task, handle: (args: readonly unknown[]) => void): Promise<void> {
  const connections = task.isPassing ? Math.min(task.concurrency, MAX_CONNECTIONS) : 1;
  const handler = async (args: readonly unknown[]) => {
    await undefined;
    handle(args);
  };
  const hello = { wid: prefix, hostname: "bench", pid: process.pid, labels: ["floor"] };
  const fetch = `FETCH ${task.queue}\n`;
  for (let i = 0; i < connections; i++) {
    const socket = await BareSocket.open(task.url, hello);
    socket.onReply = (bytes, start, end) => {
      if (end === start) return socket.write(fetch);
      // The OK of an ACK.
      if (end - start === 2) return;
      const { jid, args } = JSON.parse(bytes.toString("utf8", start, end));
      void handler(args).then(() => socket.write(`ACK {"jid":"${jid}"}\n${fetch}`));
    };
    for (let j = 0; j < task.concurrency / connections; j++) socket.write(fetch);
  }
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
    const counter = new Counter(task.jobs);
    let left = task.jobs!;
    const more = () => (left -= MAX_BATCH) >= 0;
    const end = begin();
    await pushBatches(
      task,
      { size: MAX_BATCH, batches: BATCHES, more },
      () => counter.add(MAX_BATCH),
    );
    await counter.ended;
    return end(task.jobs!);
  },
  async consume(task) {
    const counter = new Counter(task.jobs);
    await consume(task, () => counter.add());
    return await measureWindow(counter, task);
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
      const counter = new Counter(jobs);
      socket.onReply = () => counter.add(MAX_BATCH);
      for (let i = 0; i < jobs; i += MAX_BATCH) socket.write(batch(job, MAX_BATCH));
      return counter.ended;
    });
  },
});
