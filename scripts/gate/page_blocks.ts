/** A block of code of a page. */
export interface PageBlock {
  /** The line on which it begins. */
  readonly line: number;
  readonly code: string;
  /** A program that runs until a signal stops it. */
  readonly isWorker: boolean;
  /**
   * Lines that the page says it prints: comments after a `console.log`, and a following block
   * without a language. ` ..` at the end stands for any text.
   */
  readonly prints: readonly string[];
}

/**
 * Returns the TypeScript blocks of a Markdown page in order, except those marked with `ignore`.
 * Blocks that run until a signal stops them are marked with `worker`.
 */
export function pageBlocks(page: string): PageBlock[] {
  const blocks: PageBlock[] = [];
  // Every second part is between two fences.
  const parts = page.split(/^```/m);
  let line = 1;
  for (const [index, part] of parts.entries()) {
    const [info = "", ...code] = part.split("\n");
    const isRun = index % 2 === 1 && /^tsx?\b/.test(info) && !info.includes("ignore");
    if (isRun) {
      const text = code.join("\n");
      const isWorker = /\bworker\b/.test(info);
      const follows = parts[index + 1]?.trim() === "" ? parts[index + 2] ?? "" : "";
      const output = follows.startsWith("\n") && !/^\$ /m.test(follows) ? follows : "";
      const comments = Array.from(
        text.matchAll(/\bconsole\.log\(.*\); \/\/ (.+)$/gm),
        ([, s]) => s!,
      );
      const prints = [...comments, ...output.split("\n")].filter((said) => said !== "");
      blocks.push({ line, code: text, isWorker, prints });
    }
    line += code.length;
  }
  return blocks;
}

/** Returns the lines that a block should have printed and did not. */
export function unprinted({ prints }: PageBlock, output: string): string[] {
  const lines = output.split("\n");
  return prints.filter((said) =>
    said.endsWith(" ..")
      ? !lines.some((line) => line.startsWith(said.slice(0, -" ..".length)))
      : !lines.includes(said)
  );
}
