/** Longest name that is compared. */
const MAX_LENGTH = 100;

/** Returns the one of `names` that `name` probably misspells; `undefined` if none is similar. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  let nearest: string | undefined;
  // Up to a third of the name may be wrong.
  let smallestDistance = Math.ceil(name.length / 3) + 1;
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) >= smallestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < smallestDistance) [nearest, smallestDistance] = [candidate, distance];
  }
  return nearest;
}

/** Returns the number of characters to add, remove or replace (Levenshtein distance). */
export function editDistance(a: string, b: string): number {
  let rowAbove = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rowAbove[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, rowAbove[j]! + 1, row[j - 1]! + 1));
    }
    rowAbove = row;
  }
  return rowAbove[b.length]!;
}
