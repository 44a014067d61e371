import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, Consumer, Producer } from "../../mod.ts";
import { FaktoryServer, type ServerEvent } from "../../src/server/mod.ts";
import { once, until } from "../consumer/setting.ts";

test("a server reports its clients and failed jobs as plain data", async () => {
  const events: ServerEvent[] = [];
  const onEvent = (event: ServerEvent) => {
    events.push(event);
    throw new Error("no matter");
  };
  await using server = await FaktoryServer.start({ port: 0, password: "hush", onEvent });
  const { url } = server;
  await assert.rejects(Producer.connect({ url, password: "loud" }));
  assert.deepEqual(events, [{ type: "refused", address: "127.0.0.1", reason: "password" }]);
  events.length = 0;

  const producer = await Producer.connect({ url });
  const jids: string[] = [];
  for (const retry of [5, -1, 0]) {
    jids.push(await producer.enqueue("x", [], { retry, queue: "q" }));
  }
  await producer.close();
  await until(() => events.some(({ type }) => type === "disconnected"));
  assert.deepEqual(events.map((event) => "wid" in event && [event.type, event.connections]), [
    ...[["connected", 1], ["disconnected", 0]],
  ]);
  events.length = 0;

  const consumer = new Consumer({ url, queues: ["q"], concurrency: 1, connections: 2 });
  consumer.register("x", () => Promise.reject(new RangeError("too far")));
  const stopped = once((listener) => consumer.on("state", listener));
  await consumer.run({ maxJobs: 3 });
  await stopped;
  await until(() => server.snapshot().connections === 0);
  const { wid } = consumer;
  const of = (type: string) =>
    events.flatMap((event) => event.type === type && "wid" in event ? [event] : []);
  assert.deepEqual(of("connected").map((event) => [event.wid, event.connections]), [
    ...[[wid, 1], [wid, 2]],
  ]);
  assert.deepEqual(of("disconnected").map(({ connections }) => connections), [1, 0]);
  const nexts = ["retry", "dead", "dropped"];
  assert.deepEqual(
    events.filter(({ type }) => type === "failed"),
    jids.map((jid, i) => ({
      ...{ type: "failed", jid, jobType: "x", queue: "q", attempt: 1, next: nexts[i] },
      ...{ errorType: "RangeError", message: "too far" },
    })),
  );
});

test("a client above the limit is reported", async () => {
  const events: ServerEvent[] = [];
  const onEvent = (event: ServerEvent) => void events.push(event);
  await using server = await FaktoryServer.start({ port: 0, maxConnections: 1, onEvent });
  const { url } = server;
  await using _one = await Producer.connect({ url });
  await assert.rejects((async () => {
    await using two = await Producer.connect({ url, reconnect: false });
    await two.info();
  })());
  assert.deepEqual(
    events.filter(({ type }) => type === "refused")[0],
    { type: "refused", address: "127.0.0.1", reason: "connections" },
  );
});

test("an invalid listener is refused", async () => {
  await assert.rejects(FaktoryServer.start({ port: 0, onEvent: "log" as never }), ConfigError);
});
