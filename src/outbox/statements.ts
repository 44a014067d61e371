/** A kind of database. */
export type Dialect = "postgres" | "sqlite";

/**
 * The statements of the outbox. Lists are passed as one JSON text, which every driver passes on
 * unchanged. Times are those of the database, so the clocks of relays do not matter.
 */
export interface Statements {
  readonly createTable: string;
  /** Parameters: `[{jid, job}]`. */
  readonly insert: string;
  /**
   * Claims rows for a relay. Parameters: its name, seconds, maximum number of rows. Returns `id`
   * and `job`.
   */
  readonly claim: string;
  /** Extends the claim of a relay. Parameters: its name, seconds, `[id]`. */
  readonly extend: string;
  /** Releases rows that a relay has claimed. Parameters: its name, `[id]`. */
  readonly release: string;
  /** Parameters: `[id]`. */
  readonly remove: string;
  /** Marks rows that cannot be enqueued with the reason. Parameters: `[{id, error}]`. */
  readonly reject: string;
}

/** Returns the statements for a table with a valid name. */
export function statements(dialect: Dialect, table: string): Statements {
  return dialect === "postgres" ? postgres(quoted(table)) : sqlite(quoted(table));
}

/** Quotes a name, which may contain a schema. */
function quoted(table: string): string {
  return table.split(".").map((name) => `"${name}"`).join(".");
}

function postgres(table: string): Statements {
  // With the cast to text, all drivers send the parameter unchanged.
  const ids = (param: string) =>
    `(SELECT value::bigint FROM json_array_elements_text(${param}::text::json) AS value)`;
  return {
    createTable: `CREATE TABLE IF NOT EXISTS ${table} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  jid text NOT NULL,
  job text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  claimed_by text,
  claimed_until timestamptz,
  error text
)`,
    insert: `INSERT INTO ${table} (jid, job)
SELECT item->>'jid', item->>'job' FROM json_array_elements($1::text::json) WITH ORDINALITY AS list(item, place)
ORDER BY place`,
    // In a CTE, because within IN the planner may run it once per row, and then take more than the
    // limit.
    claim: `WITH next AS MATERIALIZED (
  SELECT id FROM ${table} WHERE error IS NULL AND (claimed_until IS NULL OR claimed_until < now())
  ORDER BY id LIMIT $3::int FOR UPDATE SKIP LOCKED
)
UPDATE ${table} AS row SET claimed_by = $1::text, claimed_until = now() + $2::int * interval '1 second'
FROM next WHERE row.id = next.id RETURNING row.id::text AS id, row.job`,
    extend: `UPDATE ${table} SET claimed_until = now() + $2::int * interval '1 second'
WHERE claimed_by = $1::text AND id IN ${ids("$3")}`,
    release: `UPDATE ${table} SET claimed_by = NULL, claimed_until = NULL
WHERE claimed_by = $1::text AND id IN ${ids("$2")}`,
    remove: `DELETE FROM ${table} WHERE id IN ${ids("$1")}`,
    reject:
      `UPDATE ${table} AS row SET error = item->>'error', claimed_by = NULL, claimed_until = NULL
FROM json_array_elements($1::text::json) AS item WHERE row.id = (item->>'id')::bigint`,
  };
}

function sqlite(table: string): Statements {
  const now = "(julianday('now') - 2440587.5) * 86400";
  const ids = (param: string) => `(SELECT value FROM json_each(${param}))`;
  return {
    createTable: `CREATE TABLE IF NOT EXISTS ${table} (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  jid TEXT NOT NULL,
  job TEXT NOT NULL,
  created_at REAL NOT NULL DEFAULT (${now}),
  claimed_by TEXT,
  claimed_until REAL,
  error TEXT
)`,
    insert: `INSERT INTO ${table} (jid, job)
SELECT value->>'$.jid', value->>'$.job' FROM json_each(?1) ORDER BY key`,
    claim: `UPDATE ${table} SET claimed_by = ?1, claimed_until = ${now} + ?2
WHERE id IN (
  SELECT id FROM ${table} WHERE error IS NULL AND (claimed_until IS NULL OR claimed_until < ${now})
  ORDER BY id LIMIT ?3
)
RETURNING id, job`,
    extend: `UPDATE ${table} SET claimed_until = ${now} + ?2 WHERE claimed_by = ?1 AND id IN ${
      ids("?3")
    }`,
    release: `UPDATE ${table} SET claimed_by = NULL, claimed_until = NULL
WHERE claimed_by = ?1 AND id IN ${ids("?2")}`,
    remove: `DELETE FROM ${table} WHERE id IN ${ids("?1")}`,
    reject:
      `UPDATE ${table} AS target SET error = item.value->>'$.error', claimed_by = NULL, claimed_until = NULL
FROM json_each(?1) AS item WHERE target.id = item.value->>'$.id'`,
  };
}
