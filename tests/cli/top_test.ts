import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { type Rates, ratesOf } from "../../src/cli/commands/top/rates.ts";
import type { Snapshot } from "../../src/cli/commands/top/snapshot.ts";
import { viewOf } from "../../src/cli/commands/top/view.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import {
  type CommandEnvironment,
  type CommandResult,
  faktory,
  unusedUrl,
  withListener,
  withServer,
} from "./setting.ts";

const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";

/**
 * Runs `faktory top` with a manual clock. Each call of `next` advances it and returns the new
 * output.
 */
function watched(args: readonly string[], surroundings: CommandEnvironment = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
  const written: string[] = [];
  let ended: CommandResult | undefined;
  const end = faktory(["top", ...args], {
    ...surroundings,
    clock,
    wrote: (text) => void (text !== enter && text !== leave && written.push(text)),
  });
  void end.then((how) => ended = how);
  let seen = 0;
  return {
    end,
    async next(): Promise<string> {
      if (seen > 0) clock.advance(2000);
      while (written.length <= seen || clock.pending === 0) {
        if (ended !== undefined) break;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      return written[seen++] ?? `ended: ${ended?.stderr}`;
    },
  };
}

/** Calls `use` with a server and a producer. */
async function withProducer(use: (url: string, producer: Producer) => Promise<void>) {
  await withServer({}, async ({ url }) => {
    const producer = await Producer.connect({ url });
    try {
      await use(url, producer);
    } finally {
      await producer.close();
    }
  });
}

test("top prints a block per update, and ends after --count", async () => {
  await withProducer(async (url, producer) => {
    const { next, end } = watched(["--count", "2", "--url", url]);
    const first = await next();
    assert.match(
      first,
      /^Faktory 1\.10\.0 {2}tcp:\/\/127\.0\.0\.1:\d+ {2}up .* MB {2}\d\d:00:00$/m,
    );
    assert.match(first, /^enqueued ~- {2}processed - \(0\) {2}failed - \(0\) {2}commands -$/m);
    assert.match(first, /^No queues$/m);
    await producer.enqueue("a", [], { queue: "images" });
    const second = await next();
    assert.match(second, /^enqueued ~0\.5\/s {2}processed 0\/s \(0\) {2}failed 0\/s \(0\) {2}/m);
    assert.match(second, /^working 0 {2}scheduled 0 {2}retries 0 {2}dead 0$/m);
    assert.match(second, /^queue +jobs {2}change {2}latency\nimages +1 {2}\+0\.5\/s +[\d.]+ s$/m);
    assert.match(second, /:00:02$/m);
    const { status, stdout, stderr } = await end;
    assert.deepEqual([status, stderr], [0, ""]);
    assert.ok(stdout.includes("\n\nFaktory 1.10.0"), "blocks are apart");
    assert.ok(!stdout.includes("\u001b"));
  });
});

test("top --json prints an event per line, with rates from the second one on", async () => {
  await withProducer(async (url, producer) => {
    const { next, end } = watched(["--count", "2", "--json", "--url", url]);
    await producer.enqueueMany([{ type: "a" }, { type: "a" }]);
    const first = JSON.parse(await next());
    assert.equal(first.at, "2026-01-01T12:00:00.000Z");
    assert.deepEqual(
      first.perSecond,
      { enqueued: null, processed: null, failed: null, commands: null },
    );
    const { jobs } = first.queues.default ?? { jobs: 0 };
    await producer.enqueueMany(Array.from({ length: 6 }, () => ({ type: "a" })));
    const { up, queues, perSecond, sets, server } = JSON.parse(await next());
    assert.equal(up, true);
    assert.equal(queues.default.jobs, 8);
    assert.equal(queues.default.changePerSecond, (8 - jobs) / 2);
    assert.equal(typeof queues.default.latencySeconds, "number");
    assert.deepEqual([perSecond.enqueued, perSecond.processed], [(8 - jobs) / 2, 0]);
    assert.deepEqual([sets.dead, server.version], [0, "1.10.0"]);
    assert.equal((await end).status, 0);
  });
});

test("top reports a lost server, and continues when it is back", async () => {
  const server = await FaktoryServer.start({ port: 0 });
  const { port, url } = server;
  const text = watched(["--count", "4", "--url", url]);
  const json = watched(["--count", "4", "--json", "--url", url]);
  await text.next();
  await json.next();
  await server.close();
  for (let time = 0; time < 2; time++) {
    assert.match(await text.next(), /^Lost: /m);
    const { up, error } = JSON.parse(await json.next());
    assert.equal(up, false);
    assert.equal(typeof error.code, "string");
  }
  const again = await FaktoryServer.start({ port });
  assert.doesNotMatch(await text.next(), /Lost/);
  assert.equal(JSON.parse(await json.next()).up, true);
  for (const { end } of [text, json]) assert.deepEqual((await end).status, 0);
  await again.close();
});

test("top works without latencies if the server does not report them", async () => {
  const info = '{"faktory":{"queues":{"a":1,"b":2}},"server":{"faktory_version":"1.0.0"}}';
  await withListener((socket) => {
    socket.write('+HI {"v":2}\r\n');
    socket.on("data", (data: Uint8Array) => {
      for (const line of String(new TextDecoder().decode(data)).split("\n")) {
        if (line.startsWith("HELLO")) socket.write("+OK\r\n");
        if (line.startsWith("INFO")) socket.write(`$${info.length}\r\n${info}\r\n`);
        if (line.startsWith("QUEUE")) {
          socket.write(
            line.includes("LATENCY b") ? '$7\r\n{"b":7}\r\n' : "-ERR no such QUEUE subcommand\r\n",
          );
        }
        if (line.startsWith("END")) socket.end();
      }
    });
  }, async (url) => {
    const { stdout } = await faktory(["top", "--count", "1", "--url", url]);
    assert.match(stdout, /^a +1 +- +-\nb +2 +- +7 s$/m);
  });
});

for (const key of ["q", "\u0003"]) {
  test(`top redraws a terminal, and restores it on ${JSON.stringify(key)}`, async () => {
    await withServer({}, async ({ url }) => {
      let press: ((key: string) => void) | undefined;
      const { next, end } = watched(["--url", url], {
        isTerminal: true,
        columns: 40,
        rows: 10,
        keys: (heard) => {
          press = heard;
          return () => press = undefined;
        },
      });
      const frame = await next();
      assert.ok(frame.startsWith("\u001b[H\u001b[1mFaktory 1.10.0"), JSON.stringify(frame));
      assert.ok(frame.endsWith("\u001b[K\u001b[J"));
      assert.ok((await next()).startsWith("\u001b[H"));
      press?.("x");
      press?.(key);
      const { status, stdout, stderr } = await end;
      assert.deepEqual([status, stderr, press], [0, "", undefined]);
      assert.ok(stdout.startsWith(enter) && stdout.endsWith(leave));
      assert.equal(stdout.split(enter).length, 2);
    });
  });
}

test("top exits with 0 on a signal, and restores the terminal", async () => {
  await withServer({}, async ({ url }) => {
    const controller = new AbortController();
    const { next, end } = watched(["--url", url], { signal: controller.signal, isTerminal: true });
    await next();
    controller.abort();
    const { status, stdout, stderr } = await end;
    assert.deepEqual([status, stderr, stdout.endsWith(leave)], [0, "", true]);
  });
  const args = ["top", "--url", await unusedUrl()];
  assert.equal((await faktory(args, { signal: AbortSignal.abort() })).status, 0);
});

test("top does not redraw a terminal that cannot do it", async () => {
  await withServer({}, async ({ url }) => {
    const dumb = { env: { TERM: "dumb" }, isTerminal: true };
    const { stdout } = await faktory(["top", "--count", "1", "--url", url], dumb);
    assert.ok(!stdout.includes("\u001b"));
  });
});

test("top reports, in one line, why it cannot start", async () => {
  const cases: [args: string[], status: number, line: RegExp][] = [
    [["--interval", "0"], 64, /It must be a number of seconds above 0/],
    [["--count", "0"], 64, /It must be an integer of 1 or more/],
    [["--intervall", "1"], 64, /did you mean --interval/],
    [["--url", await unusedUrl()], 69, /nothing listens there/],
  ];
  for (const [args, status, line] of cases) {
    const ended = await faktory(["top", ...args], { isTerminal: true });
    assert.deepEqual([ended.status, ended.stdout], [status, ""]);
    assert.match(ended.stderr, line);
    assert.match(ended.stderr, /^faktory: [^\n]+; [^\n]+\n$/);
  }
  await withListener((socket) => socket.end("220 mail\r\n"), async (url) => {
    assert.equal((await faktory(["top", "--url", url])).status, 76);
  });
  await withServer({ password: "s3cret" }, async ({ port }) => {
    const { status } = await faktory(["top", "--url", `tcp://:wr0ng@127.0.0.1:${port}`]);
    assert.equal(status, 77);
  });
});

/** Creates a snapshot with these numbers. */
function snapshot(
  at: number,
  queues: Record<string, number>,
  { processed = 0, failures = 0, dead = 0, retries = 0 } = {},
): Snapshot {
  return {
    at,
    queues,
    sets: { scheduled: 0, retries, dead, working: 0 },
    totals: { enqueued: 0, processed, failures, queues: 0 },
    server: {
      description: "Faktory",
      version: "1.10.0",
      uptimeSeconds: 3661,
      connections: 3,
      commandCount: processed,
      usedMemoryMb: 12,
    },
    latencies: new Map(Object.keys(queues).map((name) => [name, 0.26])),
  };
}

test("rates are changes per second", () => {
  const before = snapshot(0, { a: 100, gone: 5 }, { processed: 10, failures: 1 });
  const after = snapshot(4000, { a: 80, constructor: 8 }, {
    processed: 50,
    failures: 5,
    retries: 4,
  });
  const { growth, ...rates } = ratesOf(before, after);
  // Jobs on the server or succeeded: 92 and 45 now, 105 and 9 before.
  assert.deepEqual(rates, {
    enqueued: (92 + 45 - 105 - 9) / 4,
    processed: 10,
    failed: 1,
    commands: 10,
  });
  assert.deepEqual([...growth], [["a", -5], ["constructor", 2]]);
});

test("unknown rates are undefined", () => {
  const unknown = { enqueued: undefined, processed: undefined, failed: undefined };
  const counts = ({ enqueued, processed, failed }: Rates) => ({ enqueued, processed, failed });
  const now = snapshot(1000, { a: 1 });
  assert.deepEqual(counts(ratesOf(undefined, now)), unknown);
  assert.deepEqual(counts(ratesOf(now, now)), unknown);
  const flushed = ratesOf(snapshot(0, { a: 9 }, { processed: 9, failures: 1 }), now);
  assert.deepEqual(counts(flushed), unknown);
  assert.deepEqual([...flushed.growth], [["a", -8]]);
});

/** Returns the lines of a view with these queues. */
function view(queues: Record<string, number>, columns?: number, rows?: number, lost?: string) {
  const now = snapshot(2000, queues, { processed: 12_345 });
  const rates = ratesOf(snapshot(0, {}), now);
  const url = "tcp://jobs.example.com:7419";
  return viewOf({ url, time: "12:00:00", now, rates, lost }, { columns, rows })
    .map(({ text }) => text);
}

test("a view uses the available width", () => {
  assert.deepEqual(view({ images: 1234, default: 0 }, 80), [
    "Faktory 1.10.0  tcp://jobs.example.com:7419  up 1 h 1 min  3 connections  12 MB",
    "12:00:00",
    "enqueued ~6,790/s  processed 6,173/s (12,345)  failed 0/s (0)  commands 6,173/s",
    "working 0  scheduled 0  retries 0  dead 0",
    "",
    "queue     jobs  change  latency",
    "default      0     0/s    0.3 s",
    "images   1,234  +617/s    0.3 s",
  ]);
  assert.deepEqual(view({ "images.of-cats-and-dogs": 7 }, 28).slice(-2), [
    "queue           jobs  change",
    "images.of-cat…     7  +3.5/s",
  ]);
  assert.deepEqual(view({ "images.of-cats-and-dogs": 7 }, 12).slice(-2), [
    "queue   jobs",
    "image…     7",
  ]);
});

test("no view is larger than its screen", () => {
  const queues = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`queue-${"x".repeat(index)}`, index ** 4]),
  );
  for (let columns = 1; columns < 120; columns++) {
    for (const rows of [1, 2, 5, 10, 24, 60]) {
      const lines = view(queues, columns, rows, "Cannot connect as nothing listens there");
      assert.ok(lines.length <= rows, `${lines.length} lines of ${rows}`);
      for (const line of lines) assert.ok(line.length <= columns, `${columns}: ${line}`);
    }
  }
});

