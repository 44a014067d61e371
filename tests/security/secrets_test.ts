import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Consumer, FaktoryError, Producer, streamTransport } from "../../mod.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { Producer as EdgeProducer } from "../../src/edge/mod.ts";
import { selectTransport } from "../../src/transport/select.ts";
import { Supervisor } from "../../src/supervisor/mod.ts";
import { FakeFaktory, MemoryServer } from "../../src/testing/mod.ts";
import { freePort, startPeer } from "../transport/contract.ts";
import { startQuick } from "../server/quick.ts";
import { pem } from "../pem.ts";

/** Each way to write it gives another text: plain, percent-encoded, and in JSON. */
const PASSWORD = "hunter2 /ü@:%";
const WAYS = /hunter2/;

interface Inspectors {
  readonly Deno?: { inspect(value: unknown, options: object): string };
  readonly Bun?: { inspect(value: unknown, options?: object): string };
}
const { Deno: deno, Bun: bun } = globalThis as unknown as Inspectors;

/** All ways in which a program may show a value. */
const WRITERS: Record<string, (value: unknown) => string> = {
  "String": (value) => String(value),
  "JSON.stringify": (value) => {
    try {
      return JSON.stringify(value) ?? "";
    } catch {
      return "";
    }
  },
  "node:util": (value) => inspect(value, { depth: 20, showHidden: true, maxArrayLength: null }),
  "node:util, getters called": (value) => inspect(value, { depth: 20, getters: true }),
  "console": (value) => {
    const texts: string[] = [];
    const { log } = console;
    console.log = (...values) => void texts.push(values.map((one) => inspect(one)).join(" "));
    try {
      console.log(value, `${value}`);
    } finally {
      console.log = log;
    }
    return texts.join();
  },
  "own properties": (value) => walk(value, new Set()),
  ...deno && {
    "Deno.inspect": (value) => deno.inspect(value, { depth: 20, showHidden: true }),
  },
  ...bun && { "Bun.inspect": (value) => bun.inspect(value, { depth: 20 }) },
};

/** Returns all text in the value, including symbols, causes and nested properties. */
function walk(value: unknown, seen: Set<unknown>): string {
  if (typeof value === "string") return value;
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return "";
  if (seen.has(value) || value instanceof Uint8Array) return "";
  seen.add(value);
  let text = value instanceof Error ? `${value} ${value.stack}` : "";
  if (value instanceof Map || value instanceof Set) text += walk([...value], seen);
  for (const key of Reflect.ownKeys(value)) {
    try {
      text += `${String(key)} ${walk((value as Record<PropertyKey, unknown>)[key], seen)} `;
    } catch {
      // A getter that works only on other objects.
    }
  }
  return text;
}

/** @throws {AssertionError} if a way to show the value shows the password. */
function assertNoSecret(name: string, value: unknown, secret = WAYS): void {
  for (const [writer, write] of Object.entries(WRITERS)) {
    const text = write(value);
    const at = text.search(secret);
    assert(at < 0, `${name} by ${writer}: ${text.slice(Math.max(at - 200, 0), at + 40)}`);
  }
}

