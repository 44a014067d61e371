import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { it } from "node:test";
import { parseUrl } from "../../src/transport/url.ts";
import { RawClient } from "./raw_client.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** The life of jobs, byte for byte: in sets, on queues, and with workers. */
export function lifeContract(subject: Subject): void {
  /** Connects a client with a new queue, whose name is also the type of its jobs. */
  async function setting() {
    const client = await RawClient.hello(subject.url);
    const queue = freshQueue();
    // Sets `retry`, since the reference server's default is the last pushed value.
    const job = `"jobtype":"${queue}","queue":"${queue}","args":[],"retry":25`;
    const push = (jid: string, more = "") =>
      client.ask(`PUSH {"jid":"${jid}-${queue}",${job}${more}}`);
    const fetch = async () => JSON.parse(await client.ask(`FETCH ${queue}`));
    const end = (jid: string) => client.ask(`ACK {"jid":"${jid}-${queue}"}`);
    const fail = (jid: string, more = "") => client.ask(`FAIL {"jid":"${jid}-${queue}"${more}}`);
    const mutate = (cmd: string, target: string, filter: unknown = { jobtype: queue }) =>
      client.ask(`MUTATE ${JSON.stringify({ cmd, target, filter })}`);
    const info = async () => JSON.parse(await client.ask("INFO")).faktory;
    return { client, queue, push, fetch, end, fail, mutate, info };
  }

  const later = `,"at":"2099-01-01T00:00:00Z","created_at":"c"`;

  it("replies to INFO with fields in the reference order", async () => {
    const { client } = await setting();
    const text = await client.ask("INFO");
    const names = [...text.matchAll(/"(\w+)":/g)].map(([, name]) => name);
    const { faktory: { queues } } = JSON.parse(text);
    const others = names.filter((name) => !Object.hasOwn(queues, name!));
    assert.deepEqual(others, [
      ...["now", "server_utc_time", "faktory", "queues"],
      ...["sets", "dead", "retries", "scheduled", "working", "tasks"],
      ...["Busy", "reaped", "size", "Dead", "cycles", "enqueued", "size", "wall_time_sec"],
      ...["Retries", "cycles", "enqueued", "size", "wall_time_sec"],
      ...["Scheduled", "cycles", "enqueued", "size", "wall_time_sec", "Workers", "reaped", "size"],
      ...["total_failures", "total_processed", "total_enqueued", "total_queues", "server"],
      ...["description", "faktory_version", "uptime", "connections", "command_count"],
      "used_memory_mb",
    ]);
    client.close();
  });

  it("counts commands with a known verb", async () => {
    const { client } = await setting();
    const count = async () => JSON.parse(await client.ask("INFO")).server.command_count;
    const before = await count();
    for (const line of ["PING", "", "PUSH", "QUEUE X"]) await client.ask(line);
    assert.equal(await count() - before, 3);
    client.close();
  });

  it("keeps one job when the same job is scheduled twice", async () => {
    const { client, push, info, mutate, fetch, end } = await setting();
    const before = (await info()).sets;
    for (let i = 0; i < 2; i++) assert.equal(await push("same", later), "+OK");
    assert.equal((await info()).sets.scheduled - before.scheduled, 1);
    assert.equal(await mutate("kill", "scheduled"), "+OK");
    assert.equal(await push("same", later), "+OK");
    assert.equal(await mutate("kill", "scheduled"), "+OK");
    const { scheduled, dead } = (await info()).sets;
    assert.deepEqual([scheduled - before.scheduled, dead - before.dead], [0, 1]);
    assert.equal(await mutate("requeue", "dead"), "+OK");
    assert.equal((await fetch()).enqueued_at, undefined);
    assert.equal(await end("same"), "+OK");
    client.close();
  });

  it("reports the age of a queue's oldest job, or an error if the job has no time", async () => {
    const { client, queue, push, mutate } = await setting();
    await push("young");
    const ages = await client.ask(`QUEUE latency nowhere ${queue} nowhere`);
    assert.match(ages, new RegExp(`^\\{"nowhere":0,"${queue}":[-\\d.e]+\\}$`));
    assert.equal(await client.ask("QUEUE LATENCY"), "{}");
    await client.ask(`QUEUE REMOVE ${queue}`);
    for (const [more, fault] of [["", ""], [`,"enqueued_at":"é\\u0001"`, "é\u0001"]]) {
      await push("put-back", later + more);
      await mutate("requeue", "scheduled");
      const letters = fault === "" ? "" : String.raw`\xc3\xa9\x01`;
      assert.equal(
        await client.ask(`QUEUE LATENCY ${queue}`),
        `-ERR QUEUE: parsing time "${letters}" as "2006-01-02T15:04:05.999999999Z07:00": ` +
          `cannot parse "${letters}" as "2006"`,
      );
      await client.ask(`QUEUE REMOVE ${queue}`);
    }
    client.close();
  });

  it("selects jobs by globs of bytes, by exact jids, and by types as Go quotes them", async () => {
    const { client, queue, push, mutate, info } = await setting();
    const before = (await info()).sets.scheduled;
    const left = async () => (await info()).sets.scheduled - before;
    const jids = ["one", "two", "three", "four", "f\u00e9v"];
    for (const jid of jids) await push(jid, later);
    const misses = [
      { jids: ["one", `ne-${queue}`] },
      { regexp: `"jid":"one-${queue}"` },
      { regexp: `*"jid":"f?v-${queue}"*` },
      { regexp: `*"jid":"[^o]ne-${queue}"*` },
      { regexp: `*"jid":"one-${queue}"*`, jobtype: `${queue}x` },
      { jobtype: queue.slice(1) },
    ];
    for (const filter of misses) assert.equal(await mutate("discard", "scheduled", filter), "+OK");
    assert.equal(await left(), 5);
    const hits = [
      { jids: ["nobody", `one-${queue}`], regexp: "nothing" },
      { regexp: `*"jid":"t?o-${queue}"*`, jobtype: queue },
      { regexp: `*"jid":"[a-t]hree-${queue}"*` },
      { regexp: `*"jid":"f??v-${queue}"*` },
      { Jobtype: queue },
    ];
    for (const [i, filter] of hits.entries()) {
      assert.equal(await mutate("discard", "scheduled", filter), "+OK");
      assert.equal(await left(), 4 - i, JSON.stringify(filter));
    }
    client.close();
  });

  it("does not requeue a job with an invalid queue", async () => {
    const { client, queue, mutate, info } = await setting();
    const before = (await info()).sets.scheduled;
    const job = `{"jid":"astray-1","jobtype":"${queue}","args":[],"queue":"a/b"${later}}`;
    assert.equal(await client.ask(`PUSH ${job}`), "+OK");
    assert.equal(
      await mutate("requeue", "scheduled"),
      String.raw`-ERR queue names must match \A[a-zA-Z0-9._-]+\z`,
    );
    assert.equal((await info()).sets.scheduled - before, 1);
    assert.equal(await mutate("discard", "scheduled"), "+OK");
    client.close();
  });

  it("truncates a FAIL by bytes, and replaces blanks", async () => {
    const { client, push, fetch, end, fail, mutate } = await setting();
    const lines = JSON.stringify(Array.from({ length: 60 }, (_, i) => `line ${i}`));
    await push("cut");
    await fetch();
    const message = `\\u0085 ${"€".repeat(400)}`;
    assert.equal(
      await fail(
        "cut",
        `,"message":"${message}","errtype":"x${"é".repeat(60)}","backtrace":${lines}`,
      ),
      "+OK",
    );
    await mutate("requeue", "retries");
    const { failure } = await fetch();
    assert.equal(failure.message, `${"€".repeat(333)}\ufffd`);
    assert.equal(failure.errtype, `x${"é".repeat(49)}\ufffd`);
    assert.equal(failure.backtrace.length, 50);
    assert.equal(
      await fail("cut", `,"message":"\\u00a0\\t ","ErrType":null,"backtrace":[null]`),
      "+OK",
    );
    await mutate("requeue", "retries");
    const { failure: second } = await fetch();
    assert.deepEqual(
      [second.message, second.errtype, second.backtrace, second.retry_count, second.remaining],
      ["unknown", "unknown", [""], 1, 24],
    );
    assert.equal(second.failed_at, failure.failed_at);
    await end("cut");
    client.close();
  });

  it("retries, buries or drops failed jobs, depending on their retry", async () => {
    const { client, push, fetch, fail, mutate, info } = await setting();
    const before = (await info()).sets;
    const expected: [string, number, number][] = [["-1", 0, 1], ["0", 0, 0], ["1", 1, 0]];
    for (const [retry, retries, dead] of expected) {
      await push("failing", `,"retry":${retry}`);
      await fetch();
      assert.equal(await fail("failing"), "+OK");
      const { sets } = await info();
      assert.deepEqual([sets.retries - before.retries, sets.dead - before.dead], [retries, dead]);
      assert.match(await fail("failing"), /^-ERR Job not found failing-/);
      if (retry !== "1") await mutate("discard", "dead");
    }
    await mutate("requeue", "retries");
    await fetch();
    await fail("failing");
    assert.equal((await info()).sets.dead - before.dead, 1);
    await mutate("discard", "dead");
    client.close();
  });

  it("lets a second holder of a jid replace the first", async () => {
    const { client, push, fetch, end, fail } = await setting();
    await push("shared");
    await push("shared");
    await fetch();
    await fetch();
    assert.equal(await end("shared"), "+OK");
    assert.match(await fail("shared"), /^-ERR Job not found /);
    assert.equal(await end("shared"), "+OK");
    client.close();
  });

  it("pauses existing queues, which still accept jobs", async () => {
    const { client, queue, push, fetch, end } = await setting();
    const other = freshQueue();
    assert.equal(await client.ask(`QUEUE PAUSE ${queue} ${other}`), "+OK");
    await push("first");
    assert.equal((await fetch()).jid, `first-${queue}`);
    assert.equal(await client.ask(`queue PAUSE ${queue}`), "-ERR unknown command queue");
    assert.equal(await client.ask(`QUEUE pause ${queue}`), "+OK");
    await push("second");
    const job = `{"jid":"third-${other}","jobtype":"x","args":[],"queue":"${other}"}`;
    assert.equal(await client.ask(`PUSH ${job}`), "+OK");
    assert.match(await client.ask(`FETCH ${queue} ${other}`), /"jid":"third-/);
    assert.equal(await client.ask(`QUEUE RESUME ${queue}`), "+OK");
    assert.equal((await fetch()).jid, `second-${queue}`);
    for (const jid of ["first", "second"]) await end(jid);
    await client.ask(`ACK {"jid":"third-${other}"}`);
    client.close();
  });

  it("replies to PUSHB with the refused jobs, by jid, in order", async () => {
    const { client, queue, fetch, end } = await setting();
    const job = (jid: string, more: string) => `{"jid":"${jid}","queue":"${queue}"${more}}`;
    const reply = await client.ask(
      `PUSHB [${
        [
          job("second-of-them", `,"jobtype":"<x>"`),
          job(`fine-${queue}`, `,"jobtype":"x","args":[]`),
          job("first-of-them", `,"jobtype":"x","args":[],"at":"x"`),
          "null",
        ].join()
      }]`,
    );
    assert.equal(
      reply,
      `{"":"jobs must have a reasonable jid parameter","first-of-them":"invalid timestamp for ` +
        `'at': \\"x\\": parsing time \\"x\\" as \\"2006-01-02T15:04:05.999999999Z07:00\\": cannot ` +
        `parse \\"x\\" as \\"2006\\"","second-of-them":"jobs must have an args parameter"}`,
    );
    assert.equal((await fetch()).jid, `fine-${queue}`);
    await end("fine");
    client.close();
  });

  it("a quiet worker gets no jobs on its first connection, but on others", async () => {
    const { client, queue, push, end } = await setting();
    const first = await RawClient.hello(subject.url, { wid: queue });
    const second = await RawClient.hello(subject.url, { wid: queue });
    assert.equal(
      await client.ask(`BEAT {"wid":"${queue}","current_state":"quiet"}`),
      `{"state":"quiet"}`,
    );
    await push("for-the-second");
    assert.equal(await first.ask("FETCH"), "$-1");
    assert.match(await second.ask(`FETCH ${queue}`), /"jid":"for-the-second-/);
    await end("for-the-second");
    first.close();
    assert.equal(await second.ask(`BEAT {"wid":"${queue}"}`), `{"state":"quiet"}`);
    second.close();
    client.close();
  });

  it("runs all lines that a client sends before it half-closes", async () => {
    const { client, queue } = await setting();
    client.close();
    const { hostname, port } = parseUrl(subject.url);
    const socket = connect({ host: hostname, port, allowHalfOpen: true });
    const job = `{"jid":"last-${queue}","jobtype":"x","args":[],"queue":"${queue}"}`;
    socket.end(
      `HELLO {"v":2}\r\nFETCH ${queue}\r\nPUSH ${job}\nFETCH ${queue}\nACK {"jid":"last-${queue}"}\nPUSH {`,
    );
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    assert.match(
      Buffer.concat(chunks).toString(),
      /^\+HI .*\r\n\+OK\r\n\$-1\r\n\+OK\r\n\$\d+\r\n\{.*\}\r\n\+OK\r\n$/,
    );
  });

  it("closes connections without a HELLO after two seconds", async () => {
    const client = new RawClient(subject.url);
    await client.line();
    client.write("HEL");
    assert.equal(await client.line(), "EOF");
  });
}
