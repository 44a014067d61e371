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
  { timeoutMs = 300_000, ...options }: RunOptions = {},
): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  const settings: Deno.CommandOptions = { ...options, args: [...args], stdin: "null", signal };
  const result = await new Deno.Command(command, settings).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!result.success) {
    const said = `${text(result.stdout)}${text(result.stderr)}`.trim();
    throw new Error(`${command} ${args.join(" ")} exited with ${result.code}: ${said}`);
  }
  return text(result.stdout);
}
