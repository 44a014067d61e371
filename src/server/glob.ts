/** Whether `text` matches a glob as Redis understands it: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant itself. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const expression = new RegExp(`^${expressionOf(pattern)}$`, "s");
  return (text) => expression.test(text);
}

function expressionOf(pattern: string): string {
  let expression = "";
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === "*") {
      while (pattern[i + 1] === "*") i++;
      expression += ".*";
    } else if (character === "?") {
      expression += ".";
    } else if (character === "[") {
      const [text, end] = setOf(pattern, i + 1);
      expression += text;
      i = end;
    } else {
      if (character === "\\" && i + 1 < pattern.length) i++;
      expression += escaped(pattern[i]!);
    }
  }
  return expression;
}

/** A set from behind its `[`, and where its `]` is; one that is not closed ends with the pattern. */
function setOf(pattern: string, start: number): [expression: string, end: number] {
  const negated = pattern[start] === "^";
  let members = "";
  let i = negated ? start + 1 : start;
  for (; i < pattern.length && pattern[i] !== "]"; i++) {
    if (pattern[i] === "\\" && i + 1 < pattern.length) {
      members += escaped(pattern[++i]!);
    } else if (pattern[i + 1] === "-" && i + 2 < pattern.length) {
      const ends = [pattern[i]!, pattern[i + 2]!].sort();
      members += ends.map(escaped).join("-");
      i += 2;
    } else {
      members += escaped(pattern[i]!);
    }
  }
  // JavaScript's [] matches nothing and its [^] anything, which is what Redis makes of them.
  return [`[${negated ? "^" : ""}${members}]`, i];
}

function escaped(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}
