import type { WorldResult } from "../../tests/simulation/result.ts";
import { deno } from "../tools.ts";

/** The worlds that a process simulates. */
export interface WorldProcessOptions {
  /** Folder of the sources. @default that of this program */
  readonly root?: string | undefined;
  readonly seed: number;
  readonly jobs: number;
  readonly perWorld: number;
  readonly minutes?: number | undefined;
  readonly storage?: string | undefined;
  /** Longest time without a result, by the clock of this machine, in milliseconds. */
  readonly hungMs: number;
}

/** The end of a process. */
export interface WorldProcessEnd {
  /** Exit code; `undefined` if the process hung and was killed. */
  readonly code: number | undefined;
  readonly stderr: string;
}

/** A process that simulates worlds. */
export class WorldProcess {
  readonly ended: Promise<WorldProcessEnd>;
  readonly #child: Deno.ChildProcess;
  readonly #hungMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isHung = false;

  constructor(
    { root = ".", seed, jobs, perWorld, minutes, storage, hungMs }: WorldProcessOptions,
  ) {
    this.#hungMs = hungMs;
    const numbers = { seed, jobs, "per-world": perWorld, minutes, storage };
    const flags = Object.entries(numbers)
      .flatMap(([name, value]) => value === undefined ? [] : [`--${name}`, String(value)]);
    this.#child = new Deno.Command(deno, {
      args: ["run", "-A", "--no-check", "scripts/simulate/main.ts", "--json", ...flags],
      cwd: root,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.ended = this.#end();
  }

  /** Yields the result of each world when it has ended. */
  async *results(): AsyncGenerator<WorldResult> {
    let rest = "";
    this.#watch();
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#watch();
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith("{")) yield JSON.parse(line);
    }
    clearTimeout(this.#timer);
  }

  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // The process has already ended.
    }
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isHung = true;
      this.kill();
    }, this.#hungMs);
  }

  async #end(): Promise<WorldProcessEnd> {
    const [stderr, { code }] = await Promise.all([
      new Response(this.#child.stderr).text(),
      this.#child.status,
    ]);
    return { code: this.#isHung ? undefined : code, stderr };
  }
}
