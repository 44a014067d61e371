import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { builtinModule } from "../../src/internal/environment.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import type { SqliteModule } from "../../src/server/store/sqlite_module.ts";
import { RawClient } from "../contract/raw_client.ts";
import { noSqlite, withFolder } from "./data.ts";

const JOBS = 300;

/** Makes a file with jobs, and beside it what a server leaves that is killed. */
async function makeData(folder: string): Promise<{ closed: string; killed: string }> {
  const [closed, killed] = [join(folder, "closed.db"), join(folder, "killed.db")];
  const server = await FaktoryServer.start({ port: 0, data: closed });
  const client = await RawClient.hello(server.url);
  const jobs = Array.from(
    { length: JOBS },
    (_, i) => `{"jid":"damaged-job-${i}","jobtype":"x","args":["${"x".repeat(100)}"]}`,
  );
  assert.equal(await client.ask(`PUSHB [${jobs.join(",")}]`), "{}");
  client.close();
  await server.close();
  // Once more, as a server moves what is in its log when it ends: what was killed has both.
  const again = await FaktoryServer.start({ port: 0, data: closed });
  const other = await RawClient.hello(again.url);
  assert.equal(await other.ask(`PUSH {"jid":"logged-job","jobtype":"x","args":[]}`), "+OK");
  for (const ending of ["", "-wal"]) copyFileSync(closed + ending, killed + ending);
  other.close();
  await again.close();
  return { closed, killed };
}

/** Everything in a folder, with its bytes. */
function bytesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile()).sort()
      .map((name) => [name, readFileSync(join(folder, name)).toString("latin1")]),
  );
}

/** A server refuses the file, and leaves everything as it is. */
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

/** As `refused`, but where what is damaged stands in the log as well: then nothing is missing. */
async function refusedOrWhole(folder: string, data: string): Promise<"refused" | "whole"> {
  const server = await FaktoryServer.start({ port: 0, data }).catch(() => undefined);
  if (server === undefined) {
    await refused(folder, data, /^Cannot keep data in .*\.db as /);
    return "refused";
  }
  assert.deepEqual(server.snapshot().queues, { default: JOBS + 1 });
  const client = await RawClient.hello(server.url);
  client.say(...Array.from({ length: JOBS }, () => "FETCH default"));
  for (let i = 0; i < JOBS; i++) {
    assert.equal(JSON.parse(await client.reply()).jid, `damaged-job-${i}`);
  }
  client.close();
  await server.close();
  return "whole";
}

/** Calls `damage` with the bytes of each file, restored before each; counts what came of it. */
async function damageAll(
  damages: (bytes: Buffer) => Iterable<Buffer>,
  check: (kind: "closed" | "killed", verdicts: readonly string[]) => void,
): Promise<void> {
  await withFolder(async (folder) => {
    const files = await makeData(folder);
    for (const kind of ["closed", "killed"] as const) {
      const data = files[kind];
      const bytes = readFileSync(data);
      const log = kind === "killed" ? readFileSync(`${data}-wal`) : undefined;
      const verdicts: string[] = [];
      for (const damaged of damages(bytes)) {
        writeFileSync(data, damaged);
        if (log !== undefined) writeFileSync(`${data}-wal`, log);
        verdicts.push(await refusedOrWhole(folder, data));
      }
      check(kind, verdicts);
      writeFileSync(data, bytes);
      if (log !== undefined) writeFileSync(`${data}-wal`, log);
      assert.equal(await refusedOrWhole(folder, data), "whole");
    }
  });
}

