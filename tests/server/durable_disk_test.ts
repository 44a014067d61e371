import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigError } from "../../src/errors.ts";
import { Changes } from "../../src/server/store/changes.ts";
import { openSqlite } from "../../src/server/store/sqlite.ts";
import {
  type Database,
  type FileModule,
  loadModules,
  type Modules,
} from "../../src/server/store/sqlite_module.ts";
import { noSqlite, withFolder } from "./data.ts";

/** The runtime's modules, some of whose functions fail. */
function broken(faults: {
  files?: Partial<FileModule>;
  sqlite?: (sql: string) => void;
}): Modules {
  const modules = loadModules();
  class Faulty {
    readonly #database: Database;
    constructor(path: string, options = {}) {
      faults.sqlite?.(`open ${path}`);
      this.#database = new modules.sqlite.DatabaseSync(path, options);
    }
    prepare(sql: string) {
      faults.sqlite?.(sql);
      return this.#database.prepare(sql);
    }
    exec(sql: string) {
      this.#database.exec(sql);
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
function jobs(first: number, count: number): Changes {
  const changes = new Changes();
  const text = "x".repeat(10_000);
  for (let row = first; row < first + count; row++) {
    changes.add({ row, place: "queue/q", at: 0, owner: "", text });
  }
  return changes;
}

describe(
  "a start that the disk stands in the way of says what is wrong",
  { skip: noSqlite },
  () => {
    /** A start that fails with the file left as it is. */
    async function refused(modules: Modules, wanted: { code?: string; message: RegExp }) {
      await withFolder(async (folder) => {
        const data = join(folder, "jobs.db");
        const backend = openSqlite(data);
        await backend.commit(jobs(1, 3));
        backend.close();
        const before = readFileSync(data);
        assert.throws(() => openSqlite(data, { modules }), (error) => {
          assert(error instanceof ConfigError);
          assert.equal(error.code, wanted.code ?? "DATA_UNAVAILABLE");
          assert.match(error.message, wanted.message);
          assert.doesNotMatch(error.message, wanted.code === undefined ? /damaged/ : /^$/);
          return true;
        });
        assert.deepEqual(readFileSync(data), before);
        const again = openSqlite(data);
        assert.equal([...again.rows()].length, 3);
        again.close();
        assert.deepEqual(readdirSync(folder), ["jobs.db"]);
      });
    }

    const at = (statement: string, fail: () => never) => (sql: string) => {
      if (sql.startsWith(statement)) fail();
    };

    for (
      const [name, statement, errcode, system, message] of [
        ["full, in SQLite's words", "PRAGMA journal_mode", 13, undefined, /its disk is full$/],
        ["full, called an I/O error", "BEGIN EXCLUSIVE", 4874, "ENOSPC", /its disk is full$/],
        ["its quota used up", "PRAGMA locking_mode", 10, "EDQUOT", /the disk quota is used up$/],
        ["read-only, and not opened", "open", 14, "EROFS", /its disk is read-only$/],
        ["read-only, in SQLite's words", "PRAGMA journal_mode", 8, undefined, /it is read-only$/],
        ["not permitted", "PRAGMA journal_mode", 8, "EACCES", /is not permitted to read and write/],
        ["out of files", "open", 14, "EMFILE", /this process has too many files open$/],
        ["broken", "PRAGMA quick_check", 266, undefined, /a failure of the disk: SQLite's words$/],
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

    it("no place for the log's descriptor", () => {
      const { files } = loadModules();
      const openSync = (path: string, flags: string) =>
        path.endsWith("-wal") ? systemError("EMFILE") : files.openSync(path, flags);
      return refused(broken({ files: { openSync } }), { message: /has too many files open$/ });
    });

    it("full, and a file of somebody else where that is found out is left as it is", () =>
      withFolder((folder) => {
        const data = join(folder, "jobs.db");
        writeFileSync(`${data}-probe`, "dear diary");
        const modules = broken({ sqlite: at("PRAGMA journal_mode = WAL", () => sqliteError(13)) });
        assert.throws(() => openSqlite(data, { modules }), { message: /its disk is full$/ });
        assert.equal(readFileSync(`${data}-probe`, "utf8"), "dear diary");
        return Promise.resolve();
      }));

    it("a folder that may not be looked into", () => {
      const statSync = () => systemError("EACCES");
      return refused(broken({ files: { statSync } }), {
        message: /not permitted to read and write/,
      });
    });

    it("only a damaged file is said to be damaged", () =>
      refused(broken({ sqlite: at("PRAGMA quick_check", () => sqliteError(11)) }), {
        code: "INVALID_DATA",
        message: /SQLite's words$/,
      }));
  },
);

describe("a server's file", { skip: noSqlite }, () => {
  it("is written without opening anything once the server has started", () =>
    withFolder(async (folder) => {
      const modules = loadModules();
      const files = { ...modules.files };
      const backend = openSqlite(join(folder, "jobs.db"), { modules: { ...modules, files } });
      files.openSync = () => systemError("EMFILE");
      await backend.commit(jobs(1, 3));
      backend.close();
    }));

  it("shrinks once most of it is free, in small steps, and nothing of it is lost", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const timers: (() => void)[] = [];
      const after = (_ms: number, callback: () => void) => {
        timers.push(callback);
        return () => void timers.splice(timers.indexOf(callback), 1);
      };
      const backend = openSqlite(data, { after });
      const count = 3000;
      for (let first = 1; first <= count; first += 500) await backend.commit(jobs(first, 500));
      const timer = () => timers.shift()!();
      timer();
      assert.equal(timers.length, 0, "a full file is not touched");
      // All but the newest, which are at the end of the file.
      const gone = new Changes();
      for (let row = 1; row <= count - 10; row++) gone.remove(row);
      await backend.commit(gone);
      let size = statSync(data).size;
      assert(size > 30_000_000, String(size));
      let steps = 0;
      while (timers.length > 0) {
        timer();
        steps++;
        const now = statSync(data).size;
        assert(now >= size - 2.2e6 && now <= size, `${size} ${now}`);
        size = now;
      }
      assert(steps > 10 && size < 2_500_000, `${steps} ${size}`);
      await backend.commit(jobs(count + 1, 1));
      assert.equal(timers.length, 1);
      backend.close();
      assert.equal(timers.length, 0);
      const again = openSqlite(data, { after });
      assert.equal([...again.rows()].length, 11);
      again.close();
    }));
});
