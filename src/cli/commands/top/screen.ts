import type { CliIo } from "../../io.ts";
import type { Output } from "../../output.ts";
import type { Line, ScreenSize } from "./view.ts";

const ESC = "\u001b[";
/** Switches to the terminal's alternate screen and hides the cursor, and back. */
const ENTER = `${ESC}?1049h${ESC}?25l`;
const LEAVE = `${ESC}?25h${ESC}?1049l`;

/** The output of `faktory top`. */
export interface Screen {
  /** Read before each update, as terminals change their size. */
  readonly size: ScreenSize;
  /** A hint on the keys, if any work. */
  readonly hint?: string | undefined;
  /** Replaces the previous lines. */
  show(lines: readonly Line[]): void;
  /** Restores the terminal. */
  close(): void;
}

/** Returns true if lines on this output can be overwritten. */
export function canRedraw({ stdout, env }: CliIo): boolean {
  return stdout.isTerminal && env["TERM"] !== "dumb";
}

/** Opens a terminal that is redrawn at each update. Calls `quit` on q and Ctrl+C. */
export function openTerminal(io: CliIo, output: Output, quit: () => void): Screen {
  const { stdout } = io;
  // In raw mode, Ctrl+C arrives as a key.
  const removeListener = io.onKey?.((key) => {
    if (key === "q" || key === "Q" || key === "\u0003") quit();
  });
  stdout.write(ENTER);
  return {
    hint: io.onKey === undefined ? "Ctrl+C to quit" : "q to quit",
    get size() {
      // Leaves the last column free: a line that fills it would keep the cursor there, and the rest
      // could not be erased.
      return { columns: stdout.columns && stdout.columns - 1, rows: stdout.rows };
    },
    show(lines) {
      const drawn = lines.map(({ text, isStrong }) => {
        return (isStrong === true ? output.strong(text) : text) + `${ESC}K`;
      });
      // One write over the old lines avoids flicker. No line break after the last line, so that
      // nothing scrolls.
      stdout.write(`${ESC}H${drawn.join("\r\n")}${ESC}J`);
    },
    close() {
      stdout.write(LEAVE);
      removeListener?.();
    },
  };
}

/** Opens an output that cannot be redrawn: each update is a block of text. */
export function openBlocks({ stdout }: CliIo): Screen {
  let isFirst = true;
  return {
    size: { columns: stdout.isTerminal ? stdout.columns : undefined },
    show(lines) {
      stdout.write(`${isFirst ? "" : "\n"}${lines.map(({ text }) => `${text}\n`).join("")}`);
      isFirst = false;
    },
    close() {},
  };
}
