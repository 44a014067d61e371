import { type Consumer, Producer } from "../../mod.ts";
import type { Clock } from "../../src/internal/clock.ts";
import { FaktoryServer, type ManualClock } from "../../src/server/mod.ts";
import { startQuick } from "../server/quick.ts";

/** Fast enough not to be noticed, slow enough to be a wait. */
export const reconnect = { initialMs: 5, maxMs: 20 };

/** An embedded server and a producer, which end with the test. */
export async function start(clock?: Clock) {
  const server =
    await (clock === undefined ? startQuick() : FaktoryServer.start({ port: 0, clock }));
  const producer = await Producer.connect({ url: server.url });
  return {
    server,
    producer,
    async [Symbol.asyncDispose]() {
      await producer.close();
      await server.close();
    },
  };
}

/** What an event tells, the first time that it comes. */
export function once<T>(on: (listener: (detail: T) => void) => unknown): Promise<T> {
  return new Promise((resolve) => on(resolve));
}

/** Resolves as soon as it is so, having let everything else go on. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Moves the clock that a consumer shares with its server on, a little at a time, until `promise`
 * settles: what waits for time to pass need not be waited for. Not before it has connected: the
 * server does not wait long for a HELLO.
 */
export async function pass<T>(
  clock: ManualClock,
  consumer: Consumer,
  promise: Promise<T>,
): Promise<T> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  const before = ["idle", "stopped"];
  await until(() => isSettled || !before.includes(consumer.state));
  while (!isSettled) {
    clock.advance(50);
    // Not setImmediate: Deno may run a hundred of those before it looks at its sockets.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return await promise;
}
