import process from "node:process";

/** Path of the running Deno. `npx` does not put it on the PATH. */
export const deno: string = process.execPath;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Time after which the program is killed and counts as failed, in ms. @default 300_000 */
  readonly timeoutMs?: number;
}

export interface Outputs {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program. Rejects with its whole output if it fails. */
export async function outputs(
  command: string,
  args: readonly string[],
  { timeoutMs = 300_000, ...options }: RunOptions = {},
): Promise<Outputs> {
  const signal = AbortSignal.timeout(timeoutMs);
  const settings: Deno.CommandOptions = { ...options, args: [...args], stdin: "null", signal };
  const result = await new Deno.Command(command, settings).output();
  const [stdout, stderr] = [result.stdout, result.stderr]
    .map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  if (!result.success) {
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
  const folder = await Deno.makeTempDir();
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Yields the paths of all files in a folder and its subfolders, sorted, without installed packages.
 */
export async function* filesIn(folder: string): AsyncIterable<string> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  for (const { name, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${folder}/${name}`;
    if (isDirectory && name !== "node_modules") yield* filesIn(path);
    else if (!isDirectory) yield path;
  }
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
