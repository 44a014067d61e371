import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigError } from "../../src/errors.ts";
import type { LogStore } from "../../src/server/store/log_store.ts";
import {
  type Database,
  type FileModule,
  loadModules,
  type Modules,
} from "../../src/server/store/modules.ts";
import { openLog } from "../../src/server/store/open_log.ts";
import { noSqlite, withFolder } from "./data.ts";

/** The runtime's modules, with some functions that fail. */
function broken(faults: {
  files?: Partial<FileModule>;
  sqlite?: (sql: string) => void;
}): Modules {
  const modules = loadModules();
  class Faulty {
    readonly #database: Database;
    constructor(path: string) {
      faults.sqlite?.(`open ${path}`);
      this.#database = new modules.sqlite.DatabaseSync(path);
    }
    prepare(sql: string) {
      faults.sqlite?.(sql);
      return this.#database.prepare(sql);
    }
    close() {
      this.#database.close();
    }
  }
  return {
    ...modules,
    sqlite: { DatabaseSync: Faulty },
    files: { ...modules.files, ...faults.files },
  };
}

function systemError(code: string): never {
  throw Object.assign(new Error(`${code}: it did not work`), { code });
}

function sqliteError(errcode: number): never {
  throw Object.assign(new Error("SQLite's words"), { code: "ERR_SQLITE_ERROR", errcode });
}

/** Adds jobs of 10 kB. */
async function addJobs(store: LogStore, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    store.add(store.arena.add("x".repeat(10_000)), "queue/q", { at: 0, owner: "" });
  }
  await store.commit();
}

describe(
  "a start that fails for the disk reports the reason",
  { skip: noSqlite },
  () => {
    /** Asserts that a start fails and leaves the data unchanged. */
    async function refused(modules: Modules, wanted: { code?: string; message: RegExp }) {
      await withFolder(async (folder) => {
        const data = join(folder, "jobs.db");
        const store = await openLog(data);
        await addJobs(store, 3);
        await store.close();
        const log = join(data, "00000001.log");
        const before = readFileSync(log);
        await assert.rejects(openLog(data, { modules }), (error) => {
          assert(error instanceof ConfigError);
          assert.equal(error.code, wanted.code ?? "DATA_UNAVAILABLE");
          assert.match(error.message, wanted.message);
          assert.doesNotMatch(error.message, wanted.code === undefined ? /damaged/ : /^$/);
          return true;
        });
        assert.deepEqual(readFileSync(log), before);
        const again = await openLog(data);
        assert.equal(again.jobs.takeRows("queue/q").length, 3);
        await again.close();
        assert.deepEqual(readdirSync(data).sort(), ["00000001.log", "end.json"]);
      });
    }

    const at = (statement: string, fail: () => never) => (sql: string) => {
      if (sql.startsWith(statement)) fail();
    };

    for (
      const [name, statement, errcode, system, message] of [
        ["full, in SQLite's words", "BEGIN EXCLUSIVE", 13, undefined, /its disk is full$/],
        ["full, called an I/O error", "BEGIN EXCLUSIVE", 4874, "ENOSPC", /its disk is full$/],
        ["its quota used up", "PRAGMA journal_mode", 10, "EDQUOT", /the disk quota is used up$/],
        ["read-only, and not opened", "open", 14, "EROFS", /its disk is read-only$/],
        ["read-only, in SQLite's words", "PRAGMA journal_mode", 8, undefined, /it is read-only$/],
        [
          "not permitted",
          "PRAGMA journal_mode",
          8,
          "EACCES",
          /has no permission to read and write/,
        ],
        ["out of files", "open", 14, "EMFILE", /this process has too many files open$/],
        ["broken", "BEGIN EXCLUSIVE", 266, undefined, /the disk failed: SQLite's words$/],
      ] as const
    ) {
      it(name, () =>
        refused(
          broken({
            sqlite: at(statement, () => sqliteError(errcode)),
            files: system && {
                  writeFileSync: () => systemError(system),
                  accessSync: () => systemError(system),
                } || {},
          }),
          { message },
        ));
    }

    it("no file descriptor for the log", () => {
      const { files } = loadModules();
      const openSync = (path: string, flags: string) =>
        path.endsWith(".log") ? systemError("EMFILE") : files.openSync(path, flags);
      return refused(broken({ files: { openSync } }), { message: /has too many files open$/ });
    });

    it("a full disk, and another program's file for the probe is left unchanged", () =>
      withFolder(async (folder) => {
        const data = join(folder, "jobs.db");
        mkdirSync(data);
        writeFileSync(join(data, "probe"), "dear diary");
        const modules = broken({ sqlite: at("PRAGMA journal_mode", () => sqliteError(13)) });
        await assert.rejects(openLog(data, { modules }), { message: /its disk is full$/ });
        assert.equal(readFileSync(join(data, "probe"), "utf8"), "dear diary");
      }));

    it("a folder without permission to list it", () => {
      const statSync = () => systemError("EACCES");
      return refused(broken({ files: { statSync } }), {
        message: /no permission to read and write/,
      });
    });
  },
);

describe("a server's log", { skip: noSqlite }, () => {
  it("is written without opening a file after the start", () =>
    withFolder(async (folder) => {
      const modules = loadModules();
      const files = { ...modules.files };
      const sizes = { segment: 20_000, free: 20_000 };
      const data = join(folder, "jobs.db");
      const store = await openLog(data, { sizes, modules: { ...modules, files } });
      files.openSync = files.writeFileSync = () => systemError("EMFILE");
      // Far more than fits in a segment if another one can be opened.
      for (let i = 0; i < 10; i++) await addJobs(store, 3);
      await store.close();
      const again = await openLog(data);
      assert.equal(again.jobs.takeRows("queue/q").length, 30);
      await again.close();
    }));

  it("ends the server when its old files can no longer be read", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const store = await openLog(data, { sizes: { segment: 20_000, free: 20_000 } });
      const rows = [store.arena.add("a job that stays")];
      store.add(rows[0]!, "queue/q", { at: 0, owner: "" });
      for (let i = 0; i < 10; i++) await addJobs(store, 3);
      for (let row = rows[0]! + 1; row < store.arena.rows; row++) store.remove(row);
      rmSync(join(data, "00000001.log"));
      const failed = new Promise<void>((resolve) => store.whenWork(resolve));
      await store.commit();
      await failed;
      await assert.rejects(store.commit(), { code: "ENOENT" });
      store.abandon();
    }));
});
