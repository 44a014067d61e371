import assert from "node:assert/strict";
import { test } from "node:test";
import { type Deferred, deferred } from "../../src/internal/deferred.ts";
import { Slices } from "../../src/server/slices.ts";
import { ServerState } from "../../src/server/server_state.ts";
import type { Peer } from "../../src/server/peer.ts";
import { JobArena } from "../../src/server/job_arena.ts";
import {
  type Backend,
  GroupCommit,
  type GroupCommitOptions,
} from "../../src/server/store/group_commit.ts";
import type { RestoredJobs } from "../../src/server/store/places.ts";

/** Saves on demand, and records its calls. */
class SlowBackend implements Backend {
  readonly arena = new JobArena();
  readonly jobs: RestoredJobs = {
    places: () => [],
    takeRows: () => [],
    hold: () => assert.fail(),
  };
  hasWork = false;
  /** The changes of the next group. */
  changes: string[] = [];
  readonly commits: { changes: string[]; done: Deferred<void> }[] = [];
  isClosed = false;
  isAbandoned = false;
  whenWork(): void {}
  records(): Iterable<readonly [string, string]> {
    return [];
  }
  add(_row: number, place: string): void {
    this.changes.push(`add ${place}`);
  }
  reserve(): void {
    this.changes.push("reserve");
  }
  remove(): void {
    this.changes.push("remove");
  }
  removePlace(): void {}
  removed(): void {}
  placeRemoved(): void {}
  clear(): void {}
  record(): void {}
  commit(): Promise<void> | undefined {
    if (this.changes.length === 0) return undefined;
    const done = deferred();
    this.commits.push({ changes: this.changes, done });
    this.changes = [];
    return done.promise;
  }
  close(): void {
    this.isClosed = true;
  }
  abandon(): void {
    this.isAbandoned = true;
  }
}

/** A client that records what it is sent. */
class RecordingPeer implements Peer {
  sent = "";
  isEnded = false;
  accepts = true;
  send(text: string): boolean {
    this.sent += text;
    return this.accepts;
  }
  end(): void {
    this.isEnded = true;
  }
  destroy(): void {
    this.isEnded = true;
  }
  pause(): void {}
  resume(): void {}
  /** Returns the data since the last call. */
  take(): string {
    const sent = this.sent;
    this.sent = "";
    return sent;
  }
}

const encoder = new TextEncoder();

function setting(options: GroupCommitOptions = {}) {
  const backend = new SlowBackend();
  const store = new GroupCommit(backend, options);
  // The clock stands still, so nothing is postponed.
  const slices = new Slices({ now: () => 0, later: () => assert.fail() });
  const core = new ServerState({}, { store, slices });
  const connect = () => {
    const peer = new RecordingPeer();
    const connection = core.connect(peer);
    const send = (text: string) => connection.received(encoder.encode(text));
    send('HELLO {"v":2}\n');
    assert.equal(peer.take(), '+HI {"v":2}\r\n+OK\r\n');
    return { peer, connection, send };
  };
  return { backend, store, core, connect };
}

