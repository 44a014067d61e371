import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type Job } from "../../mod.ts";
import { Interruption } from "../../src/cli/io.ts";
import { time } from "../../src/cli/parse.ts";
import { faktory, withListener, withServer } from "./setting.ts";

/** Returns the job that `faktory push` creates from these arguments, as its handler gets it. */
async function pushed(
  ...args: string[]
): Promise<{ job: Job<readonly unknown[]>; output: string }> {
  const jobs: Job<readonly unknown[]>[] = [];
  let output = "";
  await withServer({}, async ({ url }) => {
    const { status, stdout, stderr } = await faktory(["push", "--url", url, ...args]);
    assert.deepEqual([status, stderr], [0, ""]);
    output = stdout;
    const consumer = new Consumer({ url, queues: ["default", "images"] });
    consumer.register("resize", (job) => void jobs.push(job));
    assert.equal(await consumer.runOne(), true);
  });
  const [job] = jobs;
  assert.ok(job !== undefined);
  return { job, output };
}

test("push enqueues a job and prints its id", async () => {
  const { job, output } = await pushed("resize", "cat.png", "320");
  assert.equal(output, `${job.jid}\n`);
  assert.deepEqual(job.args, ["cat.png", 320]);
  assert.deepEqual([job.queue, job.retry], ["default", 25]);
});

test("push parses arguments as JSON if possible, otherwise as strings", async () => {
  const given = ["true", "null", "-5", "1.5", "0123", '"320"', '{"a":[1]}', "two words", ""];
  assert.deepEqual(
    (await pushed("resize", ...given)).job.args,
    [true, null, -5, 1.5, "0123", "320", { a: [1] }, "two words", ""],
  );
  assert.deepEqual((await pushed("resize", "--text", "320", "{")).job.args, ["320", "{"]);
  assert.deepEqual((await pushed("resize", "--", "--text")).job.args, ["--text"]);
});

test("push sets a job's other properties", async () => {
  const flags = ["--queue", "images", "--jid", "cats-0001", "--retry", "-1", "--backtrace", "7"];
  const more = ["--reserve-for", "60", "--custom", "tenant=acme", "--custom", "tries=3"];
  const { job } = await pushed(...flags, ...more, "resize");
  const { queue, jid, retry, backtrace, reserveFor, custom, args } = job;
  assert.deepEqual({ queue, jid, retry, backtrace, reserveFor, custom, args }, {
    queue: "images",
    jid: "cats-0001",
    retry: -1,
    backtrace: 7,
    reserveFor: 60,
    custom: { tenant: "acme", tries: 3 },
    args: [],
  });
});

test("push --at schedules a job", async () => {
  await withServer({}, async (server) => {
    for (const at of ["+5m", "2099-01-31T12:00:00Z", "2099-01-31 12:00", "2099-01-31"]) {
      assert.equal((await faktory(["push", "a", "--at", at, "--url", server.url])).status, 0, at);
    }
    assert.equal(server.snapshot().scheduled, 4);
  });
});

test("a time without a zone is local", () => {
  for (const text of ["2099-01-31", "2099-01-31T00:00", "2099-01-31 00:00:00"]) {
    assert.deepEqual(time(text), new Date(2099, 0, 31), text);
  }
  assert.deepEqual(time("2099-01-31T12:00:00Z"), new Date(Date.UTC(2099, 0, 31, 12)));
});

test("push --json prints the job's id, type and queue", async () => {
  await withServer({ password: "hush" }, async ({ port }) => {
    const env = { FAKTORY_URL: `tcp://127.0.0.1:${port}`, FAKTORY_PASSWORD: "hush" };
    const { stdout } = await faktory(["push", "a", "-q", "mail", "--jid", "12345678", "--json"], {
      env,
    });
    assert.equal(
      stdout,
      `{"jid":"12345678","type":"a","queue":"mail","url":"tcp://127.0.0.1:${port}"}\n`,
    );
  });
});

test("push warns about options that only Faktory Enterprise respects", async () => {
  await withServer({}, async ({ url }) => {
    const args = ["push", "a", "--custom", "unique_for=60", "--url", url];
    const { status, stderr } = await faktory(args);
    assert.equal(status, 0);
    assert.match(stderr, /^faktory: warning: .*custom\.unique_for.*\n$/);
  });
});

