import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectError, Consumer, type ConsumerOptions, type Job } from "../../mod.ts";
import { Peer } from "../connection/peer.ts";
import { settle, turn, WallClock } from "../faults/wall_clock.ts";
import { jobReply } from "./scripted.ts";

/** Longest time of a stop after its grace, and of a second stop in total, in ms: docs/stop.md. */
const AFTER_GRACE_MS = 2500;
const SECOND_STOP_MS = 1000;

/** Handles a line in place of the server once it is faulty. */
type Fault = (line: string, peer: Peer) => void;

/** Faults of servers that confirm nothing. */
const FAULTS: Record<string, { readonly fault: Fault; readonly refuses?: boolean }> = {
  "says nothing any more": { fault: () => {} },
  "says nothing any more, and takes no connection": { fault: () => {}, refuses: true },
  "answers each report with garbage": {
    fault: (line, peer) => peer.say(isReport(line) ? "%garbage\r\n" : answerTo(line)),
  },
  "answers each report with another reply": {
    fault: (line, peer) => peer.say(isReport(line) ? "$-1\r\n" : answerTo(line)),
  },
  "hangs up at each report": {
    fault: (line, peer) => isReport(line) ? peer.end() : peer.say(answerTo(line)),
  },
  "hangs up at each command": { fault: (_line, peer) => peer.end() },
};

function isReport(line: string): boolean {
  return /^(ACK|FAIL|PUSH)/.test(line);
}

function answerTo(line: string): string {
  if (line.startsWith("FETCH")) return "";
  return line.startsWith("INFO") ? `$2\r\n{}\r\n` : "+OK\r\n";
}

/**
 * Returns a consumer with the default options. Its server has 20 jobs; every second handler never
 * ends.
 */
async function busy(
  { fault, refuses = false }: { fault: Fault; refuses?: boolean },
  options: ConsumerOptions = {},
) {
  const clock = new WallClock();
  const state = { isFaulty: false, connections: 0 };
  let jobs = 0;
  const consumer = new Consumer({
    url: "tcp://memory",
    concurrency: 20,
    clock,
    transport: {
      name: "memory",
      connect() {
        if (state.isFaulty) {
          state.connections++;
          if (refuses) return Promise.reject(new ConnectError("CONNECTION_REFUSED", "down"));
        }
        const peer = new Peer();
        peer.greet().then(() => serve(peer), () => {});
        return Promise.resolve(peer.connection);
      },
    },
    ...options,
  });
  async function serve(peer: Peer): Promise<void> {
    for (let count = 1;; count++) {
      await peer.received(count + 1);
      if (peer.isClosed || peer.isOver) return;
      const line = peer.lines[count]!;
      if (state.isFaulty) fault(line, peer);
      else if (line.startsWith("END")) peer.end();
      else if (line.startsWith("FETCH") && jobs < 20) peer.say(jobReply(`jid-${1e6 + jobs++}`));
      // After the fault, the results of jobs have no confirmation.
      else if (!line.startsWith("ACK")) peer.say(answerTo(line));
    }
  }
  const done: string[] = [];
  consumer.register("x", (job) => {
    if (Number(job.jid.slice(4)) % 2 === 0) return new Promise(() => {});
    return done.push(job.jid);
  });
  const unreported: string[] = [];
  consumer.on("unreported", ({ job }) => unreported.push(job.jid));
  const running = consumer.run();
  running.catch(() => {});
  for (let turns = 0; done.length < 10 || turns < 50; turns++) {
    clock.advance(1);
    await turn();
  }
  state.isFaulty = true;
  return { clock, state, consumer, running, unreported };
}

for (const [name, server] of Object.entries(FAULTS)) {
  for (const graceMs of [0, 7000, undefined]) {
    test(`a stop with a grace of ${graceMs ?? "25000"} ms ends although the server ${name}`, async () => {
      const { clock, state, consumer, running, unreported } = await busy(server);
      assert.equal(consumer.health().healthy, true);
      const end = await settle(clock, consumer.stop({ graceMs }), { maxMs: 120_000 });
      assert(end !== undefined, "it does not end");
      assert(end.tookMs <= (graceMs ?? 25_000) + AFTER_GRACE_MS, `it took ${end.tookMs} ms`);
      const report = await running;
      assert.deepEqual([report.reason, report.done, report.unfinished.length], ["stopped", 10, 10]);
      // Nothing was confirmed, so the report must list every job.
      assert.deepEqual(ids(report.unreported), unreported.toSorted());
      assert.equal(new Set(unreported).size, 20);
      // Connections for FETCH are not reopened, the four others with growing waits.
      assert(state.connections <= 40, `${state.connections} connections were made`);
      assert.deepEqual([clock.pending, consumer.state], [0, "stopped"]);
    });
  }

  test(`a second stop ends within a second although the server ${name}`, async () => {
    for (const afterMs of [0, 3000, 25_100, 26_000]) {
      const { clock, consumer, running } = await busy(server);
      void consumer.stop();
      for (let ms = 0; ms < afterMs; ms += 50) {
        clock.advance(50);
        await turn();
      }
      const end = await settle(clock, consumer.stop(), { maxMs: 120_000, stepMs: 10 });
      assert(end !== undefined && end.tookMs <= SECOND_STOP_MS, `it took ${end?.tookMs} ms`);
      assert.equal((await running).unreported.length, 20);
      assert.equal(clock.pending, 0);
    }
  });
}

function ids(jobs: readonly Job[]): string[] {
  return jobs.map(({ jid }) => jid).sort();
}

test("a consumer is not healthy while the server confirms nothing", async () => {
  for (const [name, server] of Object.entries(FAULTS)) {
    const { clock, consumer } = await busy(server);
    for (let ms = 0; ms < 11_000; ms += 50) {
      clock.advance(50);
      await turn();
    }
    const { healthy, reasons } = consumer.health();
    assert.equal(healthy, false, name);
    assert.match(reasons.join(), /not confirmed a result for 1\d s/, name);
    await settle(clock, Promise.all([consumer.stop(), consumer.stop()]));
  }
});
