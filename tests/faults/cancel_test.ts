import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { cancelJob } from "../../src/producer/cancel.ts";
import {
  addMarker,
  createMarker,
  parseMarker,
  removeMarkers,
  removeRunningJob,
} from "../../src/protocol/cancellation.ts";
import type { Command } from "../../src/protocol/commands/command.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { until } from "../consumer/setting.ts";

/** Place of the job when it is cancelled. */
const places = ["scheduled", "retries", "queue", "running"] as const;

class Crash extends Error {}

/**
 * Returns a server with a stopped clock, one job in this place, and functions that make clients.
 */
async function start(place: typeof places[number]) {
  const clock = new ManualClock(Date.now());
  const server = await MemoryServer.start({ clock, fetchWaitMs: 50 });
  const connection = { url: server.url, transport: server.transport, clock };
  const producer = await Producer.connect(connection);
  const consumer = (cancellation = true) => new Consumer({ ...connection, cancellation });
  const at = place === "scheduled" ? new Date(clock.now() + 60_000) : undefined;
  const jid = await producer.enqueue("x", [], { at, retry: 3 });
  const failing = consumer(false);
  if (place === "retries") {
    failing.register("x", () => {
      throw new Error("no");
    });
    const run = failing.run({ maxJobs: 1 });
    await turns(clock, run);
  }
  const send = <T>(command: Command<T>) =>
    producer.command(command.verb, command.payload, { resend: "safe" })
      // Parsed like the command's own reply.
      .then((text) => command.parse({ kind: text === "OK" ? "status" : "bulk", text: text! }));
  return {
    ...{ clock, server, producer, consumer, jid, send },
    /** Returns a `send` that fails after so many commands, as if the process had died. */
    dying(count: number): typeof send {
      let sent = 0;
      return (command) => {
        if (sent++ >= count) throw new Crash();
        return send(command);
      };
    },
    async [Symbol.asyncDispose]() {
      await producer.close();
      await server.close();
    },
  };
}

/** Moves the clock until `promise` settles. */
async function turns<T>(clock: ManualClock, promise: Promise<T>, stepMs = 50): Promise<T> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  while (!isSettled) {
    clock.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return await promise;
}

/**
 * Runs all jobs, now and after the longest wait of a retry. Returns the ids of the jobs that ran.
 */
async function runAll(s: Awaited<ReturnType<typeof start>>): Promise<string[]> {
  const ran: string[] = [];
  for (let i = 0; i < 2; i++) {
    const consumer = s.consumer();
    consumer.register("x", (job) => void ran.push(job.jid));
    await turns(s.clock, consumer.runToCompletion());
    // Longer than the server's checks of its sets, the wait of a retry, and the job's delay.
    s.clock.advance(120_000);
    await turns(s.clock, s.producer.info());
  }
  return ran;
}

for (const place of places.slice(0, 3)) {
  test(`a job (${place}) never runs if cancelling it fails after the marker`, async () => {
    let commands = 0;
    for (let count = 0;; count++) {
      await using s = await start(place);
      const deps = { send: s.dying(count), clock: s.clock };
      const isWhole = await cancelJob(s.jid, {}, deps).then(() => true, (error) => {
        assert(error instanceof Crash);
        return false;
      });
      const ran = await runAll(s);
      // INFO and the marker. Without both, the job is not cancelled.
      assert.deepEqual(ran, count < 2 ? [s.jid] : [], `${place}, after ${count} commands`);
      commands = count;
      if (isWhole) break;
    }
    assert.equal(commands, 5);
  });
}

test("a running job is aborted and not retried, wherever cancelling fails", async () => {
  for (let count = 2; count <= 8; count++) {
    await using s = await start("running");
    const consumer = s.consumer();
    const reason = deferred<{ code: string }>();
    consumer.register("x", (_job, { signal }) => {
      signal.addEventListener("abort", () => reason.resolve(signal.reason));
      return reason.promise;
    });
    const run = consumer.run();
    await until(() => consumer.running.length === 1);
    const deps = { send: s.dying(count), clock: s.clock };
    await turns(s.clock, cancelJob(s.jid, {}, deps)).catch((error) =>
      assert(error instanceof Crash)
    );
    const before = s.clock.now();
    assert.equal((await turns(s.clock, reason.promise)).code, "CANCELLED");
    assert(s.clock.now() - before <= 10_000);
    await turns(s.clock, consumer.stop());
    assert.deepEqual((await run).unreported, []);
    assert.deepEqual(await runAll(s), [], `after ${count} commands`);
    const { retries, dead, working } = s.server.snapshot();
    assert.deepEqual([retries, dead, working], [0, 0, 0]);
  }
});

test("a job does not run again if its worker dies while it releases the job", async () => {
  for (let count = 0; count <= 3; count++) {
    await using s = await start("running");
    // A worker takes the job, sees that it is cancelled, and dies after so many commands.
    const worker = s.consumer(false);
    const isTaken = deferred();
    worker.register("x", () => {
      isTaken.resolve();
      return new Promise(() => {});
    });
    void worker.run().catch(() => {});
    await turns(s.clock, isTaken.promise);
    const marker = createMarker(s.jid, Math.ceil(s.clock.now() / 1000) + 86_400);
    await addMarker(s.send, marker);
    const send = s.dying(count);
    const whole = removeRunningJob(send, s.jid).then(() => removeMarkers(send, [marker.queue]));
    await whole.catch((error) => assert(error instanceof Crash));
    // Its reservation ends, unless the worker has released the job.
    s.clock.advance(1_900_000);
    await turns(s.clock, s.producer.info());
    assert.deepEqual(await runAll(s), [], `after ${count} commands`);
    void worker.stop({ graceMs: 0 });
  }
});

test("any worker removes a marker whose time is over", async () => {
  await using s = await start("queue");
  await s.producer.cancel("some-other-job", { keepSeconds: 60 });
  const isMarked = async () =>
    Object.keys((await s.producer.info()).queues).some((name) =>
      name.startsWith("faktory.cancel.")
    );
  await runOnce(s);
  assert(await isMarked());
  s.clock.advance(62_000);
  await s.producer.enqueue("x");
  await runOnce(s);
  assert.equal(await isMarked(), false);
});

async function runOnce(s: Awaited<ReturnType<typeof start>>): Promise<void> {
  const consumer = s.consumer();
  consumer.register("x", () => {});
  await turns(s.clock, consumer.run({ maxJobs: 1 }));
}

test("a marker's name contains jid and time, for any jid", () => {
  for (const jid of ["7TlTmYkbFqXCWKGj", "a.b", "ö 😀 \u2028", "x00", "j", "_-_"]) {
    const marker = createMarker(jid, 1_900_000_000);
    assert.match(marker.queue, /^[a-zA-Z0-9._-]+$/);
    assert.deepEqual(parseMarker(marker.queue), marker);
  }
  for (
    const queue of ["default", "faktory.cancel.", "faktory.cancel.zzz", "faktory.cancel.!.a.ja"]
  ) {
    assert.equal(parseMarker(queue), undefined);
  }
});

test("an invalid jid is refused, and nothing is sent", async () => {
  await using s = await start("queue");
  for (const wrong of ["", 7, undefined, "\ud800"]) {
    await assert.rejects(s.producer.cancel(wrong as string), { code: "INVALID_ARGUMENT" });
  }
  for (const options of [{ waitMs: -1 }, { keepSeconds: 1 }]) {
    await assert.rejects(s.producer.cancel(s.jid, options), { code: "INVALID_OPTION" });
  }
  assert.deepEqual(Object.keys(s.server.snapshot().queues), ["default"]);
});
