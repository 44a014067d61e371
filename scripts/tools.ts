import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path/posix";
import process from "node:process";

/** Path of the running Deno. `npx` does not put it on the PATH. */
export const deno: string = process.execPath;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Time after which the program is killed and counts as failed, in ms. @default 300_000 */
  readonly timeoutMs?: number;
  /** Expected exit status. @default 0 */
  readonly status?: number;
}

/** Runs a program. Rejects with its whole output if it exits with another status. */
export async function outputs(
  command: string,
  args: readonly string[],
  { timeoutMs = 300_000, status = 0, ...options }: RunOptions = {},
): Promise<Record<"stdout" | "stderr", string>> {
  const signal = AbortSignal.timeout(timeoutMs);
  const settings: Deno.CommandOptions = { ...options, args: [...args], stdin: "null", signal };
  const result = await new Deno.Command(command, settings).output();
  const [stdout, stderr] = [result.stdout, result.stderr]
    .map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  if (result.code !== status) {
    const how = signal.aborted ? `was ended after ${timeoutMs} ms` : `exited with ${result.code}`;
    throw new Error(`${command} ${args.join(" ")} ${how}:\n${`${stdout}${stderr}`.trim()}`);
  }
  return { stdout, stderr };
}

/** Runs a program and returns its standard output. Rejects with its whole output if it fails. */
export async function output(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return (await outputs(command, args, options)).stdout;
}

/** Calls `use` with a temporary folder, which is removed afterwards. */
export async function inTempFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "faktory-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Returns the paths of all files in a folder and its subfolders, sorted by name, without those in
 * the `skipped` subfolders. Does not follow links.
 */
export async function filesIn(folder: string, skipped = ["node_modules"]): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) paths.push(path);
    else if (entry.isDirectory() && !skipped.includes(entry.name)) {
      paths.push(...await filesIn(path, skipped));
    }
  }
  return paths;
}

/** The parts of `deno.json` that scripts need. */
export interface Project {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Maps names of entries (`.`, `./server`) to their files. */
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

export async function readProject(): Promise<Project> {
  return JSON.parse(await Deno.readTextFile("deno.json"));
}

/** Returns a port that nothing listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Resolves when a port of this machine accepts connections. Rejects after 20 seconds. */
export async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`Nothing listens on port ${port}`);
}
