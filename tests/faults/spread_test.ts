import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectError } from "../../src/errors.ts";
import { backoffMs } from "../../src/internal/backoff.ts";
import { Connection } from "../../src/connection/connection.ts";
import { ReconnectingConnection } from "../../src/connection/reconnecting_connection.ts";
import { Peer } from "../connection/peer.ts";
import { info } from "../../src/protocol/commands/server.ts";
import { numbers } from "./numbers.ts";
import { turn, WallClock } from "./wall_clock.ts";

const CLIENTS = 10_000;

/**
 * Number of connections that the server accepts in total, and in each 100 ms. It refuses others.
 */
const CONNECTIONS = 2000;
const PER_WINDOW = 200;
const WINDOW_MS = 100;

/** Time without a server, in ms. */
const DOWN_MS = 3000;

const policy = { initialMs: 100, maxMs: 5000, attempts: Infinity };

/**
 * All clients lose the server at the same time. Returns the number of attempts in each window, and
 * the time at which the server has all connections that it accepts.
 */
async function comeBack(random: () => number) {
  const original = Math.random;
  Math.random = random;
  try {
    return await simulate();
  } finally {
    Math.random = original;
  }
}

async function simulate() {
  const clock = new WallClock(0);
  const tries: number[] = [];
  const taken: number[] = [];
  let connected = 0;
  let isUp = false;
  let fullAtMs: number | undefined;

  function dial(): Promise<Connection> {
    const window = Math.floor(clock.now() / WINDOW_MS);
    tries[window] = (tries[window] ?? 0) + 1;
    if (!isUp) return Promise.reject(new ConnectError("CONNECTION_REFUSED", "away"));
    if ((taken[window] ?? 0) >= PER_WINDOW) {
      return Promise.reject(new ConnectError("CONNECTION_REFUSED", "busy"));
    }
    taken[window] = (taken[window] ?? 0) + 1;
    if (connected === CONNECTIONS) {
      return Promise.reject(new ConnectError("TOO_MANY_CONNECTIONS", "full"));
    }
    if (++connected === CONNECTIONS) fullAtMs ??= clock.now() - DOWN_MS;
    return Promise.resolve(new Connection(new Peer().connection, { clock, commandTimeoutMs: 1e9 }));
  }

  const listener = { disconnected() {}, reconnected() {} };
  const connections = Array.from(
    { length: CLIENTS },
    () =>
      new ReconnectingConnection({
        dial,
        reconnect: policy,
        delivery: "at-least-once",
        clock,
        listener,
      }),
  );
  // Each client has a command to send and finds its server gone.
  for (const connection of connections) {
    connection.send({ command: info(), resolve() {}, reject() {} });
  }
  await turn();
  clock.after(DOWN_MS, () => isUp = true);
  for (let ms = 0; ms < 30_000; ms += 10) {
    clock.advance(10);
    await turn();
  }
  for (const connection of connections) connection.close();
  await turn();
  assert.equal(clock.pending, 0);
  return { tries: Array.from(tries, (count) => count ?? 0), fullAtMs, connected };
}

/**
 * Returns the maximum number of attempts in a window while the server is up, and a list to read.
 */
function summary({ tries, fullAtMs }: Awaited<ReturnType<typeof comeBack>>) {
  const up = tries.slice(DOWN_MS / WINDOW_MS);
  const peak = Math.max(...up);
  const busy = up.filter((count) => count > 0).length;
  return {
    peak,
    busy: Math.round(busy / up.length * 100),
    fullAtMs,
    per100ms: up.slice(0, 60).join(" "),
  };
}

test("10,000 clients of a server that accepts 2000 come back one after the other", async () => {
  const jittered = await comeBack(numbers(20_261_125));
  // Without jitter: all draw the same number.
  const inStep = await comeBack(() => 1);
  const [with_, without] = [summary(jittered), summary(inStep)];
  console.log("with jitter", with_);
  console.log("without", without);
  assert.equal(jittered.connected, CONNECTIONS);
  assert(with_.peak < CLIENTS / 10, `${with_.peak} tries in ${WINDOW_MS} ms`);
  assert(with_.busy > 95, `tries in only ${with_.busy} % of the windows`);
  assert(with_.fullAtMs !== undefined && with_.fullAtMs < 5000, `full after ${with_.fullAtMs} ms`);
  assert(without.peak >= CLIENTS - CONNECTIONS, "without jitter they are in step");
  assert(without.fullAtMs === undefined || without.fullAtMs > 2 * with_.fullAtMs);
});

test("the waits grow to their maximum, and lie in its upper half", () => {
  const random = numbers(7);
  for (let attempt = 0; attempt < 40; attempt++) {
    const ceiling = Math.min(5000, 100 * 2 ** attempt);
    const waits = Array.from({ length: 1000 }, () => backoffMs(attempt, policy, random));
    assert(Math.min(...waits) >= ceiling / 2 && Math.max(...waits) <= ceiling);
    assert(Math.max(...waits) - Math.min(...waits) > ceiling * 0.45, "spread over all of it");
  }
});