test("a large screen shows several tables of queues next to each other", () => {
  const queues = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`queue-${i}`, i]));
  assert.deepEqual(view(queues, 110, 9).slice(-4), [
    "queue    jobs  change  latency    queue    jobs  change  latency    queue    jobs  change  latency",
    "queue-0     0     0/s    0.3 s    queue-3     3  +1.5/s    0.3 s    queue-6     6    +3/s    0.3 s",
    "queue-1     1  +0.5/s    0.3 s    queue-4     4    +2/s    0.3 s",
    "queue-2     2    +1/s    0.3 s    queue-5     5  +2.5/s    0.3 s",
  ]);
});

test("if not all queues fit, the largest are shown", () => {
  const lines = view({ a: 1, b: 30, c: 2, d: 20, e: 3 }, 50, 10);
  assert.deepEqual(lines.slice(-4).map((line) => line.split(/ {2,}/)[0]), [
    "queue",
    "b",
    "d",
    "and 3 smaller queues",
  ]);
  assert.equal(view({ a: 1, b: 30, c: 2 }, 100, 8).at(-1)?.[0], "c");
});

test("the first lines tell how to quit", () => {
  const now = snapshot(0, {});
  const data = { url: "tcp://x", time: "12:00:00", now, rates: ratesOf(undefined, now) };
  const [first] = viewOf({ ...data, hint: "q to quit" }, { columns: 120 });
  assert.ok(first!.text.endsWith("12:00:00  q to quit"));
});

test("a server's text cannot control the terminal", () => {
  const now = snapshot(0, {});
  const spiteful = {
    ...now,
    server: { ...now.server, description: "\u001b[2J\nFaktory" },
  };
  const data = { url: "tcp://x", time: "", now: spiteful, rates: ratesOf(undefined, now) };
  const [first] = viewOf({ ...data, lost: "a\u001b[31m\nb" }, {});
  assert.ok(first !== undefined && !first.text.includes("\u001b") && !first.text.includes("\n"));
  for (const { text } of viewOf({ ...data, lost: "a\u001b[31m" }, {})) {
    assert.ok(!text.includes("\u001b"));
  }
});
