import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  StateError,
  TimeoutError,
  VersionError,
} from "../../src/errors.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { Connection } from "../../src/connection/connection.ts";
import type { Delivery } from "../../src/connection/reconnect_options.ts";
import { ReconnectingConnection } from "../../src/connection/reconnecting_connection.ts";
import { request } from "../../src/connection/request.ts";
import { type Command, parseText, type Resend } from "../../src/protocol/commands/command.ts";
import { push, pushBulk } from "../../src/protocol/commands/jobs.ts";
import { Peer } from "./peer.ts";

interface Setting {
  delivery?: Delivery;
  attempts?: number;
}

/** Returns a connection that gets a new peer at each dial. `refuse` makes dialling fail. */
function make({ delivery = "at-least-once", attempts = 5 }: Setting = {}) {
  const clock = new ManualClock();
  const peers: Peer[] = [];
  const losses: { error: Error; retryInMs: number | undefined }[] = [];
  const state = {
    refuse: undefined as Error | undefined,
    hold: false,
    reconnects: [] as number[],
    dials: 0,
    onLoss: () => {},
  };
  const connection = new ReconnectingConnection({
    clock,
    delivery,
    reconnect: { initialMs: 100, maxMs: 1000, attempts },
    dial() {
      state.dials++;
      if (state.refuse !== undefined) return Promise.reject(state.refuse);
      if (state.hold) return new Promise(() => {});
      const peer = new Peer();
      peers.push(peer);
      return Promise.resolve(new Connection(peer.connection, { clock }));
    },
    listener: {
      disconnected(error, retryInMs) {
        losses.push({ error, retryInMs });
        state.onLoss();
      },
      reconnected: (count) => state.reconnects.push(count),
    },
  });
  const call = <T>(command: Command<T>) => request((entry) => connection.send(entry), command);
  return { clock, peers, losses, state, connection, call };
}

function command(verb: string, resend: Resend = "safe"): Command<string> {
  return { verb, payload: "", resend, parse: parseText };
}

