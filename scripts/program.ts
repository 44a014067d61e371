import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { runtime } from "../src/internal/environment.ts";

/** A runtime that runs programs of this repository. */
export type RuntimeName = "deno" | "bun" | "node";

/** Returns the command that runs a module of this repository, by default in this runtime. */
export function commandOf(module: string, name?: RuntimeName): string[] {
  const own = runtime();
  const wanted = name ?? own;
  const path = wanted === own ? process.execPath : undefined;
  if (wanted === "deno") return [path ?? "deno", "run", "-A", "--no-check", module];
  if (wanted === "bun") return [path ?? "node_modules/.bin/bun", module];
  return [path ?? "node", "--import", "tsx", module];
}

export interface ProgramOptions {
  readonly cwd?: string;
  /** Variables that differ from this program's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Time after which the program is killed, in ms. @default never */
  readonly timeoutMs?: number;
}

/** A running program whose output is read. Its standard input ends with this process. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #name: string;
  readonly #closed: Promise<void>;
  #output = "";
  #isOver = false;
  #heard = () => {};

  constructor(command: readonly string[], { cwd, env = {}, timeoutMs }: ProgramOptions = {}) {
    const [path, ...args] = command;
    this.#name = command.join(" ");
    this.child = spawn(path!, args, {
      ...{ cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] },
      ...{ timeout: timeoutMs, killSignal: "SIGKILL" },
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.#output += text;
        this.#heard();
      });
    }
    this.#closed = new Promise((resolve) => {
      this.child.once("error", (error) => this.#output += error).once("close", () => {
        this.#isOver = true;
        this.#heard();
        resolve();
      });
    });
  }

  /** All lines that it has printed. */
  get lines(): string[] {
    return this.#output.split("\n").slice(0, -1);
  }

  /** Resolves with the first line that matches. Rejects if the program ends before. */
  async line(pattern: RegExp): Promise<string> {
    while (true) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#isOver) {
        throw new Error(`${this.#name} ended and did not print ${pattern}: ${this.#output}`);
      }
      await new Promise<void>((resolve) => this.#heard = resolve);
    }
  }

  /** Waits for its end, and returns its lines. Rejects if it fails. */
  async end(): Promise<string[]> {
    await this.#closed;
    const { exitCode, signalCode } = this.child;
    if (exitCode === 0) return this.lines;
    throw new Error(`${this.#name} exited with ${exitCode ?? signalCode}: ${this.#output}`);
  }

  /** Sends a signal that asks it to end, and waits for its end. Rejects if it fails. */
  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<string[]> {
    this.#send(signal);
    return this.end();
  }

  /** Kills it, and waits for its end. */
  async kill(): Promise<void> {
    this.#send("SIGKILL");
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  /** Deno's `child.kill` sends only one signal, and the program then has no exit code. */
  #send(signal: NodeJS.Signals): void {
    const { pid, exitCode } = this.child;
    if (this.#isOver || exitCode !== null || pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}
