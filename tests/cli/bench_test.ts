import assert from "node:assert/strict";
import { test } from "node:test";
import { quantile } from "../../src/cli/commands/bench/measure.ts";
import { Interruption } from "../../src/cli/io.ts";
import { faktory, unusedUrl, withListener, withServer } from "./setting.ts";

const few = ["bench", "--jobs", "40", "--concurrency", "4"];

test("bench measures an embedded server and ignores FAKTORY_URL", async () => {
  const env = { FAKTORY_URL: await unusedUrl(), FAKTORY_PASSWORD: "hush" };
  const { status, stdout, stderr } = await faktory(few, { env });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(
    stdout,
    /^Faktory 1\.10\.0 embedded in this process: 40 jobs per step, 4 at a time\n/,
  );
  assert.match(
    stdout,
    /^enqueue +40 +[\d,]+\nenqueueMany +40 +[\d,]+\nfetch, run, ACK +120 +[\d,]+$/m,
  );
  assert.match(stdout, /^round trip of an enqueue: p50 [\d.]+ ms, p99 [\d.]+ ms \(40, one/m);
});

test("bench --json prints one document, and leaves no queue on a named server", async () => {
  await withServer({ password: "hush" }, async (server) => {
    await faktory(["push", "a", "--url", server.url]);
    const { status, stdout, stderr } = await faktory([...few, "--json", "--url", server.url]);
    assert.deepEqual([status, stderr], [0, ""]);
    const result = JSON.parse(stdout);
    assert.equal(result.url, `tcp://127.0.0.1:${server.port}`);
    assert.equal(result.embedded, false);
    assert.deepEqual([result.jobs, result.concurrency, result.run.jobs], [40, 4, 120]);
    for (const step of [result.enqueue, result.enqueueMany, result.run]) {
      assert.ok(step.seconds > 0);
      assert.equal(step.jobsPerSecond, step.jobs / step.seconds);
    }
    assert.ok(result.roundTrip.p50Ms > 0 && result.roundTrip.p99Ms >= result.roundTrip.p50Ms);
    const { queues, processed, failures, retries } = server.snapshot();
    assert.deepEqual([queues, processed, failures, retries], [{ default: 1 }, 120, 0, 0]);
  });
});

for (const step of ["round trips", "enqueue", "enqueueMany", "run"]) {
  test(`bench leaves no queue when it is interrupted: ${step}`, async () => {
    await withServer({}, async (server) => {
      const controller = new AbortController();
      const ended = await faktory([...few, "--url", server.url], {
        signal: controller.signal,
        isTerminal: true,
        wroteError(text) {
          if (!text.startsWith(`\r${step}: `)) return;
          controller.abort(new Interruption("SIGINT", 130));
        },
      });
      assert.deepEqual([ended.status, ended.stdout], [130, ""]);
      assert.ok(ended.stderr.endsWith("\r\u001b[K"), "the line of the progress is gone");
      const { queues, retries, dead } = server.snapshot();
      assert.deepEqual([queues, retries, dead], [{}, 0, 0]);
    });
  });
}

test("bench names the queue that it could not remove", async () => {
  await withServer({}, async (server) => {
    const { status, stderr } = await faktory([...few, "--url", server.url], {
      isTerminal: true,
      wroteError(text) {
        if (text.startsWith("\rrun: ")) void server.close();
      },
    });
    assert.equal(status, 69, stderr);
    assert.match(
      stderr,
      /\[Kfaktory: warning: Cannot remove the queue faktory-bench-\S+: /,
    );
    assert.match(stderr, /\nfaktory: [^\n]+; [^\n]+\n$/);
  });
});

test("bench refuses invalid input in one line", async () => {
  const cases: [args: string[], status: number, line: RegExp][] = [
    [["--jobs", "0"], 64, /It must be an integer from 1 to/],
    [["--jbos", "1"], 64, /did you mean --jobs/],
    [["--password", "s3cret"], 64, /Cannot use --password without --url/],
    [["--url", await unusedUrl()], 69, /nothing listens there/],
  ];
  for (const [args, status, line] of cases) {
    const ended = await faktory(["bench", ...args], { isTerminal: true });
    assert.deepEqual([ended.status, ended.stdout], [status, ""], ended.stderr);
    assert.match(ended.stderr, line);
    assert.match(ended.stderr, /^faktory: [^\n]+; [^\n]+\n$/);
    assert.doesNotMatch(ended.stderr, /s3cret/);
  }
  await withListener((socket) => socket.end("220 mail\r\n"), async (url) => {
    assert.equal((await faktory([...few, "--url", url])).status, 76);
  });
  await withServer({ password: "s3cret" }, async ({ port }) => {
    const { status } = await faktory([...few, "--url", `tcp://:wr0ng@127.0.0.1:${port}`]);
    assert.equal(status, 77);
  });
});

test("a quantile is one of the measured values", () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual([0.5, 0.99, 1, 0].map((part) => quantile(values, part)), [50, 99, 100, 1]);
  assert.equal(quantile([7], 0.99), 7);
});
