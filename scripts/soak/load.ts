/**
 * The process of the soak: a producer and a consumer at a steady rate, and others that are opened,
 * used and closed repeatedly. Prints samples as lines of JSON.
 */

import { setMaxListeners } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { Consumer, Producer, RetryAfter } from "../../mod.ts";
import { wait } from "../bench/clients/measure.ts";
import { quantile } from "../bench/statistics.ts";
import { Ledger } from "../ledger.ts";
import type { End, Handles, Load, Sample } from "./verdict.ts";

const SAMPLE_MS = 5000;
const TICK_MS = 20;
const SIDE_MS = 1000;

/** Of this many jobs, one fails at first and one asks for a retry. */
const FLAKY = 500;

/** Time to wait at the end for missing jobs, in ms: a reservation may have to end first. */
const LAST_MS = 120_000;

const MAX_ERRORS = 10;

/** Short times, so that a lost server is noticed soon. */
const options = { commandTimeoutMs: 5000, reconnect: { initialMs: 20, maxMs: 500 } };

async function main({ url, queue, rate, ms }: Load): Promise<void> {
  const side = `${queue}-side`;
  const errors: string[] = [];
  const report = (error: unknown) =>
    void (errors.length < MAX_ERRORS && errors.push(String(error)));
  // Modules and files that are loaded once must not count as a leak.
  await openAndClose(url, side).catch(report);
  await wait(100);
  const before = handles();

  const start = performance.now();
  const ledger = new Ledger(Math.ceil(rate * ms / 1000) + rate);
  const lateness = new Lateness();
  let lost = 0;
  // One signal for all calls: listeners that are not removed would pile up on it.
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const producer = await Producer.connect({ url, ...options });
  producer.use((_job, next) => next());
  producer.on("disconnect", () => {
    lost++;
    ledger.lost();
  });
  const consumer = new Consumer({ url, queues: [queue], concurrency: 20, ...options });
  consumer.use((_job, _context, next) => next());
  consumer.on("disconnect", () => lost++);
  consumer.on("unreported", ({ job, error }) => {
    // The server knows jobs by id: it takes only one result of a job that was enqueued twice.
    if (!ledger.isInDoubt(job.args[0] as number)) report(error);
  });
  consumer.on("listenerError", ({ error }) => report(error));
  consumer.register<[number: number]>(queue, async ({ args: [number] }, context) => {
    context.signal.throwIfAborted();
    await undefined;
    const isFirst = context.attempt === 1;
    if (isFirst && number % FLAKY === 0) throw new Error("this one fails at first");
    if (isFirst && number % FLAKY === 1) throw new RetryAfter(1);
    ledger.end(number);
  });
  const run = consumer.run();
  run.catch(report);

  const takeSample = () => {
    const held = memory();
    const sample: Sample = {
      ...{ seconds: (performance.now() - start) / 1000, sent: ledger.sent, done: ledger.done },
      ...{ inFlight: ledger.pending + consumer.running.length, ...held, handles: handles() },
      ...{ lagMs: lateness.take(), lost },
    };
    console.log(JSON.stringify(sample));
  };
  const sampling = setInterval(takeSample, SAMPLE_MS);
  const sides = openAgainAndAgain(url, side, start + ms);

  for (let now = start; now < start + ms; now = performance.now()) {
    for (const due = (now - start) * rate / 1000; ledger.sent < due;) {
      const number = ledger.send();
      producer.enqueue(queue, [number], { queue, signal, reserveFor: 60 }).then(
        () => ledger.confirm(number),
        (error) => {
          ledger.refuse(number);
          report(error);
        },
      );
    }
    await wait(TICK_MS);
  }
  const last = performance.now() + LAST_MS;
  while (ledger.missing > 0 && performance.now() < last) {
    await producer.sets.retries.requeue({ type: queue }).catch(report);
    await wait(SIDE_MS);
  }
  const openedAndClosed = await sides;
  clearInterval(sampling);
  lateness.stop();
  await consumer.stop();
  await run.catch(() => {});
  for (const name of [queue, side]) await producer.queues.remove(name).catch(report);
  await producer.close();
  await wait(500);
  const { sent, refused, missing, twice, twiceInDoubt } = ledger;
  const end: End = {
    ...{ before, after: handles(), sent, refused, missing, twice, twiceInDoubt },
    ...{ openedAndClosed, errors },
  };
  console.log(JSON.stringify(end));
}

/** Opens a producer and a consumer, moves a job between them, and closes them. */
async function openAndClose(url: string, queue: string): Promise<void> {
  await using producer = await Producer.connect({ url, ...options });
  await producer.enqueue("side", [], { queue, retry: 0, reserveFor: 60 });
  const consumer = new Consumer({ url, queues: [queue], concurrency: 1, ...options });
  consumer.register("side", () => {});
  await consumer.run({ maxJobs: 1, maxMs: 10_000, graceMs: 0 });
}

/** Repeats this until the time is over, and counts it. The faults make some of it fail. */
async function openAgainAndAgain(url: string, queue: string, until: number): Promise<number> {
  let count = 0;
  for (; performance.now() < until; count++) {
    await openAndClose(url, queue).catch(() => {});
    await wait(SIDE_MS);
  }
  return count;
}

/** Interval of the timer whose delay is measured, in ms. */
const LAG_MS = 20;

/** Counts the open files and handles of this process. Only Linux lists the files. */
function handles(): Handles {
  const folder = "/proc/self/fd";
  const files = existsSync(folder) ? readdirSync(folder).length : undefined;
  return { files, resources: process.getActiveResourcesInfo().length };
}

/** Measures memory after a garbage collection. The runtime was started with a flag for it. */
function memory(): Pick<Sample, "heapBytes" | "rssBytes"> {
  const { gc, Bun } = globalThis as {
    gc?: () => void;
    Bun?: { gc(isSynchronous: boolean): void };
  };
  if (Bun !== undefined) Bun.gc(true);
  else gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, rssBytes: rss };
}

class Lateness {
  #late: number[] = [];
  #due = performance.now() + LAG_MS;
  readonly #timer = setInterval(() => this.#look(), LAG_MS);

  /** Returns the delays since the last call. The time spent on measuring does not count. */
  take(): Sample["lagMs"] {
    const late = this.#late.length === 0 ? [0] : this.#late;
    this.#late = [];
    this.#due = performance.now() + LAG_MS;
    return { p99: quantile(late, 0.99), max: quantile(late, 1) };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#late.push(Math.max(0, now - this.#due));
    this.#due = now + LAG_MS;
  }
}

void main(JSON.parse(process.argv[2] ?? "null"));
