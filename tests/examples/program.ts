import { envOf, type Runtime } from "../../scripts/gate/npm.ts";
import { Program as Running } from "../../scripts/program.ts";

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
export class Program extends Running {
  /** Starts `file`, such as `web/server.ts`. */
  constructor({ runtime, folder }: Place, file: string, { args = [], env = {} }: ProgramOptions) {
    const [example = "", module = ""] = file.split("/");
    const tsx = runtime.is === "node" ? TSX : [];
    super([...runtime.command, ...tsx, module, ...args], {
      ...{ cwd: `${folder}/${example}`, env: { ...envOf(runtime), ...env } },
      timeoutMs: LIMIT_MS,
    });
  }
}
