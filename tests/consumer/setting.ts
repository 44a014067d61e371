import { type Consumer, Producer } from "../../mod.ts";
import type { Clock } from "../../src/internal/clock.ts";
import { FaktoryServer, type ManualClock } from "../../src/server/mod.ts";
import { startQuick } from "../server/quick.ts";

/** Short enough for tests, long enough to be a wait. */
export const reconnect = { initialMs: 5, maxMs: 20 };

/** Starts an embedded server and a producer, which end with the test. */
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

/** Resolves to the details of an event, the first time that it happens. */
export function once<T>(on: (listener: (detail: T) => void) => unknown): Promise<T> {
  return new Promise((resolve) => on(resolve));
}

/** Resolves when the condition holds. Lets the event loop run meanwhile. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Moves the clock that a consumer shares with its server in small steps until `promise` settles, so
 * that a test need not wait for real time. Begins when the consumer has connected, as the server
 * does not wait long for a HELLO.
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
    // Not setImmediate, as Deno may run a hundred of those before it polls its sockets.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return await promise;
}
