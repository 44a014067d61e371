/**
 * A program that uses the package's types. `tsc` checks it against the installed package; it never
 * runs.
 */

import {
  Consumer,
  type ConsumerHealth,
  defineJobs,
  FaktoryError,
  fieldsFirst,
  type InvalidJobError,
  isolated,
  type IsolatedRun,
  Job,
  job,
  type JobInput,
  Producer,
  type ProducerOptions,
  type Report,
  type Telemetry,
  type Transport,
} from "@faktory-ts/faktory";
import {
  PasswordlessProducer,
  Producer as EdgeProducer,
  type ProducerOptions as EdgeOptions,
} from "@faktory-ts/faktory/edge";
import { ConsumerMetrics, healthHandler, nodeListener } from "@faktory-ts/faktory/health";
import { dashboard, type DashboardHandler } from "@faktory-ts/faktory/dashboard";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { FakeFaktory, runJob, type RunJobResult } from "@faktory-ts/faktory/testing";
import { Supervisor, type SupervisorReport } from "@faktory-ts/faktory/supervisor";
import { Schedule } from "@faktory-ts/faktory/cron";
import {
  jobsToLines,
  linesToJobs,
  mergeStreams,
  type NdjsonError,
} from "@faktory-ts/faktory/ndjson";
import { Outbox, type OutboxRelay, type RelayReport } from "@faktory-ts/faktory/outbox";
import { openTelemetry } from "@faktory-ts/faktory/telemetry";
import { nodeTransport } from "@faktory-ts/faktory/transport/node";
import {
  chain,
  join,
  resultsOf,
  Workflows,
  type WorkflowStatus,
} from "@faktory-ts/faktory/workflow";

export const made: Job = new Job("resize", ["cat.png", 320], { queue: "images", retry: 5 });
export const plain: JobInput = { type: "resize", args: ["cat.png", 320], queue: "images" };
export const code = (error: unknown): string | undefined =>
  error instanceof FaktoryError ? error.code : undefined;
export const path = (error: InvalidJobError): string => error.path;
export const transport: Transport = nodeTransport;

export const render: IsolatedRun<[path: string, width: number]> = async (job, { progress }) => {
  const [path, width]: [string, number] = job.args;
  await progress(50, `${path} at ${width}`);
};

export async function main(): Promise<Report> {
  await using server = await FaktoryServer.start({ port: 0 });
  await using producer = await Producer.connect({ url: server.url, transport });
  const jid: string = await producer.enqueue("resize", ["cat.png", 320]);
  const { enqueued, failed } = await producer.enqueueMany([made, plain]);
  const refused: FaktoryError | undefined = failed.get(jid);
  const consumer = new Consumer({ url: server.url, concurrency: enqueued.length + 1 });
  consumer.register("resize", async (job, { signal }) => {
    const args: readonly unknown[] = job.args;
    signal.throwIfAborted();
    await Promise.resolve(args);
  });
  const threads = isolated(new URL("file:///render.js"), { threads: 2, terminateAfterMs: 100 });
  consumer.register("render", threads);
  if (refused !== undefined) throw refused;
  return await consumer.runToCompletion();
}

export const jobs = defineJobs({ resize: job<[path: string, width: number]>({ queue: "images" }) });
export const typedConsumer: Consumer<typeof jobs> = new Consumer({ jobs })
  .register("resize", ({ args: [path, width] }) => path.repeat(width));
export const typedProducer: Promise<Producer<typeof jobs>> = Producer.connect({ jobs });
// Types without a catalogue accept values with one.
export const anyConsumer: Consumer = typedConsumer;
export const anyProducer: Promise<Producer> = typedProducer;
export const typed = async (): Promise<string[]> => {
  const producer = await typedProducer;
  return [
    await producer.enqueue("resize", ["cat.png", 320]),
    // @ts-expect-error One argument is missing.
    await producer.enqueue("resize", ["cat.png"]),
    // @ts-expect-error No job of the catalogue is called so.
    await producer.enqueue("resise", ["cat.png", 320]),
  ];
};

export async function test(): Promise<RunJobResult> {
  await using faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("resize", ["cat.png", 320]);
  const [first] = faktory.assertEnqueued("resize", { args: ["cat.png", 320], times: 1 });
  using _inline = faktory.inline(new Consumer());
  await faktory.drain(new Consumer({ ...faktory.connection }));
  return await runJob((job) => job.args[0], first);
}

/**
 * To move from `./edge` only changes the import: its options and calls are those of the producer.
 */
