/** A program that uses the package's types; checked by `tsc` against the installed package, never run. */

import {
  Consumer,
  FaktoryError,
  type InvalidJobError,
  Job,
  type JobInput,
  Producer,
  type Report,
  type Transport,
} from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { Supervisor, type SupervisorReport } from "@faktory-ts/faktory/supervisor";
import { nodeTransport } from "@faktory-ts/faktory/transport/node";

export const made: Job = new Job("resize", ["cat.png", 320], { queue: "images", retry: 5 });
export const plain: JobInput = { type: "resize", args: ["cat.png", 320], queue: "images" };
export const code = (error: unknown): string | undefined =>
  error instanceof FaktoryError ? error.code : undefined;
export const path = (error: InvalidJobError): string => error.path;
export const transport: Transport = nodeTransport;

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
  if (refused !== undefined) throw refused;
  return await consumer.runToCompletion();
}

export async function supervise(): Promise<SupervisorReport> {
  const supervisor = new Supervisor("worker.js", { processes: 2, restart: "always" });
  const forget: () => void = supervisor.on("exit", ({ pid = 0, retryInMs = 0 }) => pid + retryInMs);
  forget();
  return await supervisor.run();
}

// A type that were not found would be `any`, and these no faults.
// @ts-expect-error A transport's name is a string.
export const wrongTransport: Transport = { name: 1 };
// @ts-expect-error So is a job's type.
export const wrongJob: Job = new Job(1, []);
// @ts-expect-error The concurrency is a number.
export const wrongConsumer: Consumer = new Consumer({ concurrency: "20" });
// @ts-expect-error The port is a number.
export const wrongServer: Promise<FaktoryServer> = FaktoryServer.start({ port: "7419" });
// @ts-expect-error There is no such policy.
export const wrongSupervisor: Supervisor = new Supervisor("worker.js", { restart: "sometimes" });
