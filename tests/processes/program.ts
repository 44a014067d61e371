import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/internal/environment.ts";

/**
 * Arguments with which this runtime runs a TypeScript file. Inside `deno task`, plain command names
 * would run Deno.
 */
const runtimeArgs: Readonly<Record<string, readonly string[]>> = {
  deno: ["run", "-A"],
  node: ["--import", "tsx"],
};

/** Returns the path of a program in `tests/fixtures/supervisor`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/supervisor/${name}`, import.meta.url));
}

/** The reason why programs and signals cannot be tested here. False if they can. */
export const skipPrograms: string | false = process.platform === "win32"
  ? "Windows has no such signals"
  : !existsSync(fixture("worker.ts")) && "the programs to run are not part of this build";

/**
 * A program in this runtime, with its own process group, and its output including that of its
 * processes.
 */
export class Program implements AsyncDisposable {
  /** Resolves with the exit status when the program has ended. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Resolves when the program and all processes that share its output have ended. */
  readonly silent: Promise<void>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  #isSilent = false;

  /**
   * `program` is a file, or the name of one in `tests/fixtures/supervisor`. `stdin` keeps the input
   * open, for `write`.
   */
  constructor(
    program: string | URL,
    args: readonly string[],
    env: Record<string, string> = {},
    stdin: "ignore" | "pipe" = "ignore",
  ) {
    const path = typeof program === "string" ? fixture(program) : fileURLToPath(program);
    const all = [...runtimeArgs[runtime() ?? ""] ?? [], path, ...args];
    const child = this.#child = spawn(process.execPath, all, {
      detached: true,
      stdio: [stdin, "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.ended = new Promise((resolve) =>
      child.once("exit", (code, signal) => resolve({ code, signal }))
    );
    this.silent = new Promise((resolve) => child.once("close", () => resolve()));
    void this.silent.then(() => {
      this.#isSilent = true;
      this.#wake();
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", (line) => {
        // Removes the times of `faktory work`.
        this.#lines.push(line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ""));
        this.#wake();
      });
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The output so far. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Resolves with the groups of the first `count` matching lines. */
  async lines(pattern: RegExp, count: number): Promise<string[][]> {
    for (;;) {
      const found = this.#lines.flatMap((line) => {
        const match = pattern.exec(line);
        return match === null ? [] : [match.slice(1)];
      });
      if (found.length >= count) return found.slice(0, count);
      if (this.#isSilent) throw new Error(`No ${count} lines like ${pattern} in:\n${this.output}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves with the groups of the first matching line. */
  async line(pattern: RegExp): Promise<string[]> {
    const [groups = []] = await this.lines(pattern, 1);
    return groups;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  send(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Sends a signal to the whole group, like Ctrl+C in a terminal. */
  sendToGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A failed test must leave nothing running. Workers of a killed supervisor end by themselves.
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.send("SIGKILL");
    await this.ended;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
