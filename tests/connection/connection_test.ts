import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectError,
  ConnectionLostError,
  ProtocolError,
  ServerError,
  TimeoutError,
} from "../../src/errors.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { Connection } from "../../src/connection/connection.ts";
import { request } from "../../src/connection/request.ts";
import { type Command, parseOk, parseText } from "../../src/protocol/commands/command.ts";
import { Peer } from "./peer.ts";

function open(commandTimeoutMs?: number) {
  const peer = new Peer();
  const clock = new ManualClock();
  const connection = new Connection(peer.connection, { clock, commandTimeoutMs });
  const call = <T>(command: Command<T>) => request((entry) => connection.send(entry), command);
  return { peer, clock, connection, call };
}

/** Runs all microtasks. No connection in this file has a real timer. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

function command(verb: string): Command<string> {
  return { verb, payload: "", resend: "safe", parse: parseText };
}

test("replies go to commands in order, and the commands of one turn are one write", async () => {
  const { peer, call, connection } = open();
  const calls = ["A", "B", "C"].map((verb) => call(command(verb)));
  await peer.received(3);
  assert.deepEqual(peer.lines, ["A", "B", "C"]);
  assert.equal(peer.writes, 1);
  assert.equal(connection.load, 3);
  peer.say("+one\r\n+two\r\n");
  peer.say("$5\r\nthree\r\n");
  assert.deepEqual(await Promise.all(calls), ["one", "two", "three"]);
  assert.equal(connection.load, 0);
  connection.close();
});

test("commands that are sent during a write go out together after it", async () => {
  const { peer, call, connection } = open();
  const { promise, resolve } = deferred();
  peer.hold = promise;
  const first = call(command("A"));
  await peer.received(1);
  const others = ["B", "C", "D"].map((verb) => call(command(verb)));
  await Promise.resolve();
  assert.equal(connection.writer.isWriting, true);
  assert.equal(peer.writes, 1);
  resolve();
  await peer.received(4);
  assert.equal(peer.writes, 2);
  peer.say("+OK\r\n".repeat(4));
  await Promise.all([first, ...others]);
  assert.equal(connection.writer.isWriting, false);
  connection.close();
});

test("an error reply rejects its own command only", async () => {
  const { peer, call, connection } = open();
  const calls = [call(command("A")), call(command("B"))];
  peer.say("-ERR no such thing\r\n+fine\r\n");
  await assert.rejects(calls[0]!, (error) => {
    assert(error instanceof ServerError);
    assert.equal(error.reply, "ERR no such thing");
    return true;
  });
  assert.equal(await calls[1], "fine");
  connection.close();
});

test("when a connection ends, sent commands and unsent ones get different errors", async () => {
  const { peer, call, connection } = open();
  peer.hold = new Promise(() => {});
  call(command("A")).catch(() => {});
  await peer.received(1);
  call(command("B")).catch(() => {});
  peer.end();
  const end = await connection.ended;
  assert(end.error instanceof ConnectionLostError);
  assert.deepEqual(end.unanswered.map(({ command }) => command.verb), ["A"]);
  assert.deepEqual(end.unsent.map(({ command }) => command.verb), ["B"]);
  assert.equal(peer.isClosed, true);
});

test("a connection to a silent server is closed and never used again", async () => {
  const { peer, clock, call, connection } = open(1000);
  const first = call(command("A"));
  call(command("B")).catch(() => {});
  await peer.received(2);
  clock.advance(900);
  peer.say("+answer\r\n");
  await first;
  // The first reply counted as a sign of life.
  clock.advance(900);
  assert.equal(peer.isClosed, false);
  clock.advance(100);
  const { error, unanswered } = await connection.ended;
  assert(error instanceof TimeoutError);
  assert.match(error.message, /reply to B as the server sent none for 1000 ms/);
  assert.deepEqual(unanswered.map(({ command }) => command.verb), ["B"]);
  assert.throws(() => connection.send({ command: command("C"), resolve() {}, reject() {} }));
  assert.equal(clock.pending, 0);
});

test("an idle connection sends a probe after a minute, and ends without a reply", async () => {
  const { peer, clock, call, connection } = open();
  const first = call(command("A"));
  await peer.received(1);
  peer.say("+OK\r\n");
  await first;
  for (let probes = 2; probes <= 4; probes++) {
    for (let passed = 0; passed < 60_000; passed += 15_000) {
      assert.equal(peer.lines.length, probes - 1);
      clock.advance(15_000);
    }
    await peer.received(probes);
    assert.equal(peer.lines.at(-1), "INFO");
    peer.say("$2\r\n{}\r\n");
    await turns();
    assert.equal(connection.load, 0);
  }
  // The timeout applies to a command on an idle connection, too.
  clock.advance(22_000);
  const second = call(command("B"));
  second.catch(() => {});
  await peer.received(5);
  clock.advance(8000);
  clock.advance(6999);
  assert.equal(peer.isClosed, false);
  clock.advance(1);
  assert.equal(peer.isClosed, true);
  assert((await connection.ended).error instanceof TimeoutError);
  assert.equal(clock.pending, 0);
});

test("a watched connection survives a silent server, and reports its return", async () => {
  const { peer, clock, call, connection } = open();
  const reports: string[] = [];
  connection.listener = {
    silent: ({ code }) => reports.push(code),
    heard: () => reports.push("heard"),
    written() {},
  };
  const first = call(command("A"));
  await peer.received(1);
  clock.advance(15_000);
  assert.deepEqual(reports, ["COMMAND_TIMEOUT"]);
  const second = call(command("B"));
  clock.advance(100_000);
  assert.deepEqual(reports, ["COMMAND_TIMEOUT"]);
  assert.equal(peer.isClosed, false);
  peer.say("+one\r\n");
  assert.equal(await first, "one");
  assert.deepEqual(reports, ["COMMAND_TIMEOUT", "heard"]);
  clock.advance(15_000);
  assert.equal(reports.length, 3);
  peer.say("+two\r\n");
  assert.equal(await second, "two");
  connection.close();
  assert.equal(clock.pending, 0);
});

test("an error reply without a command ends the connection", async () => {
  const { peer, connection } = open();
  peer.say("-ERR whatever\r\n");
  const { error } = await connection.ended;
  assert(error instanceof ServerError);
  assert.equal(error.reply, "ERR whatever");
});

test("any other reply without a command ends the connection", async () => {
  const { peer, connection } = open();
  peer.say("+OK\r\n");
  const { error } = await connection.ended;
  assert(error instanceof ProtocolError);
});

test("a server with too many connections has not read the commands", async () => {
  const { peer, call, connection } = open();
  call(command("A")).catch(() => {});
  await peer.received(1);
  peer.say("-ERR too many connections: 2000\r\n");
  const { error, unanswered, unsent } = await connection.ended;
  assert(error instanceof ConnectError);
  assert.equal(error.code, "TOO_MANY_CONNECTIONS");
  assert.deepEqual([unanswered.length, unsent.length], [0, 1]);
});

test("a server that shuts down ends the connection, and the command can be resent", async () => {
  const { peer, call, connection } = open();
  call(command("A")).catch(() => {});
  await peer.received(1);
  peer.say("-ERR shutdown in progress\r\n");
  const { error, unanswered } = await connection.ended;
  assert.equal((error as ServerError).code, "SERVER_SHUTDOWN");
  assert.equal(unanswered.length, 1);
});

test("a reply of the wrong kind ends the connection, as the order is lost", async () => {
  const { peer, connection, call } = open();
  const wrong = call({ verb: "ACK", payload: "", resend: "safe", parse: parseOk });
  peer.say("$2\r\n{}\r\n");
  await assert.rejects(wrong, { code: "UNEXPECTED_REPLY" });
  assert.equal(((await connection.ended).error as ProtocolError).code, "UNEXPECTED_REPLY");
});

test("bytes that are not a reply end the connection", async () => {
  const { peer, connection, call } = open();
  call(command("A")).catch(() => {});
  peer.say("HTTP/1.1 400 Bad Request\r\n");
  const { error } = await connection.ended;
  assert.equal((error as ProtocolError).code, "PROTOCOL_VIOLATION");
});

test("a command with a line break is refused, and no part of it is sent", async () => {
  const { peer, connection, call } = open();
  await assert.rejects(call(command("A\r\nFLUSH")), { code: "INVALID_ARGUMENT" });
  const next = call(command("B"));
  peer.say("+OK\r\n");
  await next;
  assert.deepEqual(peer.lines, ["B"]);
  connection.close();
});

test("END goes out after the pending commands, and the server closes the connection", async () => {
  const { peer, connection, call } = open();
  const first = call(command("A"));
  const ended = connection.end();
  await peer.received(2);
  assert.deepEqual(peer.lines, ["A", "END"]);
  peer.say("+last\r\n");
  assert.equal(await first, "last");
  peer.end();
  await ended;
});

test("a connection whose END the server ignores ends after a second", async () => {
  const { peer, connection, clock } = open();
  const ended = connection.end();
  await peer.received(1);
  clock.advance(1000);
  await ended;
  assert.equal(peer.isClosed, true);
});

test("an aborted call rejects with the signal's reason, and its reply is dropped", async () => {
  const { peer, connection, call } = open();
  const stop = new AbortController();
  const aborted = request((entry) => connection.send(entry), command("A"), { signal: stop.signal });
  const other = call(command("B"));
  await peer.received(2);
  stop.abort(new Error("enough"));
  await assert.rejects(aborted, { message: "enough" });
  peer.say("+one\r\n+two\r\n");
  assert.equal(await other, "two");
  connection.close();
});
