import { type ConnectionOptions, Consumer, type JobFields, Producer } from "../../../../mod.ts";
import { createJid } from "../../../job/jid.ts";

/** Settings of a measurement. */
export interface MeasureOptions {
  readonly options: ConnectionOptions;
  /** Jobs per step. */
  readonly jobs: number;
  /** Jobs enqueued or run at the same time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Receives the progress of a step. */
  readonly progress: (step: string, done: number, total: number) => void;
}

/** The result of one step. */
export interface StepResult {
  readonly jobs: number;
  readonly seconds: number;
  readonly jobsPerSecond: number;
}

/** The results of all steps. */
export interface BenchResult {
  /** The server's name and version. */
  readonly server: string;
  readonly roundTrip: { readonly count: number; readonly p50Ms: number; readonly p99Ms: number };
  readonly enqueue: StepResult;
  readonly enqueueMany: StepResult;
  /** Jobs fetched, run by an empty handler, and acknowledged. */
  readonly run: StepResult;
}

/** Minimum command timeout: a FETCH on an empty queue already takes 2 s. */
const MIN_TIMEOUT_MS = 5000;
const ROUND_TRIPS = 1000;

/**
 * Measures on a new queue and removes it afterwards, even after an error. Calls `onLeftover` with
 * the queue's name if removing it fails.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function measure(
  plan: MeasureOptions,
  onLeftover: (queue: string) => void,
): Promise<BenchResult> {
  const queue = `faktory-bench-${createJid().toLowerCase()}`;
  // Without the signal: commands in flight must finish before the queue is removed.
  const { signal: _, ...userOptions } = plan.options;
  // A measurement over a lost connection is worthless.
  const options = { ...userOptions, reconnect: false } as const;
  const producer = await connectProducer(options, plan.signal);
  try {
    return await steps(plan, producer, { options, job: { type: "bench", queue, retry: 0 } });
  } finally {
    await producer.close();
    await remove(queue, options).catch(() => onLeftover(queue));
  }
}

async function steps(
  { jobs, concurrency, signal, progress }: MeasureOptions,
  producer: Producer,
  { options, job }: { readonly options: ConnectionOptions; readonly job: JobFields },
): Promise<BenchResult> {
  const { server } = await producer.info();
  // This step comes first, as it warms up the others.
  const count = Math.min(jobs, ROUND_TRIPS);
  const times: number[] = [];
  while (times.length < count) {
    signal.throwIfAborted();
    const since = performance.now();
    await producer.enqueue(job);
    times.push(performance.now() - since);
    progress("round trips", times.length, count);
  }
  times.sort((a, b) => a - b);

  let started = 0;
  let done = 0;
  const enqueueSome = async () => {
    while (started < jobs) {
      signal.throwIfAborted();
      started++;
      await producer.enqueue(job);
      progress("enqueue", ++done, jobs);
    }
  };
  const enqueue = await measureTime(jobs, async () => {
    await Promise.all(Array.from({ length: concurrency }, enqueueSome));
  });

  function* many() {
    for (let i = 0; i < jobs; i++) {
      progress("enqueueMany", i, jobs);
      yield job;
    }
  }
  const enqueueMany = await measureTime(jobs, async () => {
    const { failed } = await producer.enqueueMany(many(), { signal });
    for (const error of failed.values()) throw error;
  });

  const total = count + 2 * jobs;
  return {
    server: `${server.description} ${server.version}`,
    roundTrip: { count, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) },
    enqueue,
    enqueueMany,
    run: await runJobs(total, { options, concurrency, queue: job.queue!, signal, progress }),
  };
}

/** Runs all jobs on the queue. */
async function runJobs(
  total: number,
  { options, concurrency, queue, signal, progress }: Omit<MeasureOptions, "jobs"> & {
    readonly queue: string;
  },
): Promise<StepResult> {
  signal.throwIfAborted();
  const consumer = new Consumer({
    ...options,
    commandTimeoutMs: Math.max(options.commandTimeoutMs ?? MIN_TIMEOUT_MS, MIN_TIMEOUT_MS),
    concurrency,
    queues: [queue],
  });
  consumer.register("bench", () => {});
  let since: number | undefined;
  let done = 0;
  // Excludes the time for connecting.
  consumer.on("start", () => since ??= performance.now());
  consumer.on("done", () => progress("run", ++done, total));
  const stop = () => void consumer.stop({ graceMs: 0 });
  signal.addEventListener("abort", stop, { once: true });
  try {
    await consumer.run({ maxJobs: total });
    signal.throwIfAborted();
    return resultOf(total, since ?? performance.now());
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Connects a producer. Aborting the signal cancels only the connection attempt. */
async function connectProducer(options: ConnectionOptions, signal: AbortSignal): Promise<Producer> {
  const abandon = new AbortController();
  const abort = () => abandon.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Producer.connect({ ...options, signal: abandon.signal });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Uses a new connection, since the other one may be lost. */
async function remove(queue: string, options: ConnectionOptions): Promise<void> {
  const producer = await Producer.connect(options);
  try {
    await producer.queues.remove(queue);
  } finally {
    await producer.close();
  }
}

async function measureTime(jobs: number, work: () => Promise<void>): Promise<StepResult> {
  const since = performance.now();
  await work();
  return resultOf(jobs, since);
}

function resultOf(jobs: number, since: number): StepResult {
  // The clock may not be fine enough to measure any time.
  const seconds = Math.max(performance.now() - since, 0.001) / 1000;
  return { jobs, seconds, jobsPerSecond: jobs / seconds };
}

/** Returns the quantile of sorted values, such as the median for 0.5. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}
