import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { withProtocolServer } from "./protocol_server.ts";
import { faktory, withServer } from "./setting.ts";

const later = new Date(Date.now() + 3_600_000);

/**
 * Calls `use` with the command on a server that has a failed job, a scheduled job, and two waiting
 * ones.
 */
async function withJobs(
  use: (run: (...args: string[]) => Promise<string>) => Promise<void>,
): Promise<void> {
  await withServer({}, async ({ url }) => {
    const producer = await Producer.connect({ url });
    const consumer = new Consumer({ url });
    consumer.register("resize", () => {
      throw new RangeError("no such\u001b[31m picture");
    });
    await producer.enqueue({ type: "resize", args: ["cat.png"], jid: "failed-job", backtrace: 3 });
    await consumer.runOne();
    await producer.enqueue({ type: "remind", args: ["Ada"], at: later, jid: "scheduled-job" });
    for (const n of [1, 2]) {
      await producer.enqueue({ type: "mail", args: [n], jid: `waiting-${n}` });
    }
    await producer.close();
    await use(async (...args) => {
      const { status, stdout, stderr } = await faktory([...args, "--url", url]);
      assert.deepEqual([status, stderr], [0, ""]);
      return stdout;
    });
  });
}

test("jobs in sets and queues of an embedded server are listed with errors and times", async () => {
  await withJobs(async (run) => {
    for (const args of [["retries"], ["retries", "list"]]) {
      const lines = (await run(...args)).split("\n");
      assert.match(lines[0]!, /^jid +type +queue +retried +error +args$/);
      assert.match(
        lines[1]!,
        /^failed-job +resize +default +in \d+ s +RangeError: no such \[31m picture +\["cat\.png"\]$/,
      );
      assert.deepEqual(lines.slice(2), ["1 job of 1", ""]);
    }
    assert.match(
      await run("scheduled"),
      /scheduled-job +remind +default +in (59 min \d+ s|1 h) +\["Ada"\]/,
    );
    assert.equal(await run("dead"), "0 jobs of 0\n");
    const page = await run("queues", "jobs", "default", "--limit", "1");
    assert.match(page, /waiting-1 .*\n1 job of 2; continue with --offset 1\n$/);
    assert.match(await run("queues", "jobs", "default", "--newest", "--limit", "1"), /waiting-2 /);
    assert.match(await run("retries", "--text", "dog.png"), /^0 jobs of 1, 1 searched\n$/);
    const json = JSON.parse(await run("retries", "--type", "resize", "--json"));
    assert.deepEqual([json.set, json.size, json.jobs[0].jid], ["retries", 1, "failed-job"]);
  });
});

test("a job is shown with all details, and a missing one is reported", async () => {
  await withJobs(async (run) => {
    const text = await run("job", "failed-job");
    assert.match(text, /^jid +failed-job\n/);
    assert.match(text, /\nplace +retries\n/);
    assert.match(text, /\nerror +RangeError: no such/);
    assert.match(text, /\n +at .*\n/);
    assert.equal(JSON.parse(await run("job", "waiting-1", "--json")).place, "queue");
  });
  await withServer({}, async ({ url }) => {
    const { status, stderr } = await faktory(["job", "gone-away", "--url", url]);
    assert.equal(status, 65);
    assert.match(stderr, /does not have it; it may have succeeded/);
  });
});

test("a job is shown with the attempts that the server keeps, also after the job is gone", async () => {
  await withJobs(async (run) => {
    assert.match(
      await run("job", "failed-job"),
      /\n\nattempt +result +ended +took +worker +error\n +1 +retry +\d{4}-\S+Z +\S.* +\S+ +RangeError: no such \[31m picture\n$/,
    );
    const { attempts } = JSON.parse(await run("job", "failed-job", "--json"));
    assert.deepEqual([attempts.length, attempts[0].result], [1, "retry"]);
    assert.deepEqual(JSON.parse(await run("job", "waiting-1", "--json")).attempts, []);
    await run("retries", "discard", "--jid", "failed-job");
    assert.match(
      await run("job", "failed-job"),
      /^The server no longer has job "failed-job"\n\nattempt .*\n +1 +retry .*\n$/,
    );
    const gone = JSON.parse(await run("job", "failed-job", "--json"));
    assert.deepEqual([gone.place, gone.attempts.length], [null, 1]);
  });
});

test("on a server that cannot list jobs, their number and its web page are printed", async () => {
  await withProtocolServer(async (url) => {
    const hint = "lists jobs only on its web page, by default at http://127.0.0.1:7420";
    const { stdout } = await faktory(["dead", "--url", url]);
    assert.equal(stdout, `3 jobs in dead. This server ${hint}\n`);
    const queue = await faktory(["queues", "jobs", "images", "--json", "--url", url]);
    const { size, jobs, reason } = JSON.parse(queue.stdout);
    assert.deepEqual([size, jobs, reason], [4, null, `This server ${hint}`]);
    const { status, stderr } = await faktory(["job", "some-jid", "--url", url]);
    assert.equal(status, 69);
    assert.match(stderr, /web page, by default at http:\/\/127\.0\.0\.1:7420\n$/);
  });
});
