import { type ConsumerOptions, Producer, type Report } from "../../../../mod.ts";
import type { Invocation } from "../../command.ts";
import { emptyReport } from "../../../consumer/report.ts";
import { type Server, serverOf } from "../../connect.ts";
import type { Output } from "../../output.ts";
import { formatCount, printable } from "../../text.ts";
import { logEvents, loggerOf, printState } from "./events.ts";
import { readExports, type WorkModule } from "./exports.ts";
import type { WorkFlags } from "./flags.ts";
import { load, moduleError } from "./load.ts";
import { awaitModules } from "./await_modules.ts";
import { locate } from "./locate.ts";
import { Status } from "../../status.ts";
import { showQueues, WorkLog } from "./log.ts";
import { runSchedules } from "./schedules.ts";
import { WorkConsumer } from "./work_consumer.ts";

/** Default time for running jobs after a stop, in ms. */
export const GRACE_MS = 25_000;

/** The exit status of a worker that crashed. */
const CRASHED = 1;

/**
 * Minimum command timeout, in ms. A FETCH on empty queues takes two seconds, so a shorter timeout
 * would take such a server for a dead one.
 */
const MIN_TIMEOUT_MS = 5000;

/** Runs jobs in this process, until it is told to stop or crashes. Returns the exit status. */
export async function runWorker(invocation: Invocation<WorkFlags>): Promise<number> {
  const { args, flags, io, output } = invocation;
  const log = new WorkLog(invocation, processNumber(invocation));
  const named = args.map(locate);
  const server = await serverOf(flags, io);
  const modules: WorkModule[] = [];
  try {
    for (const module of named) {
      modules.push(readExports(module, await awaitModules(load(module), [module], io.signal)));
    }
    const options = optionsOf(flags, server, log);
    const consumer = await awaitModules(WorkConsumer.of(modules, options), named, io.signal);
    if (flags.check === true) {
      await check(consumer, server, flags.quiet === true ? undefined : output);
      return Status.ok;
    }
    const { jobs } = modules.find(({ jobs }) => jobs !== undefined) ?? {};
    const stopSchedules = flags.untilEmpty === true
      ? async () => {}
      : await runSchedules(modules, { options: { ...server.options, jobs }, log });
    try {
      log.end(await run(consumer, invocation, { server, log }));
    } finally {
      if (!log.hasCrashed) await stopSchedules();
    }
    return log.hasCrashed ? CRASHED : Status.ok;
  } finally {
    // After a crash, a teardown may depend on something broken.
    for (const module of log.hasCrashed ? [] : modules.toReversed()) await tearDown(module);
  }
}

/**
 * Checks everything that is possible without running a job: the server is reachable and accepts the
 * password.
 */
async function check(
  consumer: WorkConsumer,
  { url, options }: Server,
  output: Output | undefined,
): Promise<void> {
  await (await Producer.connect(options)).close();
  const { types } = consumer;
  const text = () =>
    `${formatCount(types.length, "handler")}: ${types.join(", ")}; connected to ${url}`;
  output?.print({ event: "check", url, types }, () => printable(text()));
}

async function run(
  consumer: WorkConsumer,
  { flags, io }: Invocation<WorkFlags>,
  { server: { url }, log }: { readonly server: Server; readonly log: WorkLog },
): Promise<Report> {
  const { maxJobs, untilEmpty, grace: graceMs = GRACE_MS } = flags;
  let stops = 0;
  let isSignal = false;
  const stop = () => void consumer.stop({ graceMs: stops++ === 0 ? graceMs : 0 });
  const removeListener = io.handleSignals({
    stop() {
      isSignal = true;
      stop();
    },
    quiet: () => consumer.quiet(),
    print: () => printState(consumer, log),
  });
  const removeCrashListener = io.onCrash?.((crash) => {
    log.crashed(crash, log.hasCrashed ? [] : consumer.running);
    void consumer.stop({ graceMs: 0, error: crash.error });
  });
  // Nobody reads the output any more.
  io.signal.addEventListener("abort", stop);
  consumer.on("state", ({ state }) => {
    if (state === "running") sayReady(consumer, url, log);
  });
  logEvents(consumer, log, graceMs);
  try {
    if (io.signal.aborted) {
      return emptyReport();
    }
    const limits = { maxJobs, graceMs };
    const report = untilEmpty === true
      ? await consumer.runToCompletion(limits)
      : await consumer.run(limits);
    return isSignal && report.reason === "stopped" ? { ...report, reason: "signal" } : report;
  } finally {
    removeCrashListener?.();
    io.signal.removeEventListener("abort", stop);
    removeListener();
  }
}

function sayReady(consumer: WorkConsumer, url: string, log: WorkLog): void {
  const { wid, types, queues, concurrency } = consumer;
  const of = `${types.join(", ")} from ${showQueues(queues)}`;
  log.log(
    "ready",
    { wid, url, types, queues: typeof queues === "function" ? null : queues, concurrency },
    `Ready: runs ${of}, ${concurrency} at a time, on ${url}`,
  );
}

/** Returns the options for the flags. Flags that are not given are `undefined`. */
function optionsOf(flags: WorkFlags, { options }: Server, log: WorkLog): ConsumerOptions {
  const { commandTimeoutMs: timeout } = options;
  return {
    ...options,
    commandTimeoutMs: timeout === undefined ? undefined : Math.max(MIN_TIMEOUT_MS, timeout),
    signal: undefined,
    queues: flags.queues,
    concurrency: flags.concurrency,
    labels: flags.labels,
    logger: loggerOf(log),
  };
}

/** Returns the number of this process among several. */
function processNumber({ flags, io }: Invocation<WorkFlags>): string | undefined {
  const isOneOfMany = flags.child === true && flags.check !== true && (flags.processes ?? 1) > 1;
  return isOneOfMany ? io.env["FAKTORY_PROCESS_INDEX"] : undefined;
}

async function tearDown({ module, teardown }: WorkModule): Promise<void> {
  try {
    await teardown?.();
  } catch (error) {
    throw await moduleError(module, error);
  }
}
