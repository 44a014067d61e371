/**
 * Type checks of a catalogue. Checked with all sources: a wrong call that compiles is an error.
 * Never run.
 */

import * as v from "valibot";
import { z } from "zod";
import {
  Consumer,
  type Consumer as AnyConsumer,
  type ConsumerMiddleware,
  defineJobs,
  type Handler,
  type HandlerArgs,
  Job,
  job,
  type JobArgs,
  type JobDefinition,
  type JobInput,
  Producer,
} from "../../mod.ts";
import { FakeFaktory } from "../../src/testing/mod.ts";

/** True if two types are the same, apart from `any` and labels of tuples. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_isSame: Same<A, B>): void {}

const jobs = defineJobs({
  resize: job<[path: string, width: number]>({ queue: "images", retry: 5 }),
  tidy: job<[]>(),
  index: job<[path: string, depth?: number]>(),
  anything: job(),
  welcome: job(z.tuple([z.string(), z.object({ vip: z.boolean().default(false) })])),
  remind: job(v.tuple([v.string(), v.pipe(v.string(), v.transform((text) => text.length))])),
  sum: job(z.array(z.number()), { queue: "sums" }),
});
type Jobs = typeof jobs;

same<
  keyof Jobs,
  "resize" | "tidy" | "index" | "anything" | "welcome" | "remind" | "sum"
>(true);
same<JobArgs<Jobs, "resize">, readonly [path: string, width: number]>(true);
same<JobArgs<Jobs, "welcome">, readonly [string, { vip?: boolean | undefined }]>(true);
same<HandlerArgs<Jobs, "welcome">, [string, { vip: boolean }]>(true);
same<JobArgs<Jobs, "remind">, readonly [string, string]>(true);
same<HandlerArgs<Jobs, "remind">, [string, number]>(true);
same<HandlerArgs<Jobs, "anything">, readonly unknown[]>(true);
same<Jobs["resize"], JobDefinition<[path: string, width: number]>>(true);

job<[path: string]>({ onDead: ({ args: [path] }) => void path.length, backoff: (n) => n ** 2 });
job(z.tuple([z.string()]), {
  onDead: ({ args: [path] }) => void path.length,
  deadLetter: "failed",
});
// @ts-expect-error An argument of another type.
job<[path: number]>({ onDead: ({ args: [path] }) => void path.length });
// @ts-expect-error A job has arguments, so that its schema is one of an array.
job(z.string());
// @ts-expect-error There is no such default.
job<[string]>({ queues: "images" });
// @ts-expect-error A time is for one job, not for all of a type.
job<[string]>({ at: new Date() });

export async function producers(typed: Producer<Jobs>, untyped: Producer): Promise<void> {
  same<Awaited<ReturnType<typeof connectTyped>>, Producer<Jobs>>(true);
  same<Awaited<ReturnType<typeof connectUntyped>>, Producer>(true);

  await typed.enqueue("resize", ["cat.png", 320]);
  await typed.enqueue("resize", ["cat.png", 320] as const, { queue: "other", signal });
  await typed.enqueue("tidy");
  await typed.enqueue("tidy", [], { retry: 0 });
  await typed.enqueue("index", ["a"]);
  await typed.enqueue("index", ["a", 1]);
  await typed.enqueue("anything");
  await typed.enqueue("anything", [1, { two: 3 }]);
  await typed.enqueue("welcome", ["ann", {}]);
  await typed.enqueue("sum");
  await typed.enqueue("sum", [1, 2, 3]);
  await typed.enqueue({ type: "resize", args: ["cat.png", 320], queue: "images" });
  await typed.enqueue({ type: "tidy" });
  await typed.enqueue(new Job("resize", ["cat.png", 320], { retry: 1 }), { signal });
  await typed.enqueue(new Job("tidy", []));
  await typed.enqueue(new Job("remind", ["ann", "soon"]));

  // @ts-expect-error No job of the catalogue is called so.
  await typed.enqueue("resise", ["cat.png", 320]);
  // @ts-expect-error An argument of the wrong type.
  await typed.enqueue("resize", ["cat.png", "320"]);
  // @ts-expect-error One argument is missing.
  await typed.enqueue("resize", ["cat.png"]);
  // @ts-expect-error All are missing.
  await typed.enqueue("resize");
  // @ts-expect-error One too many.
  await typed.enqueue("resize", ["cat.png", 320, 1]);
  // @ts-expect-error It takes none.
  await typed.enqueue("tidy", [1]);
  // @ts-expect-error The schema's input is wanted, not its output.
  await typed.enqueue("remind", ["ann", 4]);
  // @ts-expect-error A property of the wrong type.
  await typed.enqueue("welcome", ["ann", { vip: "yes" }]);
  // @ts-expect-error There is no such option.
  await typed.enqueue("resize", ["cat.png", 320], { priority: 1 });
  // @ts-expect-error No job of the catalogue is called so.
  await typed.enqueue({ type: "resise", args: ["cat.png", 320] });
  // @ts-expect-error An argument of the wrong type.
  await typed.enqueue({ type: "resize", args: ["cat.png", "320"] });
  // @ts-expect-error All arguments are missing.
  await typed.enqueue({ type: "resize" });
  // @ts-expect-error No job of the catalogue is called so.
  await typed.enqueue(new Job("resise", ["cat.png", 320]));
  // @ts-expect-error An argument of the wrong type.
  await typed.enqueue(new Job("resize", ["cat.png", "320"]));
  // @ts-expect-error All arguments are missing.
  await typed.enqueue(new Job("resize"));
  // @ts-expect-error Its type may be any text.
  await typed.enqueue(new Job("resize" as string, ["cat.png", 320]));

  await typed.enqueueMany([{ type: "tidy" }, { type: "resize", args: ["a", 1] }]);
  await typed.enqueueMany([new Job("tidy", []), new Job("resize", ["a", 1])]);
  // @ts-expect-error One of them has arguments of the wrong types.
  await typed.enqueueMany([{ type: "tidy" }, { type: "resize", args: [1, "a"] }]);
  // @ts-expect-error One of them is none of the catalogue.
  await typed.enqueueMany([new Job("tidy", []), new Job("resise", ["a", 1])]);

  const writer = typed.writable().getWriter();
  await writer.write({ type: "resize", args: ["a", 1] });
  // @ts-expect-error An argument of the wrong type.
  await writer.write({ type: "resize", args: ["a", "1"] });

  await typed.batches.open({ success: { type: "tidy" } }, async (batch) => {
    await batch.enqueue("resize", ["a", 1]);
    await batch.enqueue({ type: "tidy" });
    await batch.enqueueMany([new Job("tidy", [])]);
    // @ts-expect-error One argument is missing.
    await batch.enqueue("resize", ["a"]);
    // @ts-expect-error No job of the catalogue is called so.
    await batch.enqueue({ type: "resise" });
    // @ts-expect-error One of them is none of the catalogue.
    await batch.enqueueMany([new Job("resise", [])]);
  });
  // @ts-expect-error A callback is a job, too.
  await typed.batches.open({ success: { type: "resise" } }, () => {});

  // Without a catalogue, any job is accepted.
  await untyped.enqueue("any", [1, "two"], { queue: "q" });
  await untyped.enqueue("any");
  await untyped.enqueue("any" as string, [] as unknown[]);
  await untyped.enqueue({ type: "any" });
  await untyped.enqueue(new Job("any") as Job);
  await untyped.enqueueMany([] as JobInput[]);
  await untyped.writable().getWriter().write(new Job("any", [1]));
  await untyped.batches.open({ complete: new Job("any") }, (batch) => void batch.enqueue("any"));
  // @ts-expect-error The type of a job is a text.
  await untyped.enqueue(1);
}

const { signal } = new AbortController();
const connectTyped = () => Producer.connect({ jobs });
const connectUntyped = () => Producer.connect({ url: "tcp://localhost:7419" });

export function consumers(typed: Consumer<Jobs>, untyped: Consumer): void {
  same<ReturnType<typeof makeTyped>, Consumer<Jobs>>(true);
  same<ReturnType<typeof makeUntyped>, Consumer>(true);

  typed.register("resize", (job, { producer }) => {
    same<typeof job.args, [path: string, width: number]>(true);
    same<typeof job.type, "resize">(true);
    same<typeof producer, Producer<Jobs>>(true);
    // The same job again.
    return producer.enqueue(job);
  });
  typed.register("welcome", async ({ args: [name, { vip }] }, { producer }) => {
    same<typeof name, string>(true);
    same<typeof vip, boolean>(true);
    await producer.enqueue("tidy");
    // @ts-expect-error The context's producer knows the catalogue.
    await producer.enqueue("tide");
  }, { timeoutMs: 1000 });
  typed.register("remind", ({ args }) => void same<typeof args, [string, number]>(true));
  typed.register("anything", ({ args }) => void same<typeof args, readonly unknown[]>(true));
  typed.register("resize", (job: Job<[string, number]>) => void job);
  typed.register("resize", resize).register("tidy", () => {});
  typed.register("resize", resize, {
    backoff: (attempt, error) => error instanceof RangeError ? attempt * 60 : undefined,
    async onDead({ args, type }, error, { producer }) {
      same<typeof args, readonly [path: string, width: number]>(true);
      same<typeof type, "resize">(true);
      same<typeof error, unknown>(true);
      await producer.enqueue("tidy");
      // @ts-expect-error No job of the catalogue is called so.
      await producer.enqueue("tidi");
    },
    deadLetter: "failed",
  });
  typed.register("welcome", () => {}, {
    // The arguments as they were sent, because the schema may be why the job failed.
    onDead: ({ args: [, { vip }] }) => void same<typeof vip, boolean | undefined>(true),
  });
  typed.registerMany("resize", { size: 10 }, (jobs, { fail }) => {
    for (const job of jobs) {
      same<typeof job.args, [path: string, width: number]>(true);
      fail(job, new Error(job.args[0]));
    }
  });
  // @ts-expect-error There is no such option.
  typed.registerMany("resize", { siz: 10 }, () => {});
  // @ts-expect-error No job of the catalogue is called so.
  typed.registerMany("resise", {}, () => {});
  // @ts-expect-error A backoff gives seconds.
  typed.register("resize", resize, { backoff: () => "1m" });
  // @ts-expect-error A queue is named by a text.
  typed.register("resize", resize, { deadLetter: true });
  // @ts-expect-error No job of the catalogue is called so.
  typed.register("resise", () => {});
  // @ts-expect-error The handler wants other arguments.
  typed.register("resize", (job: Job<[number, string]>) => void job);
  // @ts-expect-error The handler wants more arguments.
  typed.register("resize", (job: Job<[string, number, number]>) => void job);
  // @ts-expect-error There is no third argument.
  typed.register("resize", ({ args }) => args[2]);
  // @ts-expect-error The names are those of the catalogue.
  typed.register<[string, number]>("resize", (job) => void job);
  typed.use(middleware);

  untyped.register("any", (job) => job.args[0].whatever);
  untyped.register("any", () => {}, { onDead: (job) => job.args[0].whatever });
  untyped.registerMany("any", {}, (jobs) => jobs[0]?.args[0].whatever);
  untyped.registerMany<[number]>("any", { waitMs: 5 }, ([first]) => first?.args[0].toFixed());
  untyped.register<[number]>("any", () => {}, {
    onDead: ({ args }) => void same<typeof args, [number]>(true),
  });
  untyped.register<[number, number]>(
    "add",
    ({ args: [a, b] }) => void same<typeof a | typeof b, number>(true),
  );
  untyped.register("any", (job: Job<[string]>) => job.args[0].length);
  untyped.register("resize" as string, resize);
  untyped.register("any", async (_job, { producer }) => void await producer.enqueue("any", [1]));
  // @ts-expect-error The arguments are those that were named.
  untyped.register<[number]>("add", ({ args: [a] }) => a.length);
}

const makeTyped = () => new Consumer({ jobs, concurrency: 2 });
const makeUntyped = () => new Consumer({ concurrency: 2 });
const middleware: ConsumerMiddleware = (_job, _context, next) => next();
// A handler without a catalogue.
const resize: Handler<[string, number]> = ({ args: [path, width] }) => void [path, width];

// A producer without a catalogue cannot be used where one with a catalogue is wanted: its jobs
// would have neither checks nor defaults.
// @ts-expect-error It has no catalogue.
export const unchecked: Producer<Jobs> = {} as Producer;
// @ts-expect-error It has another catalogue.
export const other: Producer<Jobs> = {} as Producer<{ resize: JobDefinition<[string]> }>;
same<Producer<Jobs>["jobs"], Jobs | undefined>(true);

export async function fakes(): Promise<void> {
  const fake = await FakeFaktory.start({ jobs });
  same<typeof fake.producer, Producer<Jobs>>(true);
  fake.assertEnqueued("resize", { args: ["cat.png", 320] });
  // @ts-expect-error No job of the catalogue is called so.
  fake.assertEnqueued("resise");
  // @ts-expect-error An argument of the wrong type.
  fake.assertNotEnqueued("resize", { args: ["cat.png", "320"] });
  const any = await FakeFaktory.start();
  same<typeof any.producer, Producer>(true);
  any.assertEnqueued("any", { args: [1, "two"] });
}

// Functions without a catalogue accept objects with one.
export const producer: Producer = {} as Producer<Jobs>;
export const consumer: AnyConsumer = {} as Consumer<Jobs>;

/** Errors are at the wrong argument, which only a `@ts-expect-error` on its own line can check. */
export async function places(typed: Producer<Jobs>, untyped: Producer): Promise<void> {
  await typed.enqueue(
    "resize",
    // @ts-expect-error The second argument is of the wrong type.
    ["cat.png", "320"],
  );
  await typed.enqueue(
    "resize",
    ["cat.png", 320],
    // @ts-expect-error There is no such option.
    { quue: "images" },
  );
  await typed.enqueue(
    // @ts-expect-error There is no such type.
    "resise",
    ["cat.png", 320],
  );
  await typed.enqueue(
    // @ts-expect-error A job with an argument of the wrong type.
    { type: "resize", args: ["cat.png", "320"] },
  );
  await typed.enqueue(
    { type: "resize", args: ["cat.png", 320] },
    // @ts-expect-error The job's own options are properties of the job.
    { queue: "images" },
  );
  await untyped.enqueue(
    "x",
    // @ts-expect-error Arguments are an array.
    { a: 1 },
  );
}
