import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Interruption } from "../../src/cli/io.ts";
import type { FaktoryServer } from "../../src/server/mod.ts";
import { faktory, withListener, withServer } from "./setting.ts";

/** Calls `use` with files of these contents, and a server. */
async function withFiles(
  texts: Readonly<Record<string, string | Uint8Array>>,
  use: (path: (name: string) => string, server: FaktoryServer) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "faktory-"));
  const path = (name: string) => join(folder, name);
  try {
    for (const [name, text] of Object.entries(texts)) await writeFile(path(name), text);
    await withServer({ edition: "enterprise" }, (server) => use(path, server));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function lines(count: number, queue = "default"): string {
  return Array.from(
    { length: count },
    (_, i) => `{"type":"resize","args":[${i}],"queue":"${queue}"}\n`,
  ).join("");
}

test("push --ndjson enqueues a job for each line of all files", async () => {
  const text = "\ufeff" + lines(3, "images").replaceAll("\n", "\r\n\r\n") + '{"jobtype":"last"}';
  await withFiles({ a: lines(5000), b: text, empty: "" }, async (path, server) => {
    const files = ["--ndjson", path("a"), "--ndjson", path("empty"), path("b")];
    const { status, stdout, stderr } = await faktory(["push", ...files, "--url", server.url]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^5,004 jobs enqueued in \d+\.\d s \([\d,]+\/s\)\n$/);
    assert.deepEqual(server.snapshot().queues, { default: 5001, images: 3 });
  });
});

test("push --ndjson - reads standard input, next to files", async () => {
  await withFiles({ a: lines(2) }, async (path, server) => {
    async function* stdin() {
      for (const byte of new TextEncoder().encode('{"type":"mail","args":["ä€"]}\n'.repeat(3))) {
        yield await Promise.resolve(Uint8Array.of(byte));
      }
    }
    const args = ["push", "--ndjson", "-", path("a"), "--url", server.url];
    assert.equal((await faktory(args, { stdin: stdin() })).status, 0);
    assert.deepEqual(server.snapshot().queues, { default: 5 });
  });
});

const bad = `${lines(2)}no job\n\n{"type":"a","queue":"no queue"}\n${lines(1)}`;

test("push --ndjson ends at a bad line, after the jobs before it", async () => {
  await withFiles({ bad }, async (path, server) => {
    const args = ["push", "--ndjson", path("bad"), "--url", server.url];
    const { status, stdout, stderr } = await faktory(args);
    assert.equal(status, 65);
    assert.match(stdout, /^2 jobs enqueued in .*\n.*bad: sent up to line 2\n$/);
    assert.match(
      stderr,
      /^faktory: \S+bad: Cannot read line 3 as a job as it is not valid JSON; fix it [^\n]+\n$/,
    );
    assert.deepEqual(server.snapshot().queues, { default: 2 });
  });
});

test("push --skip-invalid skips bad lines, reports each, and exits with 65", async () => {
  await withFiles({ bad, more: "7\n" }, async (path, server) => {
    const args = ["push", "--skip-invalid", "--ndjson", path("bad"), path("more")];
    const { status, stdout, stderr } = await faktory([...args, "--url", server.url]);
    assert.equal(status, 65);
    assert.match(stdout, /^3 jobs enqueued in .*, 3 bad lines skipped\n$/);
    for (
      const invalid of [
        /bad: Cannot read line 3 as/,
        /bad: Cannot read line 5 as a job: .*queue/,
        /more/,
      ]
    ) assert.match(stderr, invalid);
    assert.equal(stderr.match(/^faktory: warning: /gm)?.length, 3);
    assert.doesNotMatch(stderr, /no job\b/);
    assert.deepEqual(server.snapshot().queues, { default: 3 });
  });
});

test("push --ndjson --json prints events", async () => {
  await withFiles({ bad }, async (path, server) => {
    const args = ["push", "--skip-invalid", "--json", "--ndjson", path("bad")];
    const { stdout, stderr } = await faktory([...args, "--url", server.url]);
    assert.equal(stderr, "");
    const file = path("bad");
    const events = stdout.trim().split("\n").map((line) => JSON.parse(line));
    const { seconds, ...end } = events.at(-1);
    assert.equal(typeof seconds, "number");
    assert.deepEqual(end, {
      ...{ event: "end", enqueued: 3, invalid: 2, refused: 0, unknown: 0, complete: true },
      files: [{ file, line: 6 }],
    });
    const invalid = events.filter(({ event }) => event === "invalid");
    assert.deepEqual(invalid.map(({ line, code }) => [line, code]), [
      [3, "INVALID_JSON"],
      [5, "INVALID_JOB"],
    ]);
    assert.ok(invalid.every((one) => one.file === file && /^Cannot read line/.test(one.message)));
  });
});

test("a job that the server refuses is reported with its line", async () => {
  const unique = '{"type":"a","args":[],"custom":{"unique_for":60}}\n';
  await withFiles({ twice: unique + unique + lines(1) }, async (path, server) => {
    const args = ["push", "--ndjson", path("twice"), "--url", server.url];
    const skipping = await faktory([...args, "--skip-invalid"]);
    assert.equal(skipping.status, 65);
    assert.match(skipping.stdout, /^2 jobs enqueued in .*, 1 job refused\n$/);
    assert.match(skipping.stderr, /^faktory: warning: \S+twice, line 2: NOTUNIQUE .*\n$/);
    const strict = await faktory(args);
    assert.equal(strict.status, 65);
    assert.match(strict.stderr, /^faktory: \S+twice, line 1: NOTUNIQUE [^\n]*; fix it [^\n]+\n$/);
  });
});

test("a terminal shows the progress on one line, which is removed at the end", async () => {
  await withFiles({ bad }, async (path, server) => {
    const args = ["push", "--skip-invalid", "--ndjson", path("bad"), "--url", server.url];
    const { stderr } = await faktory(args, { isTerminal: true });
    assert.ok(stderr.includes("\r\u001b[Kfaktory: warning: "));
    assert.ok(stderr.endsWith("\r\u001b[K"));
  });
});

test("files that cannot be read are named before anything is sent", async () => {
  await withFiles({ a: lines(1) }, async (path, server) => {
    for (const [name, reason] of [["missing", "there is no such file"], [".", "it is a folder"]]) {
      const args = ["push", "--ndjson", path("a"), path(name!), "--url", server.url];
      const { status, stdout, stderr } = await faktory(args);
      assert.deepEqual([status, stdout], [66, ""]);
      assert.match(
        stderr,
        new RegExp(`^faktory: Cannot read the file "[^"]+" of --ndjson as ${reason}; `),
      );
    }
    assert.deepEqual(server.snapshot().queues, {});
  });
});

test("after a signal, it waits for jobs in flight and prints their number", async () => {
  await withServer({}, async (server) => {
    const controller = new AbortController();
    async function* stdin() {
      yield new TextEncoder().encode(lines(2000));
      controller.abort(new Interruption("SIGINT", 130));
      // The input stays open.
      await new Promise(() => {});
    }
    const { status, stdout, stderr } = await faktory(
      ["push", "--ndjson", "-", "--json", "--url", server.url],
      { stdin: stdin(), signal: controller.signal },
    );
    assert.deepEqual([status, stderr], [130, ""]);
    const { event, enqueued, complete, files } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    assert.deepEqual([event, complete], ["end", false]);
    assert.equal(enqueued, server.snapshot().queues["default"] ?? 0);
    assert.deepEqual(files, [{ file: "standard input", line: enqueued }]);
  });
});

test("a signal ends it even if the server no longer replies", async () => {
  const controller = new AbortController();
  let isGreeted = false;
  await withListener((socket) => {
    socket.write('+HI {"v":2}\r\n');
    socket.on("data", () => {
      if (isGreeted) controller.abort(new Interruption("SIGTERM", 143));
      else socket.write("+OK\r\n");
      isGreeted = true;
    });
  }, async (url) => {
    async function* stdin() {
      yield new TextEncoder().encode(lines(10));
      await new Promise(() => {});
    }
    const { status, stdout } = await faktory(
      ["push", "--ndjson", "-", "--timeout", "0.5", "--url", url],
      { stdin: stdin(), signal: controller.signal },
    );
    assert.equal(status, 143);
    assert.match(stdout, /^0 jobs enqueued in .*, 10 jobs with unknown result\n/);
  });
});