test("info shows queues, sets and tasks as tables", async () => {
  await withServer({ edition: "enterprise" }, async ({ url, port }) => {
    for (const queue of ["default", "default", "images"]) {
      await faktory(["push", "a", "--queue", queue, "--url", url]);
    }
    const { status, stdout, stderr } = await faktory(["info", "--url", url]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^Faktory Enterprise 1.10.0 at tcp://127.0.0.1:${port}, up `));
    assert.match(stdout, /^1 connection, \d+ commands, /m);
    assert.match(stdout, /^queue {4}jobs\ndefault {5}2\nimages {6}1$/m);
    assert.match(stdout, /^set {8}jobs\nscheduled {5}0$/m);
    assert.match(stdout, /^Workers +\d/m);
    assert.ok(!stdout.includes("\u001b"));
  });
});

test("info of an empty server prints no queues", async () => {
  await withServer({}, async ({ url }) => {
    assert.match((await faktory(["info", "--url", url])).stdout, /^No queues$/m);
  });
});

test("info --json prints one document, without the password", async () => {
  await withServer({ password: "hush" }, async ({ url, port }) => {
    await faktory(["push", "a", "--url", url]);
    const { stdout } = await faktory(["info", "--json", "--url", url]);
    assert.doesNotMatch(stdout, /hush/);
    const result = JSON.parse(stdout);
    assert.equal(result.url, `tcp://127.0.0.1:${port}`);
    assert.deepEqual(result.queues, { default: 1 });
    assert.equal(result.sets.dead, 0);
    assert.equal(result.server.connections, 1);
    assert.equal(typeof result.tasks.Workers.size, "number");
  });
});

test("the URL comes from the variable in FAKTORY_PROVIDER, otherwise from FAKTORY_URL", async () => {
  await withServer({}, async ({ url }) => {
    for (const env of [{ FAKTORY_PROVIDER: "JOBS", JOBS: url }, { FAKTORY_URL: url }]) {
      assert.equal((await faktory(["info"], { env })).status, 0);
    }
  });
});

test("a signal ends a command without output", async () => {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Interruption("SIGINT", 130));
  await withListener(interrupt, async (url) => {
    const ended = await faktory(["info", "--url", url], { signal: controller.signal });
    assert.deepEqual(ended, { status: 130, stdout: "", stderr: "" });
  });
});

test("an id that begins with a dash is not taken as flags", async () => {
  await withServer({}, async (server) => {
    const { url } = server;
    const [jid, password] = ["-hVbG-D5X1QQrjQA", "-sVbG-D5X1QQrjQA"];
    await faktory(["push", "a", "--at", "+5m", "--jid", jid, "--url", url]);
    const shown = await faktory(["job", jid, "--password", password, "--json", "--url", url]);
    assert.equal(JSON.parse(shown.stdout).jid, jid);
    const { status, stdout } = await faktory(["cancel", "--json", jid, "--url", url]);
    assert.deepEqual([status, JSON.parse(stdout).jid], [0, jid]);
    assert.equal(server.snapshot().scheduled, 0);
    assert.equal((await faktory(["cancel", "--", jid, "--url", url])).status, 64);
  });
});

test("cancel prints the result of the cancellation", async () => {
  await withServer({}, async (server) => {
    const { url } = server;
    const pushed = await faktory(["push", "a", "--at", "+5m", "--url", url]);
    const jid = pushed.stdout.trim();
    const { status, stdout } = await faktory(["cancel", jid, "--url", url]);
    assert.equal(status, 0);
    assert.match(stdout, /^withdrawn: no worker has it\. It is deleted if it was scheduled/);
    assert.equal(server.snapshot().scheduled, 0);
    const json = await faktory(["cancel", jid, "--wait", "1", "--json", "--url", url]);
    assert.deepEqual(JSON.parse(json.stdout), { jid, cancellation: "withdrawn", url });
    assert.equal((await faktory(["cancel", "--url", url])).status, 64);
    assert.equal((await faktory(["cancel", jid, "--wait", "0", "--url", url])).status, 64);
  });
});
