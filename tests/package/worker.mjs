/** Tests a producer in workerd. The URLs of the servers are in `env`. */

import { Job, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { codeOf, equal, testing } from "./worker_tests.mjs";

export default testing({
  async "has modules of Node only with the compatibility flag"({ flags }) {
    if (flags !== "") return;
    equal(typeof process, "undefined");
    // Not a literal, because the bundler would try to resolve it.
    const name = "node:crypto";
    equal(await import(name).then(() => "there", () => "not there"), "not there");
    equal(await codeOf(FaktoryServer.start({ port: 0 })), "UNSUPPORTED_RUNTIME");
  },

  async "one job, and many, with a password"({ url }) {
    await using producer = await Producer.connect({ url });
    equal((await producer.enqueue("one", ["é", 1])).length, 16);
    const jobs = Array.from({ length: 2500 }, (_, n) => new Job("many", [n]));
    const { enqueued, failed } = await producer.enqueueMany(jobs);
    equal([enqueued.length, failed.size], [2500, 0]);
    equal((await producer.info()).queues.default, 2501);
  },

  async "a stream of jobs"({ url }) {
    await using producer = await Producer.connect({ url });
    const jobs = ReadableStream.from([1, 2, 3].map((n) => ({ type: "x", args: [n], queue: "s" })));
    await jobs.pipeTo(producer.writable());
    equal((await producer.info()).queues.s, 3);
  },

  async "calls at the same time share a connection"({ url }) {
    await using producer = await Producer.connect({ url });
    const jids = await Promise.all([1, 2, 3, 4].map((n) => producer.enqueue("x", [n])));
    equal(new Set(jids).size, 4);
    equal((await producer.info()).server.connections, 1);
  },

  async "restores a lost connection"({ relayed, cut }) {
    await using producer = await Producer.connect({ url: relayed, reconnect: { initialMs: 10 } });
    const reconnects = [];
    producer.on("reconnect", ({ attempts }) => reconnects.push(attempts));
    await producer.enqueue("x", [1], { queue: "cut" });
    equal(await (await fetch(cut)).text(), "1 cut");
    await producer.enqueue("x", [2], { queue: "cut" });
    equal(reconnects, [1]);
    equal((await producer.info()).queues.cut, 2);
  },

  async "reports errors by their codes"({ url, wrong, nobody }) {
    equal(await codeOf(Producer.connect({ url: wrong })), "PASSWORD_REFUSED");
    // Workers cannot tell a refused connection from other failures.
    equal(await codeOf(Producer.connect({ url: nobody })), "CONNECT_FAILED");
    await using producer = await Producer.connect({ url });
    equal(await codeOf(producer.enqueue("x", [1n])), "INVALID_ARGS");
  },
});
