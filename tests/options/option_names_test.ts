import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  ConfigError,
  Consumer,
  defineJobs,
  isolated,
  job,
  Producer,
  resumable,
} from "../../mod.ts";
import { Schedule } from "../../src/cron/mod.ts";
import { dashboard } from "../../src/dashboard/mod.ts";
import { Producer as EdgeProducer } from "../../src/edge/mod.ts";
import { ConsumerMetrics, healthHandler, serverMetrics } from "../../src/health/mod.ts";
import { linesToJobs } from "../../src/ndjson/mod.ts";
import { Outbox } from "../../src/outbox/mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { Supervisor } from "../../src/supervisor/mod.ts";
import { observeServer, openTelemetry } from "../../src/telemetry/mod.ts";
import { FakeFaktory, MemoryServer, runJob } from "../../src/testing/mod.ts";
import { Workflows } from "../../src/workflow/mod.ts";

// deno-lint-ignore no-explicit-any -- As JavaScript calls.
type Options = any;

/** For each exported type of options: a function that takes them, and one of their names. */
const takers: Record<string, [name: string, take: (options: Options) => unknown][]> = {
  ProducerOptions: [
    ["connections", (options) => Producer.connect(options)],
    ["maxWaiting", (options) => Producer.connect(options)],
  ],
  ConnectionOptions: [
    ["commandTimeoutMs", (options) => Producer.connect(options)],
    ["password", (options) => new Consumer(options)],
  ],
  ReconnectOptions: [["attempts", (reconnect) => Producer.connect({ reconnect })]],
  TlsOptions: [["caCerts", (tls) => Producer.connect({ tls })]],
  CallOptions: [
    ["signal", (options) => withProducer((producer) => producer.enqueue({ type: "x" }, options))],
    ["signal", (options) => withProducer((producer) => producer.enqueueMany([], options))],
  ],
  CancelOptions: [["waitMs", (o) => withProducer((producer) => producer.cancel("some-jid", o))]],
  CommandOptions: [["resend", (o) => withProducer((producer) => producer.command("X", "", o))]],
  CloseOptions: [["timeoutMs", (options) => withProducer((producer) => producer.close(options))]],
  WritableOptions: [["onFailed", (o) => withProducer((producer) => producer.writable(o))]],
  BatchDefinition: [
    ["success", (o) => withProducer((producer) => producer.batches.open(o, () => {}))],
  ],
  ConsumerOptions: [["concurrency", (options) => new Consumer(options)]],
  ConsumerLimits: [["perSecond", (limits) => new Consumer({ limits })]],
  Limit: [["concurrency", (a) => new Consumer({ limits: { queues: { a } } })]],
  HandlerOptions: [["timeoutMs", (options) => new Consumer().register("x", () => {}, options)]],
  RunOptions: [
    ["maxJobs", (options) => new Consumer().run(options)],
    ["maxMs", (options) => new Consumer().runToCompletion(options)],
  ],
  StopOptions: [["graceMs", (options) => new Consumer().stop(options)]],
  ManyOptions: [["waitMs", (options) => new Consumer().registerMany("x", options, () => {})]],
  ResumableOptions: [["hopEveryMs", (options) => resumable(function* () {}, options)]],
  IsolatedOptions: [["threads", (options) => isolated(import.meta.url, options)]],
  FaktoryServerOptions: [
    ["hostname", (options) => FaktoryServer.start(options)],
    ["cert", (o) => FaktoryServer.start({ tls: { cert: "", key: "", ...o } })],
  ],
  ServerOptions: [
    ["fetchWaitMs", (options) => FaktoryServer.start(options)],
    ["fetchWaitMs", (options) => MemoryServer.start(options)],
  ],
  FakeFaktoryOptions: [["clock", (options) => FakeFaktory.start(options)]],
  DrainOptions: [["maxJobs", (o) => withFake((fake) => fake.drain(new Consumer(), o))]],
  InlineOptions: [["producers", (o) => withFake((fake) => fake.inline(new Consumer(), o))]],
  RunJobOptions: [["attempt", (options) => runJob(() => {}, { type: "x" }, options)]],
  SupervisorOptions: [["processes", (options) => new Supervisor("x.ts", options)]],
  SupervisorStopOptions: [["graceMs", (options) => new Supervisor("x.ts").stop(options)]],
  RestartBackoff: [["resetAfterMs", (backoff) => new Supervisor("x.ts", { backoff })]],
  OpenTelemetryOptions: [["relation", (options) => openTelemetry(options)]],
  HealthHandlerOptions: [["healthPath", (options) => healthHandler(new Consumer(), options)]],
  ConsumerMetricsOptions: [["buckets", (options) => new ConsumerMetrics(new Consumer(), options)]],
  ServerMetricsOptions: [
    ["timeoutMs", (o) => withProducer((producer) => serverMetrics(producer, o))],
  ],
  ObserveServerOptions: [
    ["maxQueues", (o) => withProducer((producer) => observeServer(producer, o))],
  ],
  OutboxOptions: [["table", (options) => new Outbox(options)]],
  RelayOptions: [["batchSize", (options) => withProducer((producer) => relay(producer, options))]],
  StopRelayOptions: [[
    "timeoutMs",
    (options) =>
      withProducer(async (producer) => {
        const running = relay(producer);
        await running.stop(options).finally(() => running.stop());
      }),
  ]],
  ScheduleOptions: [["guardMs", (options) => schedule(options)]],
  NextOptions: [["count", (options) => schedule().next("nightly", options)]],
  ScheduleRunOptions: [
    ["signal", (options) => withProducer((producer) => schedule().run(producer, options))],
  ],
  DashboardOptions: [["readOnly", (o) => withProducer((producer) => dashboard(producer, o))]],
  WorkflowOptions: [[
    "onDead",
    (o) => withProducer((producer) => new Workflows().start(producer, { type: "x" }, o)),
  ]],
  LinesToJobsOptions: [["maxLineLength", (options) => linesToJobs(options)]],
};

