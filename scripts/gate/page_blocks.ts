/** A block of code of a page. */
export interface PageBlock {
  /** The line that it begins on. */
  readonly line: number;
  readonly code: string;
  /** A program that runs until a signal stops it. */
  readonly isWorker: boolean;
}

/**
 * The TypeScript blocks of a Markdown page that can be run, in their order: those that are not
 * marked with `ignore`. Those that run until a signal stops them are marked with `worker`.
 */
export function pageBlocks(page: string): PageBlock[] {
  const blocks: PageBlock[] = [];
  let line = 1;
  for (const [index, part] of page.split(/^```/m).entries()) {
    // Every second part is between two fences.
    const [info = "", ...code] = part.split("\n");
    const isRun = index % 2 === 1 && /^tsx?\b/.test(info) && !info.includes("ignore");
    const isWorker = /\bworker\b/.test(info);
    if (isRun) blocks.push({ line, code: code.join("\n"), isWorker });
    line += code.length;
  }
  return blocks;
}
