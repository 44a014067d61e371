import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectError, Consumer, type JobContext, Producer } from "../../mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { FaultProxy, type SilencePoint } from "../faults/proxy.ts";
import { settle, turn, WallClock } from "../faults/wall_clock.ts";

/** Limits from docs/promises.md for a consumer with the default options, in ms. */
const BOUNDS = {
  connect: 10_000,
  answer: 15_000,
  stop: 27_500,
  secondStop: 1000,
};

async function open() {
  const clock = new WallClock();
  const server = await MemoryServer.start({ clock });
  const proxy = new FaultProxy(server.transport, clock);
  // The default options, apart from the server, and the usual number of jobs at a time.
  const options = { url: server.url, transport: proxy, clock, concurrency: 20 };
  const producer = await Producer.connect({ url: server.url, transport: server.transport, clock });
  return {
    ...{ clock, server, proxy, options, producer },
    async [Symbol.asyncDispose]() {
      proxy.heal();
      await settle(clock, producer.close());
      await server.close();
      assert.equal(clock.pending, 0, "a timer is left");
    },
  };
}

type Setting = Awaited<ReturnType<typeof open>>;

/** Moves the clock until the condition holds. */
async function until({ clock }: Setting, isSo: () => boolean): Promise<void> {
  for (let steps = 0; !isSo(); steps++) {
    assert(steps < 2000, "it never is");
    clock.advance(10);
    await turn();
  }
}

/** Points before a consumer is connected. */
for (const point of ["connecting", "greeting", "HELLO"] as const) {
  test(`silence from the start (${point}): each run fails in time, a stop at once`, async () => {
    for (const way of ["run", "runOne", "runToCompletion"] as const) {
      await using it = await open();
      it.proxy.silentFrom(point);
      const end = await settle<unknown>(it.clock, new Consumer(it.options)[way]());
      assert(end?.status === "rejected" && end.reason instanceof ConnectError, way);
      assert(end.tookMs <= BOUNDS.connect, `${way} took ${end.tookMs} ms`);
      const consumer = new Consumer(it.options);
      const running = consumer[way]();
      await turn();
      const stopped = await settle(it.clock, consumer.stop());
      assert.equal(stopped?.tookMs, 0);
      assert.equal((await settle<unknown>(it.clock, running))?.status, "fulfilled");
    }
  });
}

/** Every promise of a consumer that runs a job, each with its time limit. */
const promises: Record<
  string,
  { maxMs: number; make(consumer: Consumer, context: JobContext): Promise<unknown> }
> = {
  "context.progress": {
    maxMs: BOUNDS.answer,
    make: (_consumer, { progress }) => progress(50),
  },
  "context.extend": {
    maxMs: BOUNDS.answer + 2000,
    make: (_consumer, { extend }) => extend(60),
  },
  "stop": { maxMs: BOUNDS.stop, make: (consumer) => consumer.stop() },
  "stop with no grace": { maxMs: 2500, make: (consumer) => consumer.stop({ graceMs: 0 }) },
  "a second stop": {
    maxMs: BOUNDS.secondStop,
    make(consumer) {
      void consumer.stop();
      return consumer.stop();
    },
  },
  "context.producer.enqueue, as the consumer stops": {
    maxMs: BOUNDS.stop,
    make(consumer, { producer }) {
      const enqueuing = producer.enqueue("y");
      void consumer.stop();
      return enqueuing;
    },
  },
  "context.producer.info, as the consumer stops": {
    maxMs: BOUNDS.stop,
    make(consumer, { producer }) {
      const asking = producer.info();
      void consumer.stop();
      return asking;
    },
  },
  "context.producer.close, as the consumer stops": {
    maxMs: BOUNDS.stop,
    make(consumer, { producer }) {
      producer.enqueue("y").catch(() => {});
      const closing = producer.close();
      void consumer.stop();
      return closing;
    },
  },
};

const points: readonly SilencePoint[] = [
  ...["connecting", "greeting", "HELLO", "any command"] as const,
  ...["FETCH", "ACK", "FAIL", "BEAT", "INFO", "PUSH", "TRACK", "MUTATE", "END"] as const,
];

for (const point of points) {
  test(`a server is silent from then on (${point}): each promise of a running consumer ends in time`, async () => {
    for (const [name, { make, maxMs }] of Object.entries(promises)) {
      await using it = await open();
      const consumer = new Consumer(it.options);
      const contexts: JobContext[] = [];
      consumer.register("ends", () => {});
      consumer.register("fails", () => {
        throw new Error("no");
      });
      consumer.register("stays", (_job, context) => {
        contexts.push(context);
        return new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      });
      const running = consumer.run();
      running.catch(() => {});
      await it.producer.enqueue("stays");
      await until(it, () => contexts.length === 1);
      it.proxy.silentFrom(point);
      // Jobs whose results may not be confirmed.
      void it.producer.enqueueMany([{ type: "ends" }, { type: "fails" }]);
      for (let steps = 0; steps < 100; steps++) {
        it.clock.advance(10);
        await turn();
      }
      const promise = make(consumer, contexts[0]!);
      const end = await settle(it.clock, promise, { maxMs: 300_000, stepMs: 10 });
      assert(end !== undefined, `${name} has not ended`);
      assert(end.tookMs <= maxMs + 20, `${name} took ${end.tookMs} ms`);
      // In every case, a second stop ends the run.
      void consumer.stop();
      const stopped = await settle(it.clock, consumer.stop(), { stepMs: 10 });
      assert(stopped !== undefined && stopped.tookMs <= BOUNDS.secondStop, `${stopped?.tookMs}`);
      assert.equal((await settle(it.clock, running))?.status, "fulfilled");
    }
  });

  test(`a server is silent from then on (${point}): runOne and limits end in time`, async () => {
    for (const hasJob of [false, true]) {
      await using it = await open();
      if (hasJob) await it.producer.enqueue("x");
      const consumer = new Consumer(it.options);
      consumer.register("x", () => {});
      const running = consumer.runOne();
      await until(it, () => consumer.state !== "idle");
      it.proxy.silentFrom(point);
      const maxMs = BOUNDS.answer + BOUNDS.stop;
      const end = await settle(it.clock, running, { maxMs, stepMs: 50 });
      assert(end !== undefined, "runOne has not ended");
      for (const way of ["run", "runToCompletion"] as const) {
        it.proxy.heal();
        const timed = new Consumer(it.options);
        timed.register("x", () => {});
        const ending = timed[way]({ maxMs: 5000, graceMs: 1000 });
        await until(it, () => timed.state !== "idle");
        it.proxy.silentFrom(point);
        const ended = await settle(it.clock, ending, { maxMs: 20_000, stepMs: 10 });
        assert(ended?.status === "fulfilled", way);
        assert(ended.tookMs <= 5000 + 1000 + 2500, `${way} took ${ended.tookMs} ms`);
      }
    }
  });
}