/** Lets everything happen that is due. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

const push = (jid: string) => `PUSH {"jid":"${jid}","jobtype":"x","args":[]}\n`;

test("a reply is sent after its change is saved, and replies keep their order", async () => {
  const { backend, core, connect } = setting();
  const [one, two] = [connect(), connect()];
  one.send(push("first-job") + "NONSENSE\n");
  two.send("FETCH default\n");
  await turn();
  assert.equal(backend.commits.length, 1);
  // Reading commands wait too, since they might show unsaved changes.
  two.send("NONSENSE\n");
  one.send(push("second-job"));
  await turn();
  assert.deepEqual([one.peer.sent, two.peer.sent], ["", ""]);
  backend.commits[0]!.done.resolve();
  await turn();
  assert.equal(one.peer.take(), "+OK\r\n-ERR unknown command NONSENSE\r\n");
  assert.match(two.peer.take(), /^\$\d+\r\n.*first-job.*\r\n-ERR unknown command NONSENSE\r\n$/);
  assert.equal(backend.commits.length, 2);
  backend.commits[1]!.done.resolve();
  await turn();
  assert.equal(one.peer.take(), "+OK\r\n");
  // Nothing is being saved, so nothing waits.
  two.send("NONSENSE\n");
  assert.equal(two.peer.take(), "-ERR unknown command NONSENSE\r\n");
  core.close();
});

test("a group waits for the sockets that the event loop has not read yet", async () => {
  const waiting: (() => void)[] = [];
  const { backend, core, connect } = setting({ defer: (callback) => waiting.push(callback) });
  const [one, two] = [connect(), connect()];
  one.send(push("first-job"));
  await turn();
  two.send(push("second-job"));
  await turn();
  assert.equal(backend.commits.length, 0);
  assert.equal(waiting.length, 1);
  waiting[0]!();
  assert.equal(backend.commits.length, 1);
  backend.commits[0]!.done.resolve();
  await turn();
  assert.deepEqual([one.peer.take(), two.peer.take()], ["+OK\r\n", "+OK\r\n"]);
  core.close();
});

test("changes during a save are saved together", async () => {
  const { backend, core, connect } = setting();
  const { peer, send } = connect();
  send(push("before-all"));
  await turn();
  for (let i = 0; i < 500; i++) send(push(`job-${i}-of-500`));
  send('FETCH default\nACK {"jid":"before-all"}\n');
  assert.equal(backend.commits.length, 1);
  backend.commits[0]!.done.resolve();
  await turn();
  assert.equal(backend.commits.length, 2);
  const { changes } = backend.commits[1]!;
  assert.deepEqual(changes.slice(0, 500), Array(500).fill("add queue/default"));
  assert.deepEqual(changes.slice(500), ["reserve", "remove"]);
  assert.equal(peer.take(), "+OK\r\n");
  backend.commits[1]!.done.resolve();
  await turn();
  assert.match(peer.take(), /^(\+OK\r\n){500}\$\d+\r\n.*\r\n\+OK\r\n$/);
  core.close();
});

test("background work continues until the server closes, and nobody waits for it", async () => {
  const { backend, store, core, connect } = setting();
  const { peer, send } = connect();
  backend.hasWork = true;
  let commits = 0;
  backend.commit = () => {
    // Ends a test that would otherwise run forever.
    assert(++commits < 100);
    return Promise.resolve();
  };
  send(push("some-job-1"));
  while (commits < 5) await Promise.resolve();
  assert.equal(peer.take(), "+OK\r\n");
  core.close();
  await store.close();
});

test("a failed write is reported to the waiting clients, and ends the server", async () => {
  const { backend, store, core, connect } = setting();
  const failures: unknown[] = [];
  store.whenFailed((error) => failures.push(error));
  const [one, two, idle] = [connect(), connect(), connect()];
  one.send(push("lost-job-1") + push("lost-job-2"));
  await turn();
  two.send(push("lost-job-3"));
  backend.commits[0]!.done.reject(new Error("database or disk\nis full"));
  await turn();
  const reply = "-ERR Cannot save the changes: database or disk is full\r\n";
  assert.deepEqual([one.peer.take(), two.peer.take()], [reply, reply]);
  assert(one.peer.isEnded && two.peer.isEnded);
  assert.equal(failures.length, 1);
  idle.send(push("lost-job-4"));
  await turn();
  assert.equal(idle.peer.take(), reply);
  assert.equal(backend.commits.length, 1);
  core.close();
  await assert.rejects(store.close(), { name: "StoreError", code: "WRITE_FAILED" });
  assert(backend.isAbandoned && !backend.isClosed);
});

test("a client that disconnects after a command still gets its reply", async () => {
  const { backend, core, connect } = setting();
  const { peer, send } = connect();
  send(`${push("last-words")}END\n`);
  await turn();
  assert(!peer.isEnded);
  backend.commits[0]!.done.resolve();
  await turn();
  assert.equal(peer.take(), "+OK\r\n");
  assert(peer.isEnded);
  core.close();
});

test("close saves everything, then replies, then closes the connections", async () => {
  const { backend, store, core, connect } = setting();
  const { peer, send } = connect();
  send(push("last-words"));
  core.close();
  const closed = store.close();
  await turn();
  assert.deepEqual([peer.isEnded, backend.isClosed], [false, false]);
  backend.commits[0]!.done.resolve();
  await closed;
  assert.equal(peer.take(), "+OK\r\n");
  assert.deepEqual([peer.isEnded, backend.isClosed], [true, true]);
});

test("a client whose replies exceed the limit is not read for a while", async () => {
  const { backend, core, connect } = setting();
  const { peer, send } = connect();
  const job = JSON.stringify({ jid: "large-job", jobtype: "x", args: ["x".repeat(300_000)] });
  send(`PUSH ${job}\n`.repeat(8));
  await turn();
  backend.commits[0]!.done.resolve();
  await turn();
  peer.take();
  send("FETCH default\n".repeat(8));
  await turn();
  const working = core.snapshot().working;
  assert(working > 1 && working < 8, `${working} were fetched`);
  for (let commits = 1; commits < backend.commits.length; commits++) {
    backend.commits[commits]!.done.resolve();
    await turn();
  }
  assert.equal(core.snapshot().working, 8);
  assert.equal(peer.take().match(/large-job/g)?.length, 8);
  core.close();
});
