import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ServerState } from "../../src/server/server_state.ts";
import { LineReader } from "../../src/server/line_reader.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Slices } from "../../src/server/slices.ts";
import type { PeerHandler } from "../../src/server/peer.ts";
import type { Clock } from "../../src/internal/clock.ts";
import { WallClock } from "../faults/wall_clock.ts";

/** Creates a connection whose peer is the test, without its HELLO. */
function connected(clock: Clock) {
  // The clock stands still, so nothing is postponed.
  const slices = new Slices({ now: () => 0, later: () => assert.fail() });
  const core = new ServerState({ clock }, { slices });
  let sent = "";
  let isRead = true;
  const calls: string[] = [];
  const handler: PeerHandler = core.connect({
    send(data) {
      sent += typeof data === "string" ? data : Buffer.from(data).toString();
      return isRead;
    },
    end: () => void calls.push("end"),
    destroy: () => void calls.push("destroy"),
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
  });
  const send = (text: string) => handler.received(Buffer.from(text));
  const take = () => {
    const all = sent;
    sent = "";
    return all;
  };
  assert.equal(take(), '+HI {"v":2}\r\n');
  const read = (isSo: boolean) => {
    isRead = isSo;
    if (isSo) handler.drained();
  };
  return { core, handler, calls, send, take, read };
}

/** Creates a connection that has sent its HELLO. */
function setting() {
  const clock = new ManualClock();
  const it = connected(clock);
  it.send(`HELLO {"v":2}\n`);
  assert.equal(it.take(), "+OK\r\n");
  return { clock, ...it };
}

test("a client without a HELLO is closed after two seconds", () => {
  const clock = new ManualClock();
  const { core, calls } = connected(clock);
  clock.advance(1999);
  assert.deepEqual(calls, []);
  clock.advance(1);
  assert.deepEqual(calls, ["destroy"]);
  core.close();
});

test("a HELLO that arrived while the event loop was blocked is read", () => {
  const clock = new WallClock();
  const { core, calls, send, take } = connected(clock);
  clock.block(6000);
  send(`HELLO {"v":2}\n`);
  assert.equal(take(), "+OK\r\n");
  clock.advance(6000);
  assert.deepEqual(calls, []);
  core.close();
});

test("a client that does not read its replies is not read either", () => {
  const { core, calls, send, take, read } = setting();
  read(false);
  send("PING\n");
  assert.deepEqual(calls, ["pause"]);
  take();
  // Data that was in flight then waits.
  send("INFO\n".repeat(1000));
  assert.equal(take(), "");
  read(true);
  assert.deepEqual(calls, ["pause", "resume"]);
  assert.equal(take().split("\r\n").length, 2001);
  core.close();
});

test("only a little is kept behind a blocking command", () => {
  for (
    const more of [
      "PING\n".repeat(10_001),
      `PUSH ${"x".repeat(70_000)}`,
      `PUSH ${"x".repeat(70_000)}\n`,
    ]
  ) {
    const { core, clock, calls, send, take } = setting();
    send("FETCH q\nPING\n");
    assert.deepEqual([calls, take()], [[], ""]);
    send(more);
    assert.deepEqual(calls, ["pause"]);
    clock.advance(2000);
    core.close();
  }
});

test("a half-closed client gets all its replies before the connection ends", async () => {
  const { core, handler, calls, send, take, read } = setting();
  send("FETCH q\nPING\nPUSH {");
  read(false);
  // The FETCH no longer waits.
  handler.ended();
  assert.deepEqual(calls, []);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(take(), "$-1\r\n");
  assert.deepEqual(calls, ["pause"]);
  read(true);
  assert.equal(take(), "-ERR unknown command PING\r\n");
  assert.deepEqual(calls, ["pause", "end"]);
  core.close();
});

test("lines may be split at any byte", () => {
  const bytes = Buffer.from("a\r\n\né€😀\n\r\r\nbc\r", "utf8");
  const whole = ["a", "", "é€😀", "\r"];
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new LineReader(1024 * 1024);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      lines.push(...reader.read(bytes.subarray(at, at + size)) as string[]);
    }
    assert.deepEqual(lines, whole);
    assert.equal(reader.pending, 3);
  }
});
