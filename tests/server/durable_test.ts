import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { pathToFileURL } from "node:url";
import { commandOf, Program } from "../../scripts/program.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";
import { noSqlite, withFolder } from "./data.ts";

const push = (jid: string, more = "") =>
  `PUSH {"jid":"${jid}","jobtype":"x","args":["é<&>\u2028"]${more}}`;
const fail = (jid: string) => `FAIL {"jid":"${jid}","errtype":"E","message":"m"}`;
const ack = (jid: string) => `ACK {"jid":"${jid}"}`;

/** Sends lines, and asserts that all replies are `OK`. */
async function sendAll(client: RawClient, ...lines: string[]): Promise<void> {
  for (const line of lines) assert.equal(await client.ask(line), "+OK", line);
}

async function fetchJid(client: RawClient, queue = "default"): Promise<string> {
  return JSON.parse(await client.ask(`FETCH ${queue}`)).jid;
}

test("without node:sqlite, data are refused, and memory works", {
  skip: noSqlite === false ? "this runtime has node:sqlite" : false,
}, async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "jobs.db");
    await assert.rejects(FaktoryServer.start({ port: 0, data }), {
      name: "ConfigError",
      code: "UNSUPPORTED_RUNTIME",
      message: /^Cannot keep data in a folder as this runtime has no node:sqlite/,
    });
    assert.deepEqual(readdirSync(folder), []);
  });
  await using server = await FaktoryServer.start({ port: 0 });
  const client = await RawClient.hello(server.url);
  await sendAll(client, push("in-memory-1"));
  client.close();
});

