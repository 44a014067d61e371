// Runs one job with the installed package on the embedded server, and one in memory.

import "./version.mjs";
import assert from "node:assert/strict";
import { Consumer, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { FakeFaktory } from "@faktory-ts/faktory/testing";

const server = await FaktoryServer.start({ port: 0, password: "hush" });
const producer = await Producer.connect({ url: server.url, password: "hush" });
const consumer = new Consumer({ url: server.url, password: "hush" });
const ran = [];
consumer.register("greet", (job) => {
  ran.push([job.jid, ...job.args]);
});

const jid = await producer.enqueue("greet", ["world"]);
assert.equal(await consumer.runOne(), true);
assert.deepEqual(ran, [[jid, "world"]]);
assert.equal((await producer.info()).totals.processed, 1);

const faktory = await FakeFaktory.start();
await faktory.producer.enqueue("greet", ["tests"]);
faktory.assertEnqueued("greet", { args: ["tests"] });
const [{ job }] = await faktory.drain(consumer);
assert.deepEqual(ran[1], [job.jid, "tests"]);
await faktory.close();

await producer.close();
await server.close();