/**
 * Options that callers do not pass, or that are refused otherwise: an unknown option of a job is an
 * `InvalidJobError`, like other invalid properties of a job.
 */
const elsewhere = [
  "JobOptions",
  // The same as the options of any error.
  "CauseOptions",
  // The same as everything that selects jobs of the embedded server: see below.
  "FindJobOptions",
  // Parts of the options of job(), whose names the last test here checks, and of register.
  ...["JobTypeOptions", "FailurePolicy"],
  // The producers of ./edge have no room for a suggestion: see below.
  "PasswordlessProducerOptions",
  // Passed to transports and errors by the package.
  ...["TransportConnectOptions", "FaktoryErrorOptions", "InvalidJobErrorOptions"],
  ...["ConnectionLostErrorOptions", "NdjsonErrorOptions", "AssertionErrorOptions"],
  // A tuple and a union of strings.
  ...["HandlerAndOptions", "RestartPolicy"],
];

function schedule(options?: Options) {
  return new Schedule({ nightly: { cron: "0 3 * * *", job: { type: "x" } } }, options);
}

function relay(producer: Producer, options?: Options) {
  const outbox = new Outbox({ dialect: "postgres" });
  return outbox.relay(() => Promise.resolve([]), producer, options);
}

async function withProducer(use: (producer: Producer) => unknown): Promise<void> {
  await using server = await MemoryServer.start();
  await using producer = await Producer.connect({ url: server.url, transport: server.transport });
  await use(producer);
}

async function withFake(use: (fake: FakeFaktory) => unknown): Promise<void> {
  await using fake = await FakeFaktory.start();
  await use(fake);
}

const isConfigError = (pattern: RegExp) => (error: unknown) => {
  assert(error instanceof ConfigError, String(error));
  assert.equal(error.code, "INVALID_OPTION");
  assert.match(error.message, pattern);
  return true;
};

