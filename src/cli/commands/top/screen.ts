import type { CliIo } from "../../io.ts";
import type { Output } from "../../output.ts";
import type { Line, Room } from "./view.ts";

const ESC = "\u001b[";
/**
 * The terminal's second screen, without a cursor; what was on the first one is there again
 * afterwards.
 */
const ENTER = `${ESC}?1049h${ESC}?25l`;
const LEAVE = `${ESC}?25h${ESC}?1049l`;

/** Where it is shown. */
export interface Screen {
  /** Asked before each time, as terminals change their size. */
  readonly room: Room;
  /** Lines that take the place of the last ones. */
  show(lines: readonly Line[]): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

/** Whether lines can be drawn over on it. */
export function canRedraw({ stdout, env }: CliIo): boolean {
  return stdout.isTerminal && env["TERM"] !== "dumb";
}

/** A terminal that is drawn over, and whose keys are heard; `quit` is called on q and Ctrl+C. */
export function openTerminal(io: CliIo, output: Output, quit: () => void): Screen {
  const { stdout } = io;
  // Ctrl+C comes as a key, too, where each is heard by itself.
  const forget = io.keys?.((key) => {
    if (key === "q" || key === "Q" || key === "\u0003") quit();
  });
  stdout.write(ENTER);
  return {
    get room() {
      // A line that fills the last column leaves the cursor on it, and what is behind it could not
      // be wiped.
      return { columns: stdout.columns && stdout.columns - 1, rows: stdout.rows };
    },
    show(lines) {
      const drawn = lines.map(({ text, isStrong }) => {
        return (isStrong === true ? output.strong(text) : text) + `${ESC}K`;
      });
      // Written at once and over the old lines, so that nothing flickers. Behind the last line
      // nothing scrolls.
      stdout.write(`${ESC}H${drawn.join("\r\n")}${ESC}J`);
    },
    close() {
      stdout.write(LEAVE);
      forget?.();
    },
  };
}

/** Text of which nothing is drawn over: a block each time. */
export function openBlocks({ stdout }: CliIo): Screen {
  let isFirst = true;
  return {
    room: { columns: stdout.isTerminal ? stdout.columns : undefined },
    show(lines) {
      stdout.write(`${isFirst ? "" : "\n"}${lines.map(({ text }) => `${text}\n`).join("")}`);
      isFirst = false;
    },
    close() {},
  };
}
