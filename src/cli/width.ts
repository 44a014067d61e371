/** Wide East Asian characters, and emoji that are shown as pictures by default. */
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;

/** Selects the picture of a character that is text by default, such as a heart. */
const AS_PICTURE = /\ufe0f/;

/** Graphemes of only these take no column: marks without a base, and invisible characters. */
const INVISIBLE = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u;

/** Printable ASCII: one column per character. */
const PLAIN = /^[ -~]*$/;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Returns the number of terminal columns of a text. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Shortens a text to `columns` columns, with an ellipsis at the end if it is too long. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += graphemeWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}…`;
}

/** Pads a text with spaces to `columns` columns. `side` is the side of the text. */
export function align(text: string, columns: number, side: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, columns - widthOf(text)));
  return side === "left" ? text + space : space + text;
}

/**
 * Breaks the lines of a text that are longer than `columns`. Continuation lines are indented like
 * their first line, plus `hang` spaces.
 */
export function wrap(text: string, columns: number, hang = 0): string {
  return text.split("\n").flatMap((line) => wrapLine(line, columns, hang)).join("\n");
}

function wrapLine(line: string, columns: number, hang: number): string[] {
  const indent = line.search(/[^ ]|$/) + hang;
  const lines: string[] = [];
  let rest = line;
  while (widthOf(rest) > columns) {
    const end = rest.lastIndexOf(" ", columns);
    // A word that is longer than a line stays whole.
    if (rest.slice(0, end).trim() === "") break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = " ".repeat(indent) + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) || AS_PICTURE.test(grapheme) ? 2 : 1;
}