describe("a server with data", { skip: noSqlite }, () => {
  it("has everything again after a stop, in the same places and order", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const clock = new ManualClock();
      const at = (ms: number) => `,"at":"${new Date(clock.now() + ms).toISOString()}"`;
      let server = await FaktoryServer.start({ port: 0, data, clock });
      let client = await RawClient.hello(server.url);
      await sendAll(
        client,
        push("failed-job"),
        push("buried-job", `,"retry":-1`),
        push("acked-job"),
      );
      for (const jid of ["failed-job", "buried-job", "acked-job"]) {
        assert.equal(await fetchJid(client), jid);
      }
      await sendAll(client, fail("failed-job"), fail("buried-job"), ack("acked-job"));
      await sendAll(client, push("reserved-job", `,"reserve_for":600`));
      const reserved = await client.ask("FETCH default");
      await sendAll(client, push("later-job-2", at(120_000)), push("later-job-1", at(60_000)));
      await sendAll(client, push("later-job-3", at(120_000)));
      for (let i = 1; i <= 25; i++) await sendAll(client, push(`waiting-job-${i}`));
      await sendAll(client, push("paused-job-1", `,"queue":"paused"`), "QUEUE PAUSE paused");
      await sendAll(client, push("gone-job-1", `,"queue":"gone"`), "QUEUE REMOVE gone");
      await sendAll(client, push("empty-job-1", `,"queue":"empty"`));
      await fetchJid(client, "empty");
      await sendAll(client, ack("empty-job-1"));
      const before = server.snapshot();
      client.close();
      await server.close();
      assert.deepEqual(readdirSync(folder), ["jobs.db"]);

      server = await FaktoryServer.start({ port: 0, data: pathToFileURL(data), clock });
      client = await RawClient.hello(server.url);
      assert.deepEqual(server.snapshot(), { ...before, connections: 1 });
      assert.deepEqual(before.queues, { default: 25, empty: 0, paused: 1 });
      // A paused queue gives no jobs: the FETCH names both, and its job is the other's.
      assert.equal(await fetchJid(client, "paused default"), "waiting-job-1");
      for (let i = 2; i <= 25; i++) assert.equal(await fetchJid(client), `waiting-job-${i}`);
      await sendAll(client, "QUEUE RESUME paused");
      assert.equal(await fetchJid(client, "paused"), "paused-job-1");
      await sendAll(client, `MUTATE {"cmd":"requeue","target":"retries"}`);
      await sendAll(client, `MUTATE {"cmd":"requeue","target":"dead"}`);
      for (const jid of ["failed-job", "buried-job"]) {
        const job = JSON.parse(await client.ask("FETCH default"));
        assert.deepEqual([job.jid, job.failure.errtype], [jid, "E"]);
        assert.deepEqual(job.args, ["é<&>\u2028"]);
      }
      // The worker may report the result on any connection.
      assert.equal(JSON.parse(reserved).jid, "reserved-job");
      await sendAll(client, fail("reserved-job"));
      assert.equal(server.snapshot().retries, 1);
      clock.advance(125_000);
      for (const jid of ["reserved-job", "later-job-1", "later-job-2", "later-job-3"]) {
        assert.equal(await fetchJid(client), jid);
      }
      client.close();
      await server.close();
    });
  });

  it("takes the time in between into account", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const start = Date.UTC(2026, 0, 1);
      let server = await FaktoryServer.start({ port: 0, data, clock: new ManualClock(start) });
      let client = await RawClient.hello(server.url);
      await sendAll(client, push("reserved-job", `,"reserve_for":60`), push("kept-job-1"));
      await fetchJid(client);
      await fetchJid(client);
      client.close();
      await server.close();
      const clock = new ManualClock(start + 10 * 60_000);
      server = await FaktoryServer.start({ port: 0, data, clock });
      client = await RawClient.hello(server.url);
      assert.equal(server.snapshot().working, 2);
      clock.advance(15_000);
      const { working, retries } = server.snapshot();
      assert.deepEqual([working, retries], [1, 1]);
      client.close();
      await server.close();
    });
  });

  it("restores Enterprise's records", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const clock = new ManualClock();
      const options = { port: 0, data, clock, edition: "enterprise" } as const;
      const unique = push("unique-job", `,"custom":{"unique_for":600}`);
      const until = new Date(clock.now() + 3 * 3_600_000).toISOString();
      let server = await FaktoryServer.start(options);
      let client = await RawClient.hello(server.url);
      await sendAll(client, push("extended-job", `,"reserve_for":60`), unique);
      assert.equal(await fetchJid(client), "extended-job");
      await sendAll(client, `TRACK SET {"jid":"extended-job","reserve_until":"${until}"}`);
      const success = `{"jid":"callback-1","jobtype":"x","args":[]}`;
      const bid = await client.ask(`BATCH NEW {"success":${success}}`);
      const batched = push("batched-job", `,"queue":"b","custom":{"bid":"${bid}"}`);
      await sendAll(client, batched, `BATCH COMMIT ${bid}`);
      const status = await client.ask(`BATCH STATUS ${bid}`);
      assert.equal(JSON.parse(status).pending, 1);
      client.close();
      await server.close();

      server = await FaktoryServer.start(options);
      client = await RawClient.hello(server.url);
      assert.equal(await client.ask(`BATCH STATUS ${bid}`), status);
      assert.equal(await client.ask(unique), "-NOTUNIQUE Job not unique");
      clock.advance(3_600_000);
      assert.equal(server.snapshot().working, 1, "the extended reservation still lasts");
      assert.equal(await fetchJid(client, "b"), "batched-job");
      await sendAll(client, ack("batched-job"));
      assert.equal(JSON.parse(await client.ask(`BATCH STATUS ${bid}`)).success_st, "1");
      client.close();
      await server.close();
    });
  });

  it("does not restore what was flushed, and continues after a flush", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      for (const jid of ["first-flush", "second-flush"]) {
        const server = await FaktoryServer.start({ port: 0, data });
        const client = await RawClient.hello(server.url);
        await sendAll(client, push("flushed-job"), "FLUSH", push(jid));
        assert.deepEqual(server.snapshot().queues, { default: 1 });
        client.close();
        await server.close();
      }
      await using server = await FaktoryServer.start({ port: 0, data });
      const client = await RawClient.hello(server.url);
      assert.equal(await fetchJid(client), "second-flush");
      client.close();
    });
  });

  it("loses names and pauses after a FLUSH and a restart, like the reference server", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      let server = await FaktoryServer.start({ port: 0, data });
      let client = await RawClient.hello(server.url);
      for (const queue of ["paused", "again", "empty"]) {
        await sendAll(client, push("named-job", `,"queue":"${queue}"`));
      }
      await sendAll(client, "QUEUE PAUSE paused again", "FLUSH");
      assert.deepEqual(server.snapshot().queues, { again: 0, empty: 0, paused: 0 });
      await sendAll(client, push("still-paused", `,"queue":"paused"`), "QUEUE PAUSE again");
      client.say("FETCH paused");
      client.finish();
      assert.equal(await client.line(), "$-1");
      await server.close();
      server = await FaktoryServer.start({ port: 0, data });
      assert.deepEqual(server.snapshot().queues, { again: 0, paused: 1 });
      client = await RawClient.hello(server.url);
      assert.equal(await fetchJid(client, "paused"), "still-paused");
      await sendAll(client, push("paused-anew", `,"queue":"again"`));
      client.say("FETCH again");
      client.finish();
      assert.equal(await client.line(), "$-1");
      await server.close();
    });
  });

  it("has everything confirmed after a kill, even if its file was never closed", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      for (let round = 0; round < 3; round++) {
        const child = startChild(data);
        const client = await RawClient.hello(await child.line(/^tcp:/));
        if (round > 0) {
          const jid = await fetchJid(client);
          assert.equal(jid, `killed-job-${round - 1}`);
          await sendAll(client, ack(jid));
        }
        await sendAll(client, push(`killed-job-${round}`));
        await child.kill();
        client.close();
        assert(readdirSync(data).includes("00000001.log"));
      }
      const server = await FaktoryServer.start({ port: 0, data });
      assert.deepEqual(server.snapshot().queues, { default: 1 });
      assert.equal(server.snapshot().processed, 2);
      await server.close();
      assert.deepEqual(readdirSync(data).sort(), ["00000001.log", "end.json"]);
    });
  });

  it("refuses a second server on its folder, in this process or another", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const inUse = { code: "DATA_IN_USE", message: /jobs\.db as another server has it open$/ };
      {
        await using server = await FaktoryServer.start({ port: 0, data });
        await assert.rejects(FaktoryServer.start({ port: 0, data }), inUse);
        // If the other server had opened the lock file, the lock would be lost and this one would
        // get it.
        const url = startChild(data).line(/^tcp:/);
        await assert.rejects(url, /DATA_IN_USE|another server has it open/);
        await assert.rejects(FaktoryServer.start({ port: server.port, data: `${data}2` }), {
          code: "INVALID_OPTION",
        });
      }
      await using child = startChild(data);
      await child.line(/^tcp:/);
      await assert.rejects(FaktoryServer.start({ port: 0, data }), inUse);
      child.child.stdin!.end();
      await child.end();
      await using _server = await FaktoryServer.start({ port: 0, data });
    });
  });

  it("confirms nothing and ends when its log is gone", async () => {
    for (
      const [what, lose] of [
        ["db was moved or removed", (data: string) => rmSync(data, { recursive: true })],
        ["db was moved or removed", (data: string) => renameSync(data, `${data}.old`)],
        ["01.log was moved or removed", (data: string) => rmSync(logOf(data))],
        ["01.log was moved or removed", (data: string) => renameSync(logOf(data), `${data}.old`)],
        ["01.log was moved or removed", replaceLog],
        ["01.log was truncated", (data: string) => truncateSync(logOf(data), 32)],
        ["01.log was written to by others", (data: string) => appendFileSync(logOf(data), "x")],
      ] as const
    ) {
      await withFolder(async (folder) => {
        const data = join(folder, "jobs.db");
        const server = await FaktoryServer.start({ port: 0, data });
        const client = await RawClient.hello(server.url);
        await sendAll(client, push("kept-job-1"));
        lose(data);
        const reply = await client.ask(push("lost-job-1"));
        assert(reply.startsWith("-ERR Cannot save the changes: ") && reply.endsWith(what), reply);
        assert.equal(await client.line(), "EOF");
        const failure = { name: "StoreError", code: "WRITE_FAILED" };
        await assert.rejects(server.closed, failure);
        await assert.rejects(server.close(), failure);
        assert(!existsSync(join(data, "lock")));
      });
    }
  });

  it("never writes to another log", async () => {
    await withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const server = await FaktoryServer.start({ port: 0, data });
      const client = await RawClient.hello(server.url);
      await sendAll(client, push("kept-job-1"));
      client.close();
      replaceLog(data);
      await assert.rejects(server.close(), { code: "WRITE_FAILED" });
      assert.deepEqual(readdirSync(data), ["00000001.log"]);
      assert.equal(readFileSync(logOf(data), "utf8"), "another server's");
    });
  });

  it("follows a link to its folder, even to one that does not exist yet", async () => {
    await withFolder(async (folder) => {
      await mkdir(join(folder, "far"));
      const data = join(folder, "link.db");
      symlinkSync(join(folder, "far", "jobs.db"), data);
      for (const jid of ["linked-job-1", "linked-job-2"]) {
        const server = await FaktoryServer.start({ port: 0, data });
        const client = await RawClient.hello(server.url);
        await sendAll(client, push(jid));
        const beside = FaktoryServer.start({ port: 0, data: join(folder, "far", "jobs.db") });
        await assert.rejects(beside, { code: "DATA_IN_USE" });
        client.close();
        await server.close();
      }
      assert.deepEqual(readdirSync(join(folder, "far")), ["jobs.db"]);
    });
  });

  it("requires a path", async () => {
    for (const data of ["", ":memory:", "a\0b", 1 as never, new URL("http://localhost/jobs.db")]) {
      await assert.rejects(FaktoryServer.start({ port: 0, data }), { code: "INVALID_OPTION" });
    }
    await withFolder(async (folder) => {
      await mkdir(join(folder, "file:x?mode=memory"));
      const data = join(folder, "file:x?mode=memory", "ü #%.db");
      await (await FaktoryServer.start({ port: 0, data })).close();
      assert(existsSync(data));
    });
  });
});

/** Returns the only file of a short log. */
function logOf(data: string): string {
  return join(data, "00000001.log");
}

/** Replaces a server's log by another one. */
function replaceLog(data: string): void {
  rmSync(logOf(data));
  writeFileSync(logOf(data), "another server's");
}

/** Starts a server in another process. */
function startChild(data: string): Program {
  return new Program([...commandOf("scripts/embedded_server.ts"), data]);
}
