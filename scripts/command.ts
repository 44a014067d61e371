/** This Deno: where `npx` brought it, there is none on the path. */
export const deno: string = Deno.execPath();

/** Options of {@linkcode run}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** After this time it is ended, and has failed. @default 300_000 */
  readonly timeoutMs?: number;
}

/** Runs a program, its output shown as it comes; whether it exited with 0. */
export async function run(
  command: string,
  args: readonly string[],
  { timeoutMs = 300_000, ...options }: RunOptions = {},
): Promise<boolean> {
  const signal = AbortSignal.timeout(timeoutMs);
  const settings: Deno.CommandOptions = { ...options, args: [...args], stdin: "null", signal };
  const { success } = await new Deno.Command(command, settings).spawn().status;
  if (signal.aborted) console.error(`${command} was ended after ${timeoutMs} ms`);
  return success;
}

/** What a program prints; rejects with all it said when it fails. */
export async function output(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return (await outputs(command, args, options)).stdout;
}

/** What a program writes to its standard output and error; rejects with all of it when the program fails. */
export async function outputs(
  command: string,
  args: readonly string[],
  { timeoutMs = 300_000, ...options }: RunOptions = {},
): Promise<{ stdout: string; stderr: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  const settings: Deno.CommandOptions = { ...options, args: [...args], stdin: "null", signal };
  const result = await new Deno.Command(command, settings).output();
  const [stdout, stderr] = [result.stdout, result.stderr]
    .map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  if (!result.success) {
    const said = `${stdout}${stderr}`.trim();
    throw new Error(`${command} ${args.join(" ")} exited with ${result.code}: ${said}`);
  }
  return { stdout, stderr };
}
