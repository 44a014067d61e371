/** A small job's arguments. */
const SMALL: readonly unknown[] = [1, "two"];

/** Arguments of about so many bytes as JSON: rows of a table, as a job may well carry them. */
export function argsOf(bytes: number | undefined): readonly unknown[] {
  if (bytes === undefined) return SMALL;
  const rows: unknown[] = [];
  let size = '[{"rows":[]}]'.length;
  while (size < bytes) {
    const id = rows.length;
    const row = { id, name: `customer ${id}`, isActive: id % 2 === 0, balance: id * 1.25 };
    rows.push(row);
    size += JSON.stringify(row).length + 1;
  }
  return [{ rows }];
}