for (const [type, all] of Object.entries(takers)) {
  test(`unknown options are refused with a suggestion: ${type}`, async () => {
    for (const [name, take] of all) {
      const typo = name.slice(0, -2) + name.at(-1);
      await assert.rejects(
        async () => await take({ [typo]: 1 }),
        isConfigError(
          new RegExp(`the option [\\w.]*${typo} as .*: did you mean [\\w.]*${name}\\?$`),
        ),
      );
      // Counts as absent.
      const absent = { [typo]: undefined };
      await Promise.resolve().then(() => take({ ...absent, hopeless: undefined, zzzzzzz: 1 })).then(
        () => assert.fail(),
        isConfigError(/the option [\w.]*zzzzzzz as .*: the options are /),
      );
    }
  });
}

test("unknown names are refused for every exported type of options", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../../deno.json", import.meta.url), "utf8"));
  const found = new Set<string>();
  for (const entry of Object.values<string>(exports)) {
    const text = readFileSync(new URL(`../../${entry}`, import.meta.url), "utf8");
    for (const [name] of text.matchAll(/\b[A-Z]\w*(Options|Limits|Limit|Backoff|Policy)\b/g)) {
      found.add(name);
    }
  }
  const missing = [...found].filter((name) => !(name in takers) && !elsewhere.includes(name));
  assert.deepEqual(missing, []);
});

test("options that are not an object are refused, and a URL is not shown", async () => {
  const url = "tcp://:secret@localhost:7419";
  for (const wrong of [url, new URL(url)] as never[]) {
    const isTold = isConfigError(/not an object: did you mean \{ url \}\?$/);
    await assert.rejects(Producer.connect(wrong), isTold);
    assert.throws(() => new Consumer(wrong), isTold);
    await assert.rejects(
      EdgeProducer.connect(wrong),
      isConfigError(/the option (0|url) as [^:]*(: got undefined)?$/),
    );
  }
  for (const wrong of [null, 7, "x", [], () => {}, new Map()] as never[]) {
    await assert.rejects(FaktoryServer.start(wrong), isConfigError(/not an object: got /));
    await assert.rejects(FakeFaktory.start(wrong), isConfigError(/not an object: got /));
  }
});

test("the producers of ./edge refuse unknown options", async () => {
  await assert.rejects(
    EdgeProducer.connect({ url: "tcp://localhost", tls: true } as never),
    isConfigError(/the option tls as .\/edge does not support it$/),
  );
});

test("constructors of classes that are started say how to start them", () => {
  for (const Class of [Producer, EdgeProducer, FaktoryServer, FakeFaktory, MemoryServer]) {
    const construct = Class as unknown as new (options?: unknown) => unknown;
    for (const options of [undefined, {}, { url: "tcp://localhost" }]) {
      assert.throws(
        () => new construct(options),
        isConfigError(/constructor: use .*(connect|start)/),
      );
    }
  }
});

test("an unknown default of a type is refused with a suggestion", () => {
  assert.throws(
    () => defineJobs({ resize: job({ reserve_for: 60 } as never) }),
    isConfigError(/has no option "reserve_for", only .*: did you mean "reserveFor"\?$/),
  );
});

test("an unknown name in a selection is refused, as it would select more jobs", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  const isRefused = { code: "INVALID_FILTER", message: /: did you mean (error|limit|maxArgs)\?$/ };
  await assert.rejects(server.jobs({ set: "dead", limt: 1 } as never), isRefused);
  await assert.rejects(server.job("some-jid", { maxArg: 1 } as never), isRefused);
  await assert.rejects(server.discard({ set: "dead", type: "x", eror: "y" } as never), isRefused);
});

test("an unknown event is refused, and so is a listener that is not a function", async () => {
  const consumer = new Consumer();
  const supervisor = new Supervisor("x.ts");
  const refused = (message: RegExp) => ({ code: "INVALID_ARGUMENT", message });
  assert.throws(() => consumer.on("fial" as "fail", () => {}), refused(/did you mean fail\?$/));
  assert.throws(() => supervisor.on("exi" as "exit", () => {}), refused(/did you mean exit\?$/));
  assert.throws(
    () => consumer.on("toString" as never, () => {}),
    refused(/the events are start, /),
  );
  assert.throws(() => consumer.on("fail", undefined as never), refused(/got undefined$/));
  await withProducer((producer) => {
    const listen = () => producer.on("warnin" as "warning", () => {});
    assert.throws(listen, refused(/did you mean warning\?$/));
  });
});
