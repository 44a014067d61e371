/** The contents of a row of the outbox's table. */
export interface RowState {
  readonly id: number;
  readonly jid: string;
  readonly job: string;
  readonly claimedBy: string | null;
  /** By the database's clock, in ms since 1970. */
  readonly claimedUntil: number | null;
  readonly error: string | null;
}

/** The values that a statement uses. */
export interface Values {
  /** The time of the database, in ms since 1970. */
  readonly now: number;
  readonly params: readonly unknown[];
}

export type Condition = (row: RowState, values: Values, chosen: ReadonlySet<number>) => boolean;

/** A query for the ids of rows inside another statement. */
export interface Selection {
  readonly where: readonly Condition[];
  readonly isOrdered: boolean;
  /** Number of the parameter with the maximum number of rows. */
  readonly limit: number | undefined;
  /** What it does with rows that other transactions have locked. */
  readonly lock: "none" | "wait" | "skip";
}

/** A statement, as the simulated database executes it. */
export type Statement =
  | { readonly kind: "create" }
  | { readonly kind: "insert"; readonly isOrdered: boolean }
  | {
    readonly kind: "update" | "delete";
    readonly selection: Selection | undefined;
    readonly where: readonly Condition[];
    /** The new values of a row. */
    readonly set: (row: RowState, values: Values) => Partial<RowState>;
    readonly isReturning: boolean;
  };

const known = new Map<string, Statement>();

/**
 * Reads one of the statements of the outbox in the dialect of PostgreSQL or SQLite. Each condition
 * and assignment in it is read separately, so a changed statement has a changed effect.
 *
 * @throws {Error} for a statement with an unknown part.
 */
export function parseSql(sql: string): Statement {
  let statement = known.get(sql);
  if (statement === undefined) known.set(sql, statement = parse(plain(sql)));
  return statement;
}

/** Removes the differences between the dialects. */
function plain(sql: string): string {
  return sql.replaceAll(/\s+/g, " ").replaceAll(/::\w+/g, "").replaceAll("?", "$")
    .replaceAll("(julianday('now') - 2440587.5) * 86400", "now").replaceAll("now()", "now")
    .replaceAll(" * interval '1 second'", "")
    .replaceAll(/\(SELECT value FROM json_\w+\((\$\d)\)( AS value)?\)/g, "ids($1)")
    .replaceAll(/json_(?:array_elements|each)\((\$\d)\)/g, "items")
    .replaceAll("item.value", "item").replaceAll("'$.", "'")
    .replaceAll(/\b(?:row|target)\./g, "").replaceAll(/ AS (?:row|target)\b/g, "")
    .replaceAll(/\( /g, "(").replaceAll(/ \)/g, ")").replaceAll(/\((item->>'id')\)/g, "$1").trim();
}

function parse(text: string): Statement {
  if (/^CREATE TABLE IF NOT EXISTS /.test(text)) return { kind: "create" };
  const insert =
    /^INSERT INTO "\w+" \(jid, job\) SELECT \S+>>'jid', \S+>>'job' FROM items( WITH ORDINALITY AS list\(item, place\))?( ORDER BY (?:place|key))?$/
      .exec(text);
  if (insert !== null) return { kind: "insert", isOrdered: insert[2] !== undefined };
  const { rest, selection } = takeSelection(text);
  const parts =
    /^(?:UPDATE "\w+" SET (.*?)|DELETE FROM "\w+")(?: FROM (?:next|items AS item))? WHERE (.*?)( RETURNING id(?: AS id)?, job)?$/
      .exec(rest);
  if (parts === null) throw unknown(rest);
  const [, set, where, returning] = parts;
  return {
    kind: set === undefined ? "delete" : "update",
    selection,
    where: where!.split(" AND ").map(conditionOf),
    set: set === undefined ? () => ({}) : assignmentsOf(set),
    isReturning: returning !== undefined,
  };
}