/** Returns the error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(() => undefined, (error) => error);
  assert(error instanceof FaktoryError, `${error}`);
  return error;
}

test("the writers show all contents", () => {
  for (const [writer, write] of Object.entries(WRITERS)) {
    const error = new Error(PASSWORD, { cause: PASSWORD });
    if (writer !== "JSON.stringify") assert.match(write(error), WAYS, writer);
    else assert.match(write({ url: PASSWORD }), WAYS);
  }
});

test("producers, consumers, servers and events never show a password", async () => {
  await using server = await startQuick({ password: PASSWORD });
  assert(server.url.includes(encodeURIComponent(PASSWORD)));
  const shown: [string, unknown][] = [["a server", server], ["its snapshot", server.snapshot()]];
  const log: unknown[] = [];
  const write = (message: string, fields?: unknown) => void log.push(message, fields);
  const options = {
    url: server.url,
    commandTimeoutMs: 5000,
    reconnect: { initialMs: 1, maxMs: 1 },
  };
  const producer = await Producer.connect(options);
  const plain = await Producer.connect({
    url: `tcp://localhost:${server.port}`,
    password: PASSWORD,
  });
  const transport = await selectTransport();
  const edge = await EdgeProducer.connect({ url: server.url, transport });
  const consumer = new Consumer({
    ...options,
    logger: { trace: write, debug: write, info: write, warn: write, error: write },
  });
  shown.push(["an idle consumer", consumer]);
  for (const event of EVENTS) {
    consumer.on(event, (payload) => void shown.push([`a consumer's ${event}`, payload]));
  }
  for (const event of ["disconnect", "reconnect", "warning", "listenerError"] as const) {
    producer.on(event, (payload) => void shown.push([`a producer's ${event}`, payload]));
  }
  consumer.register("x", (_job, context) => {
    shown.push(["a handler's context", context], ["its producer", context.producer]);
    shown.push(["a running consumer", consumer], ["what runs", consumer.running]);
    context.log.info("a line", { context });
  });
  consumer.register("y", () => {
    throw new Error("failed");
  });
  await producer.enqueueMany([{ type: "x" }, { type: "y" }, { type: "nobody's" }]);
  const report = await consumer.runToCompletion();
  shown.push(["a report", report], ["a consumer that ran", consumer], ["a log", log]);
  shown.push(["a producer", producer], ["another", plain], ["INFO", await producer.info()]);
  shown.push(["its parts", [producer.queues, producer.sets, producer.batches, producer.tracking]]);
  shown.push(["a job's error", await errorOf(producer.enqueue("x", [1n]))]);
  shown.push(["a refusal", await errorOf(producer.batches.status("b-1"))]);
  await server.close();
  shown.push(["a lost connection", await errorOf(producer.info())]);
  shown.push(["a producer of ./edge", edge], ["its error", await errorOf(edge.enqueue("x"))]);
  await Promise.allSettled([producer.close(), plain.close(), edge.close()]);
  shown.push(["a closed producer", producer], ["its error", await errorOf(producer.enqueue("x"))]);
  for (const [name, value] of shown) assertNoSecret(name, value);
  assert(shown.length > 20);
});

const EVENTS = [
  ...["start", "done", "fail", "requeued", "unreported", "fetchError", "state"] as const,
  ...["disconnect", "reconnect", "warning", "listenerError"] as const,
];

test("errors of failed connections and their causes never show a password", async () => {
  const secret = encodeURIComponent(PASSWORD);
  await using server = await FaktoryServer.start({ port: 0, password: "another" });
  await using silent = await startPeer();
  const port = await freePort();
  const transport = await selectTransport();
  const clock = new ManualClock();
  const urls = {
    "a wrong password": `tcp://:${secret}@127.0.0.1:${server.port}`,
    "a user's wrong password": `tcp://${secret}:${secret}@127.0.0.1:${server.port}`,
    "nothing there": `tcp://:${secret}@127.0.0.1:${port}`,
    "no TLS there": `tcp+tls://:${secret}@127.0.0.1:${server.port}`,
  };
  for (const [name, url] of Object.entries(urls)) {
    assertNoSecret(name, await errorOf(Producer.connect({ url })));
    assertNoSecret(name, await errorOf(new Consumer({ url }).run()));
    assertNoSecret(name, await errorOf(EdgeProducer.connect({ url, transport })));
  }
  const url = `tcp://:${secret}@127.0.0.1:${silent.port}`;
  const connecting = errorOf(Producer.connect({ url, clock }));
  await silent.next();
  clock.advance(10_000);
  assertNoSecret("a silent server", await connecting);
  const broken = streamTransport(() => Promise.reject(new Error("broken")));
  assertNoSecret(
    "broken streams",
    await errorOf(Producer.connect({ url, transport: broken })),
  );
});

test("an error about an option never shows a password", async () => {
  const refused: [string, () => Promise<unknown> | unknown][] = [
    ["a password of the wrong kind", () => Producer.connect({ password: [PASSWORD] as never })],
    ["a URL of the wrong kind", () => Producer.connect({ url: [`tcp://:${PASSWORD}@x`] as never })],
    ["a URL that is none", () => Producer.connect({ url: `tcp://:${PASSWORD}` })],
    ["a server's password", () => FaktoryServer.start({ password: [PASSWORD] as never })],
    ["a key", () => FaktoryServer.start({ port: 0, tls: { cert: PASSWORD, key: PASSWORD } })],
    ["a key alone", () => Producer.connect({ tls: { key: PASSWORD } })],
    ["authorities", () => Producer.connect({ tls: { caCerts: PASSWORD as never } })],
    ["keys of the wrong kind", () => FaktoryServer.start({ tls: PASSWORD as never })],
    [
      "an environment",
      () => new Supervisor("./x.ts", { env: { FAKTORY_URL: [PASSWORD] as never } }),
    ],
    ["an environment that is none", () => new Supervisor("./x.ts", { env: PASSWORD as never })],
    ["TLS settings", () => Producer.connect({ tls: PASSWORD as never })],
    ["arguments", () => new Supervisor("./x.ts", { args: PASSWORD as never })],
  ];
  for (const [name, call] of refused) {
    const error = await errorOf((async () => await call())());
    assertNoSecret(name, error);
  }
});

test("an error about an unreadable key does not show it", async () => {
  await using server = await startPeer();
  const [begin, end] = ["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"];
  const key = `${begin}\nhunter2hunter2hunter2hunter2\n${end}\n`;
  const cert = pem("client");
  const error = await errorOf(
    Producer.connect({ url: `tcp://127.0.0.1:${server.port}`, tls: { cert, key } }),
  );
  assertNoSecret("a client's key", error);
});

test("memory servers, fakes and supervisors never show a password", async () => {
  await using memory = await MemoryServer.start({ password: PASSWORD });
  await using producer = await Producer.connect({ url: memory.url, transport: memory.transport });
  await using fake = await FakeFaktory.start();
  const supervisor = new Supervisor("./no/such/module.ts", {
    command: "./no/such/command",
    args: ["--password", PASSWORD],
    env: { FAKTORY_URL: `tcp://:${PASSWORD}@localhost` },
    processes: 1,
    restart: "never",
  });
  const events: unknown[] = [];
  for (const event of ["start", "exit", "gaveUp", "listenerError"] as const) {
    supervisor.on(event, (payload) => void events.push(payload));
  }
  assertNoSecret("a supervisor", supervisor);
  const report = await supervisor.run();
  assert.equal(report.exits.length, 1);
  for (const one of [memory, memory.transport, producer, fake, supervisor, report, events]) {
    assertNoSecret("", one);
  }
});
