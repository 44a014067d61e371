import process from "node:process";
import * as prompts from "@clack/prompts";

/** The progress of the demo. */
export interface Progress {
  start(text: string): void;
  advance(step: number, text: string): void;
  message(text: string): void;
  stop(text: string): void;
}

/** Shows a title, and a bar of `max` steps. In a file, prints only the first and the last line. */
export function progressOf(title: string, max: number): Progress {
  if (process.stdout.isTTY === true) {
    prompts.intro(title);
    return prompts.progress({ max, style: "heavy" });
  }
  console.log(title);
  return { start() {}, advance() {}, message: console.error, stop: console.log };
}