/** Takes the inner query out of a statement. */
function takeSelection(text: string): { rest: string; selection: Selection | undefined } {
  const from = text.indexOf("(SELECT id FROM ");
  if (from < 0) return { rest: text, selection: undefined };
  let to = from;
  for (let depth = 0; to < text.length; to++) {
    if (text[to] === "(") depth++;
    else if (text[to] === ")" && --depth === 0) break;
  }
  const parts =
    /^SELECT id FROM "\w+"(?: WHERE (.*?))?( ORDER BY id)?(?: LIMIT \$(\d))?( FOR UPDATE)?( SKIP LOCKED)?$/
      .exec(text.slice(from + 1, to));
  if (parts === null) throw unknown(text);
  const [, where, order, limit, lock, skip] = parts;
  return {
    rest: (text.slice(0, from) + "chosen" + text.slice(to + 1))
      .replace("WITH next AS MATERIALIZED chosen ", "").replace("id IN chosen", "id = next.id"),
    selection: {
      where: where === undefined ? [] : where.split(" AND ").map(conditionOf),
      isOrdered: order !== undefined,
      limit: limit === undefined ? undefined : Number(limit),
      lock: lock === undefined ? "none" : skip === undefined ? "wait" : "skip",
    },
  };
}

function conditionOf(text: string): Condition {
  const ids = /^id IN ids\(\$(\d)\)$/.exec(text)?.[1];
  if (ids !== undefined) {
    return ({ id }, { params }) => listOf<string>(params, Number(ids)).includes(String(id));
  }
  const name = /^claimed_by = \$(\d)$/.exec(text)?.[1];
  if (name !== undefined) {
    return ({ claimedBy }, { params }) => claimedBy === params[Number(name) - 1];
  }
  switch (text) {
    case "error IS NULL":
      return ({ error }) => error === null;
    case "claimed_by IS NULL":
      return ({ claimedBy }) => claimedBy === null;
    case "(claimed_until IS NULL OR claimed_until < now)":
      return ({ claimedUntil }, { now }) => claimedUntil === null || claimedUntil < now;
    case "claimed_until IS NULL":
      return ({ claimedUntil }) => claimedUntil === null;
    case "id = next.id":
      return ({ id }, _values, chosen) => chosen.has(id);
    case "id = item->>'id'":
      return ({ id }, { params }) => itemOf(params, id) !== undefined;
  }
  throw unknown(text);
}

function assignmentsOf(text: string): (row: RowState, values: Values) => Partial<RowState> {
  const all = text.split(", ").map(assignmentOf);
  return (row, values) => Object.assign({}, ...all.map((one) => one(row, values)));
}

function assignmentOf(text: string): (row: RowState, values: Values) => Partial<RowState> {
  const [, sign, number] = /^claimed_until = now \+ (\$?)(\d+)$/.exec(text) ?? [];
  if (number !== undefined) {
    return (_row, { now, params }) => {
      const seconds = sign === "" ? Number(number) : params[Number(number) - 1] as number;
      return { claimedUntil: now + 1000 * seconds };
    };
  }
  const name = /^claimed_by = \$(\d)$/.exec(text)?.[1];
  if (name !== undefined) {
    return (_row, { params }) => ({ claimedBy: params[Number(name) - 1] as string });
  }
  switch (text) {
    case "claimed_by = NULL":
      return () => ({ claimedBy: null });
    case "claimed_until = NULL":
      return () => ({ claimedUntil: null });
    case "error = item->>'error'":
      return ({ id }, { params }) => ({ error: itemOf(params, id)!.error });
  }
  throw unknown(text);
}

/** A refused row, as the outbox passes it. */
interface RefusedItem {
  readonly id: string;
  readonly error: string;
}

function itemOf(params: readonly unknown[], id: number): RefusedItem | undefined {
  return listOf<RefusedItem>(params, 1).find((item) => item.id === String(id));
}

/** The list that was read last: a condition reads the same list for each row. */
let last: { readonly json: string; readonly list: readonly unknown[] } | undefined;

/** Returns the list that is passed as JSON in parameter `number`. */
export function listOf<T>(params: readonly unknown[], number: number): readonly T[] {
  const json = params[number - 1] as string;
  if (last?.json !== json) last = { json, list: JSON.parse(json) };
  return last.list as readonly T[];
}

function unknown(text: string): Error {
  return new Error(`The simulated database does not know this statement, or this part: ${text}`);
}
