import { checksum } from "./checksum.ts";
import { damaged } from "./data_error.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./data_file.ts";
import type { Database } from "./sqlite_module.ts";
import type { StoredRow } from "./store.ts";

/** Rows that are read at a time. */
const PAGE = 1000;

/**
 * `sum` is a checksum of the row: SQLite itself would not see that a letter of a job has become another. Pages that become free
 * can be given back to the disk only where that was wanted before there were tables.
 */
export const SCHEMA: readonly string[] = [
  "PRAGMA auto_vacuum = INCREMENTAL",
  "BEGIN EXCLUSIVE",
  `CREATE TABLE jobs (
    row INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    at INTEGER NOT NULL,
    owner TEXT NOT NULL,
    sum INTEGER NOT NULL,
    job TEXT NOT NULL
  )`,
  `CREATE TABLE records (
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    sum INTEGER NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (name, key)
  )`,
  `PRAGMA application_id = ${APPLICATION_ID}`,
  `PRAGMA user_version = ${SCHEMA_VERSION}`,
  "COMMIT",
];

/** A row of jobs, as an array: objects take twice the time. */
type JobRow = readonly [
  row: number,
  place: string,
  at: number,
  owner: string,
  sum: number,
  job: string,
];

interface RecordRow {
  readonly name: string;
  readonly key: string;
  readonly sum: number;
  readonly json: string;
}

/**
 * Every job, in the order of the rows.
 *
 * @throws {ConfigError} `INVALID_DATA` on one that is not as it was written.
 */
export function* readJobs(database: Database, path: string): IterableIterator<StoredRow> {
  const page = database.prepare(`SELECT * FROM jobs WHERE row > ? ORDER BY row LIMIT ${PAGE}`);
  // Node has it from 22.16 on.
  const isArray = page.setReturnArrays !== undefined;
  page.setReturnArrays?.(true);
  let last = 0;
  for (let rows; (rows = page.all(last)).length > 0;) {
    for (const each of rows) {
      const [row, place, at, owner, sum, job] =
        (isArray ? each : Object.values(each)) as unknown as JobRow;
      if (checksum([row, place, at, owner, job]) !== sum) {
        throw damaged(path, `the job in row ${row} is not as it was written`);
      }
      yield { row, place, at, owner: owner === NOBODY ? "" : JSON.parse(owner), text: job };
      last = row;
    }
  }
}

/** What stands for the owner of a job that no worker has. */
const NOBODY = '""';

/**
 * The records of a table, or of all of them, in the order in which they were first set.
 *
 * @throws {ConfigError} `INVALID_DATA` on one that is not as it was written.
 */
export function* readRecords(
  database: Database,
  path: string,
  table?: string,
): IterableIterator<readonly [key: string, json: string]> {
  const rows = table === undefined
    ? database.prepare("SELECT * FROM records").all()
    : database.prepare("SELECT * FROM records WHERE name = ? ORDER BY rowid")
      .all(JSON.stringify(table));
  for (const { name, key, sum, json } of rows as unknown as RecordRow[]) {
    if (checksum([name, key, json]) !== sum) {
      throw damaged(path, `the record ${key} of ${name} is not as it was written`);
    }
    yield [JSON.parse(key), json];
  }
}
