import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { FaktoryServer } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";
import { noSqlite, withFolder } from "./data.ts";

const JOBS = 300;

/** Creates a folder with jobs, and another as a killed server leaves it. */
async function makeData(folder: string): Promise<{ closed: string; killed: string }> {
  const [closed, killed] = [join(folder, "closed.db"), join(folder, "killed.db")];
  const server = await FaktoryServer.start({ port: 0, data: closed });
  const client = await RawClient.hello(server.url);
  for (let i = 0; i < JOBS; i += 30) {
    const jobs = Array.from(
      { length: 30 },
      (_, k) => `{"jid":"damaged-job-${i + k}","jobtype":"x","args":["${"x".repeat(100)}"]}`,
    );
    assert.equal(await client.ask(`PUSHB [${jobs.join(",")}]`), "{}");
  }
  client.close();
  await server.close();
  const again = await FaktoryServer.start({ port: 0, data: closed });
  const other = await RawClient.hello(again.url);
  assert.equal(await other.ask(`PUSH {"jid":"logged-job","jobtype":"x","args":[]}`), "+OK");
  mkdirSync(killed);
  for (const name of [LOG, "end.json"]) copyFileSync(join(closed, name), join(killed, name));
  other.close();
  await again.close();
  return { closed, killed };
}

/** The only segment of a short log. */
const LOG = "00000001.log";

/** Returns the names and contents of all files in a folder. */
function bytesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true }).map(String)
      .filter((name) => statSync(join(folder, name)).isFile()).sort()
      .map((name) => [name, readFileSync(join(folder, name)).toString("latin1")]),
  );
}

/** Asserts that a server refuses the data and leaves everything unchanged. */
async function refused(folder: string, data: string, message: RegExp): Promise<void> {
  const before = bytesOf(folder);
  await assert.rejects(FaktoryServer.start({ port: 0, data }), {
    name: "ConfigError",
    code: "INVALID_DATA",
    message,
  });
  const after = bytesOf(folder);
  assert.deepEqual(Object.keys(after), Object.keys(before));
  for (const [name, bytes] of Object.entries(after)) assert(bytes === before[name], name);
}

describe("invalid data are refused and left unchanged:", { skip: noSqlite }, () => {
  it("a file", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      writeFileSync(data, "dear diary");
      await refused(folder, data, /jobs\.db as it is a file$/);
    }));

  it("another program's folder", () =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "diary.txt"), "dear diary");
      await refused(
        folder,
        folder,
        /belongs to another program: it contains diary\.txt, but no log/,
      );
      mkdirSync(join(folder, "sub"));
      writeFileSync(join(folder, "sub", LOG), "dear diary");
      await refused(folder, join(folder, "sub"), /as it is damaged: .*its head is invalid/);
    }));

  it("a log of a newer version", () =>
    withFolder(async (folder) => {
      const { closed } = await makeData(folder);
      const bytes = readFileSync(join(closed, LOG));
      bytes.writeUInt32LE(7, 4);
      writeFileSync(join(closed, LOG), bytes);
      await refused(folder, closed, /it was written by a newer version of this server \(7\)$/);
    }));

  it("a folder whose parent is missing or not a folder", () =>
    withFolder(async (folder) => {
      await refused(
        folder,
        join(folder, "none", "jobs.db"),
        /as its parent folder \S+none does not exist/,
      );
      writeFileSync(join(folder, "plain"), "");
      await refused(folder, join(folder, "plain", "jobs.db"), /^Cannot keep data in .*plain/);
    }));

  it(
    "a device",
    { skip: existsSync("/dev/null") ? false : "there is no /dev/null" },
    () =>
      assert.rejects(FaktoryServer.start({ port: 0, data: "/dev/null" }), { code: "INVALID_DATA" }),
  );

  it("a log that is cut at any byte, or lacks a file", () =>
    withFolder(async (folder) => {
      const { closed } = await makeData(folder);
      const log = join(closed, LOG);
      const bytes = readFileSync(log);
      for (let length = 0; length < bytes.length; length += 997) {
        writeFileSync(log, bytes.subarray(0, length));
        await refused(folder, closed, /as it is damaged: it ends before byte \d+ of /);
      }
      writeFileSync(log, bytes.subarray(0, bytes.length - 1));
      await refused(folder, closed, /as it is damaged: it ends before byte \d+ of /);
      rmSync(log);
      await refused(folder, closed, /as it is damaged: it ends before byte \d+ of /);
      writeFileSync(join(closed, "00000002.log"), bytes);
      await refused(folder, closed, /as it is damaged/);
    }));

  it("a log with any byte changed", () =>
    withFolder(async (folder) => {
      const { closed, killed } = await makeData(folder);
      for (const data of [closed, killed]) {
        const log = join(data, LOG);
        const bytes = readFileSync(log);
        // The last group may be incomplete after a kill. It was then never confirmed.
        const last = bytes.lastIndexOf("GOuP");
        for (let at = 0; at < (data === closed ? bytes.length : last); at += 1009) {
          const changed = Buffer.from(bytes);
          changed[at]! ^= 0x10;
          writeFileSync(log, changed);
          await refused(folder, data, /^Cannot keep data in .*(damaged|later version)/);
        }
        writeFileSync(log, bytes);
        await using server = await FaktoryServer.start({ port: 0, data });
        assert.deepEqual(server.snapshot().queues, { default: JOBS + 1 });
      }
    }));

  it("after a kill, an incomplete write is dropped, and everything confirmed is there", () =>
    withFolder(async (folder) => {
      const { killed } = await makeData(folder);
      const log = join(killed, LOG);
      const bytes = readFileSync(log);
      const last = bytes.lastIndexOf("GOuP");
      for (let length = last; length < bytes.length; length += 13) {
        writeFileSync(log, bytes.subarray(0, length));
        const server = await FaktoryServer.start({ port: 0, data: killed });
        assert.deepEqual(server.snapshot().queues, { default: JOBS });
        await server.close();
        rmSync(join(killed, "end.json"));
      }
    }));
});