type EdgeCalls = Pick<EdgeProducer, "enqueue" | "enqueueMany">;
export const callsOf = (producer: Producer): EdgeCalls => producer;
export const optionsOf = (options: EdgeOptions): ProducerOptions => options;
export async function enqueueAtTheEdge(url: string): Promise<number> {
  const producer = await EdgeProducer.connect({ url, password: "hush", transport });
  const small: PasswordlessProducer = await PasswordlessProducer.connect({ url });
  const jid: string = await producer.enqueue("resize", ["cat.png", 320], { queue: "images" });
  const { failed } = await small.enqueueMany([made, plain], { signal: AbortSignal.timeout(5000) });
  const refused: FaktoryError | undefined = failed.get(jid);
  await producer.close();
  return refused === undefined ? 0 : 1;
}

export const lineOf = (error: NdjsonError): number => error.line;
export async function pushLines(files: ReadableStream<Uint8Array>[]): Promise<void> {
  const jobs = mergeStreams(files.map((file) => file.pipeThrough(linesToJobs())));
  await jobs.pipeTo((await Producer.connect()).writable());
  new ReadableStream<Job>().pipeThrough(jobsToLines());
}

export async function supervise(): Promise<SupervisorReport> {
  const supervisor = new Supervisor("worker.js", { processes: 2, restart: "always" });
  const forget: () => void = supervisor.on("exit", ({ pid = 0, retryInMs = 0 }) => pid + retryInMs);
  forget();
  return await supervisor.run();
}

export async function observe(): Promise<string> {
  const telemetry: Telemetry = openTelemetry({ relation: "link" });
  const write = (fields: object, message: string) => console.log(message, fields);
  const logger = fieldsFirst({
    trace: write,
    debug: write,
    info: write,
    warn: write,
    error: write,
  });
  const consumer = new Consumer({ telemetry, logger, logLevel: "debug" });
  const { healthy, reasons }: ConsumerHealth = consumer.health();
  const handler = healthHandler(consumer, { healthPath: "/up" });
  nodeListener(handler)({ url: "/up" }, { writeHead: () => {}, end: () => {} });
  using metrics = new ConsumerMetrics(typedConsumer);
  await using _producer = await Producer.connect({ telemetry });
  return healthy ? metrics.text() : reasons.join();
}

export async function show(server: FaktoryServer): Promise<number> {
  const handler: DashboardHandler = dashboard(server, { basePath: "/jobs", readOnly: true });
  return (await handler(new Request("http://localhost/jobs"))).status;
}

// A type that was not found would be `any`, and these lines would be no errors.
// @ts-expect-error A transport's name is a string.
export const wrongTransport: Transport = { name: 1 };
// @ts-expect-error So is a job's type.
export const wrongJob: Job = new Job(1, []);
// @ts-expect-error The concurrency is a number.
export const wrongConsumer: Consumer = new Consumer({ concurrency: "20" });
// @ts-expect-error A thread has no producer.
export const wrongRun: IsolatedRun = (_job, { producer }) => producer;
// @ts-expect-error The port is a number.
export const wrongServer: Promise<FaktoryServer> = FaktoryServer.start({ port: "7419" });
// @ts-expect-error There is no such policy.
export const wrongSupervisor: Supervisor = new Supervisor("worker.js", { restart: "sometimes" });
// @ts-expect-error The smallest producer has no such option.
export const wrongEdge: Promise<EdgeProducer> = EdgeProducer.connect({ url: "tcp://x", tls: true });
const passwordless = PasswordlessProducer.connect;
// @ts-expect-error This one has no password.
export const wrongPassword: unknown = passwordless({ url: "tcp://x", password: "hush" });
// @ts-expect-error There is no such relation.
export const wrongTelemetry: Telemetry = openTelemetry({ relation: "aunt" });
// @ts-expect-error A path is a string.
export const wrongHandler: unknown = healthHandler(typedConsumer, { healthPath: 1 });

export async function published(producer: Producer, job: Job): Promise<WorkflowStatus> {
  const workflows = new Workflows();
  const node = chain(join({ type: "resize" }, { type: "resize" }), { type: "publish" });
  const id: string = await workflows.start(producer, node, { statusDays: resultsOf(job).length });
  return await workflows.status(producer, id);
}

export async function scheduled(producer: Producer<typeof jobs>): Promise<Date[]> {
  const schedule = new Schedule({
    nightly: {
      cron: "0 3 * * *",
      timeZone: "Europe/Berlin",
      job: { type: "resize", args: ["a", 1] },
    },
    often: { every: "30s", job: () => new Job("resize", ["a", 1]), catchUp: "last" },
    // @ts-expect-error No job of the catalogue is called so.
    wrong: { every: "30s", job: { type: "resise", args: ["a", 1] } },
  }, { jobs });
  await schedule.run(producer);
  return schedule.next("nightly", { count: 2 });
}

const outbox = new Outbox({ jobs });
export async function relayed(pool: {
  query(sql: string, params: unknown[]): Promise<{ rows: object[] }>;
}): Promise<RelayReport> {
  await outbox.insert(pool, [{ type: "resize", args: ["cat.png", 320] }]);
  const relay: OutboxRelay = outbox.relay(pool, await Producer.connect());
  return await relay.stop();
}
