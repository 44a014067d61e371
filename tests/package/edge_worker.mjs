/** Tests the producers of `./edge` in workerd. The URLs of the servers are in `env`. */

import { InvalidJobError, Job, PasswordlessProducer, Producer } from "@faktory-ts/faktory/edge";
import { codeOf, equal, testing } from "./worker_tests.mjs";

/** Returns the time that a promise takes to settle, in milliseconds. */
async function timeOf(promise) {
  const before = Date.now();
  await promise.catch(() => {});
  return Date.now() - before;
}

export default testing({
  async "one job, many, and many at a time, with a password"({ url }) {
    await using producer = await Producer.connect({ url });
    equal((await producer.enqueue("one", ["é", 1], { queue: "edge" })).length, 16);
    const job = new Job("one", [], { queue: "edge" });
    equal(await producer.enqueue(job), job.jid);
    const jids = await Promise.all([1, 2, 3].map((n) => producer.enqueue("x", [n])));
    equal(new Set(jids).size, 3);
    const jobs = Array.from({ length: 2500 }, (_, n) => new Job("many", [n], { queue: "edge" }));
    const { enqueued, failed } = await producer.enqueueMany(jobs);
    equal([enqueued.length, failed.size], [2500, 0]);
  },

  async "without a password"({ enterprise, unnamed }) {
    await using producer = await PasswordlessProducer.connect({ url: enterprise });
    await producer.enqueue("x", []);
    equal(await codeOf(PasswordlessProducer.connect({ url: unnamed })), "PASSWORD_REQUIRED");
  },

  async "TLS by the URL"({ secured, unsecured }) {
    for (const Class of [Producer, PasswordlessProducer]) {
      await using producer = await Class.connect({ url: secured });
      await producer.enqueue("x", [], { queue: "secured" });
    }
    equal(await codeOf(Producer.connect({ url: unsecured })), "CONNECT_FAILED");
  },

  async "reports errors by their codes"({ url, wrong, unnamed, nobody }) {
    equal(await codeOf(Producer.connect({ url: wrong })), "PASSWORD_REFUSED");
    equal(await codeOf(Producer.connect({ url: unnamed })), "PASSWORD_REQUIRED");
    equal(await codeOf(Producer.connect({ url: unnamed, password: "shut" })), "PASSWORD_REFUSED");
    equal(await codeOf(Producer.connect({ url: nobody })), "CONNECT_FAILED");
    equal(await codeOf(Producer.connect({ url: "http://x" })), "INVALID_URL");
    equal(await codeOf(Producer.connect({ url, tls: true })), "INVALID_OPTION");
    await using producer = await Producer.connect({ url });
    equal(await codeOf(producer.enqueue("x", [1n])), "INVALID_ARGS");
  },

  async "a refused job, alone and among others"({ enterprise: url }) {
    await using producer = await Producer.connect({ url });
    const unique = { type: "x", args: ["once"], custom: { unique_for: 60 } };
    await producer.enqueue(unique);
    equal(await codeOf(producer.enqueue(unique)), "NOT_UNIQUE");
    const jobs = [{ type: "x" }, { ...unique, jid: "refused-job" }, { type: "x", args: [NaN] }];
    const { enqueued, failed } = await producer.enqueueMany(jobs);
    equal([enqueued.length, failed.size], [1, 2]);
    equal(failed.get("refused-job").code, "NOT_UNIQUE");
    const invalid = [...failed.values()].find((error) => error instanceof InvalidJobError);
    equal(invalid.path, "jobs[2].args[0]");
  },

  async "the next call restores a lost connection"({ relayed, cut }) {
    await using producer = await Producer.connect({ url: relayed });
    await producer.enqueue("x", [1], { queue: "restored" });
    equal(await (await fetch(cut)).text(), "1 cut");
    // If the end of the connection has not arrived yet, the first call notices it.
    const first = await codeOf(producer.enqueue("x", [2], { queue: "restored" }));
    if (first !== "none") equal(first, "CONNECTION_LOST");
    equal((await producer.enqueue("x", [3], { queue: "restored" })).length, 16);
  },

  async "a silent server is waited for no longer than the time limit"(env) {
    const options = { connectTimeoutMs: 300, commandTimeoutMs: 300 };
    for (const url of [env.ungreeting, env.greeting]) {
      const connecting = Producer.connect({ ...options, url });
      const ms = await timeOf(connecting);
      equal(await codeOf(connecting), "CONNECT_TIMEOUT");
      equal(ms >= 250 && ms < 5000, true);
    }
    const producer = await Producer.connect({ ...options, url: env.accepting });
    const calls = [producer.enqueue("x"), producer.enqueueMany([{ type: "x" }])];
    equal(await timeOf(calls[0]) < 5000, true);
    equal(await codeOf(calls[0]), "COMMAND_TIMEOUT");
    const [error] = (await calls[1]).failed.values();
    equal(error.code, "COMMAND_TIMEOUT");
    await producer.close();
    equal(await codeOf(producer.enqueue("x")), "CLOSED");
  },
});
