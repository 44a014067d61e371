import process from "node:process";
import * as prompts from "@clack/prompts";

/** Tells how far it is, on standard error, so that the tables can be piped on. */
export interface Progress {
  /** What comes next, after a step was done. */
  next(text: string): void;
  stop(text: string): void;
}

/** A bar where somebody watches, a line a step where nobody does. */
export function progressOf(steps: number): Progress {
  if (!process.stderr.isTTY) {
    let step = 0;
    return {
      next: (text) => console.error(`${++step}/${steps}  ${text}`),
      stop: (text) => console.error(text),
    };
  }
  const bar = prompts.progress({ max: steps, style: "heavy", output: process.stderr });
  let isFirst = true;
  bar.start("starting");
  return {
    next(text) {
      bar.advance(isFirst ? 0 : 1, text);
      isFirst = false;
    },
    stop(text) {
      bar.advance(1);
      bar.stop(text);
    },
  };
}
