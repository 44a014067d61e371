import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerState } from "../../src/server/server_state.ts";
import { Slices, type Work } from "../../src/server/slices.ts";
import type { PeerHandler } from "../../src/server/peer.ts";
import { ManualClock } from "../../src/server/mod.ts";

/**
 * Slices with a manual timer: each look at the clock advances it by a millisecond, and postponed
 * work waits for `turn`.
 */
function setting() {
  let now = 0;
  let callbacks: (() => void)[] = [];
  const slices = new Slices({
    now: () => now++,
    later: (callback) => void callbacks.push(callback),
  });
  const turn = async () => {
    const due = callbacks;
    callbacks = [];
    for (const callback of due) callback();
    await Promise.resolve();
    return due.length;
  };
  return { slices, turn };
}

function* counted(log: string[], name: string, steps: number): Work<string> {
  for (let i = 0; i < steps; i++) {
    log.push(name);
    yield;
  }
  return name;
}

test("short work runs at once, long work in slices, in turn", async () => {
  const { slices, turn } = setting();
  const log: string[] = [];
  assert.equal(slices.run(counted(log, "short", 3)), "short");
  const long = slices.run(counted(log, "a", 20));
  assert(long instanceof Promise);
  log.length = 0;
  // Even short work waits while other work is in progress.
  const other = slices.run(counted(log, "b", 10));
  assert(other instanceof Promise);
  while (await turn() > 0);
  assert.deepEqual([await long, await other], ["a", "b"]);
  const changes = log.filter((name, i) => i > 0 && name !== log[i - 1]).length;
  assert(changes >= 2, log.join());
  assert.equal(slices.size, 0);
});

test("failed and cancelled work rejects", async () => {
  const { slices, turn } = setting();
  function* failing(): Work<void> {
    for (let i = 0; i < 20; i++) yield;
    throw new TypeError("it failed");
  }
  const failed = slices.run(failing()) as Promise<void>;
  const rejection = assert.rejects(failed, TypeError);
  while (await turn() > 0);
  await rejection;
  const given = slices.run(counted([], "a", 100)) as Promise<string>;
  slices.close(new Error("closed"));
  await assert.rejects(given, { message: "closed" });
});

/** A server, and the data that its clients receive. */
function server(slices: Slices) {
  const clock = new ManualClock();
  const core = new ServerState({ clock }, { slices });
  const connect = () => {
    let sent = "";
    const handler: PeerHandler = core.connect({
      send(data) {
        sent += data;
        return true;
      },
      end() {},
      destroy() {},
      pause() {},
      resume() {},
    });
    const send = (text: string) => handler.received(new TextEncoder().encode(text));
    send('HELLO {"v":2}\n');
    const take = () => {
      const all = sent;
      sent = "";
      return all;
    };
    take();
    return { send, take };
  };
  return { clock, core, connect };
}

function scheduled(count: number, from: number, at: string): string {
  let lines = "";
  for (let i = from; i < from + count; i++) {
    lines += `PUSH {"jid":"job-${
      String(i).padStart(8, "0")
    }","jobtype":"x","args":[],"at":"${at}"}\n`;
  }
  return lines;
}

test("a client is served while another client's MUTATE changes many jobs", async () => {
  const { slices, turn } = setting();
  const { core, connect } = server(slices);
  const [one, two] = [connect(), connect()];
  one.send(scheduled(6000, 0, "2999-01-01T00:00:00Z"));
  while (await turn() > 0);
  one.take();
  one.send(`MUTATE {"cmd":"discard","target":"scheduled","filter":{"jobtype":"x"}}\nINFO\n`);
  await turn();
  const left = core.snapshot().scheduled;
  assert(left > 0 && left < 6000, `${left} are left`);
  // Jobs that arrive in the meantime are not changed, at any position.
  two.send(
    scheduled(1, 0, "2999-01-01T00:00:00Z") + scheduled(1, 90_000_000, "2998-01-01T00:00:00Z"),
  );
  assert.equal(two.take(), "+OK\r\n+OK\r\n");
  assert.equal(one.take(), "");
  while (await turn() > 0);
  assert.match(one.take(), /^\+OK\r\n\$\d+\r\n\{/);
  assert.equal(core.snapshot().scheduled, 2);
  core.close();
});

test("a client is served while many jobs become due", async () => {
  const { slices, turn } = setting();
  const { clock, core, connect } = server(slices);
  const [one, two] = [connect(), connect()];
  one.send(scheduled(6000, 0, new Date(clock.now() + 1000).toISOString()));
  while (await turn() > 0);
  assert.equal(core.snapshot().scheduled, 6000);
  clock.advance(5000);
  const left = core.snapshot().scheduled;
  assert(left > 4500 && left < 6000, `${left} are left`);
  two.send("FETCH default\n");
  assert.match(two.take(), /job-00000000/);
  // The next run of the schedule does not start in the meantime.
  clock.advance(5000);
  while (await turn() > 0);
  assert.deepEqual([core.snapshot().scheduled, core.snapshot().queues["default"]], [0, 5999]);
  core.close();
});

test("long commands of one connection let others be served", async () => {
  const { slices, turn } = setting();
  const { core, connect } = server(slices);
  const [one, two] = [connect(), connect()];
  one.send("PING\n".repeat(2000));
  const first = one.take().split("\r\n").length;
  assert(first < 2000, `${first} replies`);
  two.send("PING\n");
  assert.equal(two.take(), "-ERR unknown command PING\r\n");
  let replies = first - 1;
  while (await turn() > 0) replies += one.take().split("\r\n").length - 1;
  assert.equal(replies, 2000);
  core.close();
});