describe("a file that cannot be used is refused, and left as it is:", { skip: noSqlite }, () => {
  const foreign: [name: string, bytes: string, message: RegExp][] = [
    ["a text", "dear diary\n".repeat(100), /as it is no SQLite database$/],
    ["one byte", "x", /as it is no SQLite database$/],
    ["a beginning of a database", "SQLite format 3\0", /as it is no SQLite database$/],
  ];
  for (const [name, bytes, message] of foreign) {
    it(name, () =>
      withFolder(async (folder) => {
        const data = join(folder, "jobs.db");
        writeFileSync(data, bytes);
        await refused(folder, data, message);
      }));
  }

  it("another program's database, its log included", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const { DatabaseSync } = builtinModule<SqliteModule>("node:sqlite")!;
      const database = new DatabaseSync(data);
      database.exec("PRAGMA journal_mode = WAL; CREATE TABLE jobs (row INTEGER, place TEXT)");
      for (const ending of ["", "-wal"]) copyFileSync(data + ending, `${data}.killed${ending}`);
      database.close();
      await refused(folder, data, /as it is (the database of another program|no SQLite database)$/);
      await refused(folder, `${data}.killed`, /another program|no SQLite database/);
    }));

  it("a later version's", () =>
    withFolder(async (folder) => {
      const { closed } = await makeData(folder);
      const bytes = readFileSync(closed);
      bytes.writeUInt32BE(7, 60);
      writeFileSync(closed, bytes);
      await refused(folder, closed, /it was written by a later version of this server \(7\)$/);
    }));

  it("a folder, one that is not there, and a log without its file", () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, "sub"));
      await refused(folder, join(folder, "sub"), /as it is a folder$/);
      await refused(folder, join(folder, "none", "jobs.db"), /none\S+ as there is no such folder$/);
      writeFileSync(join(folder, "plain"), "");
      await refused(folder, join(folder, "plain", "jobs.db"), /^Cannot keep data in .*plain/);
      writeFileSync(join(folder, "jobs.db-wal"), "something");
      await refused(
        folder,
        join(folder, "jobs.db"),
        /as it is empty, but there are data in .*-wal$/,
      );
    }));

  it(
    "a device",
    { skip: existsSync("/dev/null") ? false : "there is no /dev/null" },
    () =>
      assert.rejects(FaktoryServer.start({ port: 0, data: "/dev/null" }), { code: "INVALID_DATA" }),
  );

  it("one that is cut short", () =>
    damageAll(function* (bytes) {
      for (const length of [99, 512, 4096, bytes.length - 4096, bytes.length - 1]) {
        yield bytes.subarray(0, length);
      }
    }, (kind, verdicts) => {
      // What is behind the cut may be in the log.
      const sure = kind === "closed" ? verdicts : verdicts.slice(0, 3);
      assert.deepEqual(new Set(sure), new Set(["refused"]), `${kind}: ${verdicts}`);
    }));

  it("one of whose jobs a letter is another, wherever that is", () =>
    damageAll(function* (bytes) {
      for (let i = 0; i < JOBS; i += 29) {
        const changed = Buffer.from(bytes);
        // In all its places: pages that are parted leave copies that nobody reads.
        for (let at = -1; (at = bytes.indexOf(`damaged-job-${i}"`, at + 1)) >= 0;) {
          changed[at + 3]! ^= 1;
        }
        yield changed;
      }
    }, (kind, verdicts) => {
      const whole = verdicts.filter((verdict) => verdict === "whole").length;
      assert(kind === "closed" ? whole === 0 : whole < 5, `${kind}: ${verdicts}`);
    }));

  it("one with a page that is noise", () =>
    damageAll(function* (bytes) {
      for (let page = 1; page * 4096 < bytes.length; page++) {
        const changed = Buffer.from(bytes);
        for (let i = 0; i < 64; i++) changed[page * 4096 + i]! ^= 0x5a;
        yield changed;
      }
    }, (kind, verdicts) => {
      const whole = verdicts.filter((verdict) => verdict === "whole").length;
      assert(kind === "closed" ? whole === 0 : whole < 5, `${kind}: ${verdicts}`);
    }));
});

describe("a file that nobody has written to", { skip: noSqlite }, () => {
  it("is a new one where it is empty", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      writeFileSync(data, "");
      await using _server = await FaktoryServer.start({ port: 0, data });
    }));
});