/** Runs all microtasks. No connection in this file has a real timer. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

test("commands that may be resent are, in order and before newer ones", async () => {
  const { connection, call, peers, clock, state } = make();
  await connection.open();
  const calls = ["A", "B"].map((verb) => call(command(verb)));
  await peers[0]!.received(2);
  peers[0]!.say("+one\r\n");
  assert.equal(await calls[0], "one");
  peers[0]!.end();
  await settle();
  assert.equal(connection.connected, false);
  const later = call(command("C"));
  clock.advance(100);
  await settle();
  await peers[1]!.received(2);
  assert.deepEqual(peers[1]!.lines, ["B", "C"]);
  peers[1]!.say("+two\r\n+three\r\n");
  assert.deepEqual([await calls[1], await later], ["two", "three"]);
  assert.deepEqual(state.reconnects, [1]);
  connection.close();
});

test("a FETCH is never sent again, and rejects with outcome unknown", async () => {
  const { connection, call, peers } = make();
  await connection.open();
  const fetch = call(command("FETCH", "never"));
  await peers[0]!.received(1);
  peers[0]!.reset(new Error("connection reset"));
  await assert.rejects(fetch, (error) => {
    assert(error instanceof ConnectionLostError);
    assert.equal(error.outcome, "unknown");
    assert.match(error.message, /connection reset/);
    return true;
  });
  connection.close();
});

test("a resent command that is refused as already done counts as done", async () => {
  const { connection, call, peers, clock } = make();
  await connection.open();
  const one = call(push({ jid: "12345678", json: "{}" }));
  const many = call(pushBulk("{},{}"));
  await peers[0]!.received(2);
  peers[0]!.end();
  await settle();
  clock.advance(100);
  await settle();
  await peers[1]!.received(2);
  const verdicts = JSON.stringify({ a: "NOTUNIQ Job not unique", b: "bad" });
  peers[1]!.say(`-NOTUNIQ Job not unique\r\n$${verdicts.length}\r\n${verdicts}\r\n`);
  await one;
  assert.deepEqual([...await many], [["b", "bad"]]);
  connection.close();
});

test("at most once, a PUSH in flight is not resent, an unsent one is sent", async () => {
  const { connection, call, peers, clock } = make({ delivery: "at-most-once" });
  await connection.open();
  peers[0]!.hold = new Promise(() => {});
  const sent = call(push({ jid: "12345678", json: `{"n":1}` }));
  await peers[0]!.received(1);
  const unsent = call(push({ jid: "12345679", json: `{"n":2}` }));
  peers[0]!.end();
  await assert.rejects(sent, { outcome: "unknown" });
  clock.advance(100);
  await settle();
  await peers[1]!.received(1);
  assert.deepEqual(peers[1]!.lines, [`PUSH {"Retry":null,"n":2}`]);
  peers[1]!.say("+OK\r\n");
  await unsent;
  connection.close();
});

test("waits grow up to a limit, and the last attempt rejects the waiting commands", async () => {
  const { connection, call, peers, clock, losses, state } = make({ attempts: 5 });
  await connection.open();
  state.refuse = new ConnectError("CONNECTION_REFUSED", "refused");
  peers[0]!.end();
  await settle();
  const waiting = call(command("A"));
  const rejected = assert.rejects(waiting, { code: "CONNECTION_LOST", outcome: "not-sent" });
  for (let i = 0; i < 5; i++) {
    clock.advance(1000);
    await settle();
  }
  await rejected;
  const waits = losses.map(({ retryInMs }) => retryInMs);
  assert.equal(waits.length, 6);
  const ceilings = [100, 200, 400, 800, 1000];
  ceilings.forEach((ceiling, i) => {
    assert(waits[i]! >= ceiling / 2 && waits[i]! <= ceiling, `wait ${i} is ${waits[i]}`);
  });
  assert.equal(waits[5], undefined);
  // The next command starts new attempts.
  state.refuse = undefined;
  const next = call(command("B"));
  await settle();
  await peers[1]!.received(1);
  peers[1]!.say("+back\r\n");
  assert.equal(await next, "back");
  connection.close();
});

test("an unsupported server version is final, without another attempt", async () => {
  const { connection, call, peers, clock, losses, state } = make({ attempts: Infinity });
  await connection.open();
  peers[0]!.end();
  await settle();
  state.refuse = new VersionError("UNSUPPORTED_VERSION", "no");
  const waiting = assert.rejects(call(command("A")), { code: "UNSUPPORTED_VERSION" });
  clock.advance(100);
  await waiting;
  await assert.rejects(call(command("B")), { code: "UNSUPPORTED_VERSION" });
  assert.equal(losses.at(-1)!.retryInMs, undefined);
  assert.equal(clock.pending, 0);
});

test("a command that may have run is reported as unknown, even at a final error", async () => {
  const { connection, call, peers, clock, state } = make({ attempts: Infinity });
  await connection.open();
  const sent = call(command("A"));
  const refusal = state.refuse = new VersionError("UNSUPPORTED_VERSION", "no");
  const rejected = assert.rejects(sent, (error) => {
    assert(error instanceof ConnectionLostError);
    assert.deepEqual([error.outcome, error.cause], ["unknown", refusal]);
    return true;
  });
  await peers[0]!.received(1);
  peers[0]!.end();
  await settle();
  clock.advance(100);
  await rejected;
  await assert.rejects(call(command("B")), { code: "UNSUPPORTED_VERSION" });
});

test("a refused password is retried with growing waits until it is accepted", async () => {
  const { connection, call, peers, clock, losses, state } = make({ attempts: 10 });
  await connection.open();
  peers[0]!.end();
  await settle();
  state.refuse = new AuthenticationError("PASSWORD_REFUSED", "no");
  const waiting = call(command("A"));
  for (let tries = 0; tries < 4; tries++) {
    clock.advance(1000);
    await settle();
  }
  const waits = losses.slice(1).map(({ error, retryInMs }) => {
    assert.equal((error as AuthenticationError).code, "PASSWORD_REFUSED");
    return retryInMs!;
  });
  assert(waits.length >= 4 && waits[0]! < waits[2]!, String(waits));
  state.refuse = undefined;
  clock.advance(1000);
  await settle();
  await peers[1]!.received(1);
  peers[1]!.say("+had\r\n");
  assert.equal(await waiting, "had");
  connection.close();
  assert.equal(clock.pending, 0);
});

test("attempts with a refused password run out, and the next command starts anew", async () => {
  const { connection, call, peers, clock, state } = make({ attempts: 2 });
  await connection.open();
  peers[0]!.end();
  await settle();
  state.refuse = new AuthenticationError("PASSWORD_REFUSED", "no");
  const waiting = assert.rejects(call(command("A")), (error) => {
    assert(error instanceof ConnectionLostError);
    assert.deepEqual([error.outcome, error.cause], ["not-sent", state.refuse]);
    return true;
  });
  for (let tries = 0; tries < 3; tries++) {
    clock.advance(1000);
    await settle();
  }
  await waiting;
  assert.equal(clock.pending, 0);
  state.refuse = undefined;
  const next = call(command("B"));
  await settle();
  peers[1]!.say("+had\r\n");
  assert.equal(await next, "had");
  connection.close();
});

test("a connection to a server that paused goes on, and nothing is sent twice", async () => {
  const { connection, call, peers, clock, losses, state } = make();
  await connection.open();
  const first = call(command("A", "once"));
  await peers[0]!.received(1);
  state.hold = true;
  clock.advance(15_000);
  await settle();
  assert.equal(connection.connected, false);
  assert(connection.isSilent);
  assert(losses[0]!.error instanceof TimeoutError);
  const later = call(command("B", "once"));
  clock.advance(5000);
  assert.equal(peers[0]!.isClosed, false);
  peers[0]!.say("+one\r\n");
  assert.equal(await first, "one");
  await peers[0]!.received(2);
  assert.deepEqual(peers[0]!.lines, ["A", "B"]);
  peers[0]!.say("+two\r\n");
  assert.equal(await later, "two");
  assert.deepEqual(state.reconnects, [0]);
  assert(connection.connected && !connection.isSilent);
  connection.close();
  assert.equal(clock.pending, 0);
});

test("if it answers again after its replacement is ready, the new one is closed", async () => {
  const { connection, call, peers, clock } = make();
  await connection.open();
  const first = call(command("A", "once"));
  await peers[0]!.received(1);
  clock.advance(15_000);
  await settle();
  assert.equal(peers.length, 2);
  clock.advance(4999);
  peers[0]!.say("+one\r\n");
  assert.equal(await first, "one");
  assert(peers[1]!.isClosed);
  assert.deepEqual(peers[1]!.lines, []);
  connection.close();
  assert.equal(clock.pending, 0);
});

test("five seconds after its replacement, a silent connection's commands are resent", async () => {
  const { connection, call, peers, clock, state } = make();
  await connection.open();
  const calls = [call(command("A", "once")), call(command("B", "safe"))];
  const fetch = assert.rejects(call(command("FETCH", "never")), { outcome: "unknown" });
  await peers[0]!.received(3);
  clock.advance(15_000);
  await settle();
  const later = call(command("C"));
  clock.advance(5000);
  await settle();
  assert(peers[0]!.isClosed);
  await fetch;
  await peers[1]!.received(3);
  assert.deepEqual(peers[1]!.lines, ["A", "B", "C"]);
  peers[1]!.say("+1\r\n+2\r\n+3\r\n");
  assert.deepEqual(await Promise.all([...calls, later]), ["1", "2", "3"]);
  assert.deepEqual(state.reconnects, [1]);
  connection.close();
  assert.equal(clock.pending, 0);
});

test("a command is not sent for ever to servers that accept it and never answer", async () => {
  const { connection, call, peers, clock } = make({ attempts: 3 });
  await connection.open();
  let isOver = false;
  const rejected = assert.rejects(call(command("A", "once")), { outcome: "unknown" })
    .then(() => isOver = true);
  for (let passed = 0; passed < 120_000 && !isOver; passed += 1000) {
    clock.advance(1000);
    await settle();
  }
  assert(isOver);
  await rejected;
  assert.equal(peers.flatMap(({ lines }) => lines).filter((line) => line === "A").length, 4);
  assert.equal(clock.pending, 0);
});

test("without reconnecting, the end of the connection is final", async () => {
  const { connection, call, peers, clock } = make({ attempts: 0 });
  await connection.open();
  const under = assert.rejects(call(command("A")), { code: "CONNECTION_LOST", outcome: "unknown" });
  await peers[0]!.received(1);
  peers[0]!.end();
  await under;
  await assert.rejects(call(command("B")), { code: "CONNECTION_LOST" });
  assert.equal(clock.pending, 0);
});

test("the first connection is attempted once", async () => {
  const { connection, state, clock } = make();
  state.refuse = new ConnectError("CONNECTION_REFUSED", "refused");
  await assert.rejects(connection.open(), { code: "CONNECTION_REFUSED" });
  assert.equal(clock.pending, 0);
});

test("closing during the first attempt leaves no connection", async () => {
  const { connection, peers } = make();
  const opening = connection.open();
  connection.close();
  await assert.rejects(opening, StateError);
  assert(peers[0]!.isClosed);
  assert.equal(connection.connected, false);
});

test("a command is not sent after its deadline, waiting or new", async () => {
  const { connection, peers, clock, state } = make({ attempts: Infinity });
  await connection.open();
  const late = (notAfter: number) =>
    request((entry) => connection.send(entry), command("ACK"), { notAfter });
  await assert.rejects(late(clock.now() - 1), { code: "DEADLINE_PASSED", outcome: "not-sent" });
  const sent = late(clock.now() + 500);
  const rejected = assert.rejects(sent, { code: "DEADLINE_PASSED", outcome: "unknown" });
  await peers[0]!.received(1);
  state.refuse = new ConnectError("CONNECTION_REFUSED", "refused");
  peers[0]!.end();
  for (let i = 0; i < 5; i++) {
    await settle();
    clock.advance(1000);
  }
  await rejected;
  connection.close();
});

test("a command sent by a listener of the loss starts no second attempt", async () => {
  const { connection, call, peers, clock, state } = make();
  await connection.open();
  const first = call(command("A"));
  await peers[0]!.received(1);
  const later: Promise<unknown>[] = [];
  state.onLoss = () => void later.push(call(command("B")));
  clock.advance(15_000);
  await settle();
  assert.equal(state.dials, 2);
  clock.advance(5000);
  await settle();
  peers[1]!.say("+one\r\n+two\r\n");
  assert.deepEqual(await Promise.all([first, ...later]), ["one", "two"]);
  connection.close();
  await settle();
  assert(peers.every(({ isClosed }) => isClosed));
  assert.equal(clock.pending, 0);
});

test("a command sent by a caller whose command is late starts no second attempt", async () => {
  const { connection, call, peers, clock, state } = make({ attempts: Infinity });
  await connection.open();
  state.refuse = new ConnectError("CONNECTION_REFUSED", "refused");
  peers[0]!.end();
  await settle();
  const late = { notAfter: clock.now() + 50 };
  let next: Promise<string> | undefined;
  connection.send({
    command: command("ACK"),
    ...late,
    resolve() {},
    reject: () => void (next = call(command("B"))),
  });
  clock.advance(100);
  await settle();
  assert(next !== undefined);
  assert.equal(state.dials, 2);
  state.refuse = undefined;
  for (let tries = 0; tries < 3; tries++) {
    clock.advance(1000);
    await settle();
  }
  assert.equal(peers.length, 2);
  peers[1]!.say("+two\r\n");
  assert.equal(await next, "two");
  connection.close();
  assert.equal(clock.pending, 0);
});

test("close rejects waiting commands and ends every timer", async () => {
  const { connection, call, peers, clock, state } = make();
  await connection.open();
  state.refuse = new ConnectError("CONNECTION_REFUSED", "refused");
  peers[0]!.end();
  await settle();
  const waiting = assert.rejects(call(command("A")), StateError);
  connection.close();
  await waiting;
  await assert.rejects(call(command("B")), { code: "CLOSED" });
  assert.equal(clock.pending, 0);
});

test("drained waits for all replies, even over a lost connection", async () => {
  const { connection, call, peers, clock } = make();
  await connection.open();
  const under = call(command("A"));
  let isDrained = false;
  const drained = connection.drained().then(() => isDrained = true);
  await peers[0]!.received(1);
  peers[0]!.end();
  await settle();
  assert.equal(isDrained, false);
  clock.advance(100);
  await settle();
  await peers[1]!.received(1);
  assert.equal(isDrained, false);
  peers[1]!.say("+OK\r\n");
  await drained;
  assert.equal(await under, "OK");
  connection.close();
});

test("drained does not wait for a connection after the last waiting command is late", async () => {
  const { connection, peers, clock, state } = make({ attempts: Infinity });
  await connection.open();
  state.refuse = new ConnectError("CONNECTION_REFUSED", "refused");
  peers[0]!.end();
  await settle();
  const notAfter = clock.now() + 50;
  const late = request((entry) => connection.send(entry), command("ACK"), { notAfter });
  const rejected = assert.rejects(late, { code: "DEADLINE_PASSED" });
  const drained = connection.drained();
  clock.advance(100);
  await settle();
  await rejected;
  await drained;
  connection.close();
});

test("END is no loss: it is not reported, and nothing is retried", async () => {
  const { connection, peers, clock, losses } = make();
  await connection.open();
  const ended = connection.end();
  await peers[0]!.received(1);
  assert.deepEqual(peers[0]!.lines, ["END"]);
  peers[0]!.end();
  await ended;
  assert.deepEqual(losses, []);
  assert.equal(peers.length, 1);
  assert.equal(clock.pending, 0);
});
