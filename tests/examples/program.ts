import { program, type Runtime } from "../../scripts/gate/npm.ts";

/** Time limit of an example, in ms. */
const LIMIT_MS = 60_000;

/** Flags with which Node 20 reads TypeScript. */
const TSX = ["--import", "tsx"];

/** Where an example runs, and by what. */
export interface Place {
  readonly runtime: Runtime;
  /** The folder that the examples were copied into, where the package is installed. */
  readonly folder: string;
}

/** Options of {@linkcode Program}. */
export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A running program of an example. */
export class Program implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #said: Promise<void>[];
  #output = "";
  #isOver = false;
  #heard = () => {};

  /** Starts `file`, such as `web/server.ts`. */
  constructor({ runtime, folder }: Place, file: string, { args = [], env = {} }: ProgramOptions) {
    this.#name = `${file} under ${runtime.name}`;
    const [example = "", module = ""] = file.split("/");
    const tsx = runtime.is === "node" ? TSX : [];
    const { command, ...all } = program(runtime, [...tsx, module, ...args]);
    this.#child = new Deno.Command(command, {
      ...{
        args: all.args,
        env: { ...all.env, ...env },
        cwd: `${folder}/${example}`,
        signal: AbortSignal.timeout(LIMIT_MS),
      },
      ...{ stdin: "null", stdout: "piped", stderr: "piped" },
    }).spawn();
    this.#said = [this.#child.stdout, this.#child.stderr].map((stream) => this.#listen(stream));
    void Promise.all(this.#said).then(() => {
      this.#isOver = true;
      this.#heard();
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
        throw new Error(`${this.#name} ended and did not say ${pattern}: ${this.#output}`);
      }
      await new Promise<void>((resolve) => this.#heard = resolve);
    }
  }

  /** Waits for its end, and gives its lines. Rejects if it fails. */
  async end(): Promise<string[]> {
    const { code } = await this.#child.status;
    await Promise.all(this.#said);
    if (code !== 0) throw new Error(`${this.#name} exited with ${code}: ${this.#output}`);
    return this.lines;
  }

  /** Asks it to end, as a terminal or a container does, and waits for that. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<string[]> {
    this.#child.kill(signal);
    return this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await Promise.all(this.#said);
  }

  async #listen(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.#output += decoder.decode(bytes, { stream: true });
      this.#heard();
    }
  }
}
