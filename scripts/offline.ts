/**
 * `deno task offline SUBCOMMAND ..`: Deno with stand-ins for JSR's packages, such as `deno task
 * offline check mod.ts src`. They are in `tests/stand_in/`.
 */

import { deno } from "./tools.ts";

/** From what the sources import to what takes its place. */
export const standIns: Readonly<Record<string, string>> = {
  "@std/streams/text-line-stream": "./tests/stand_in/text_line_stream.ts",
};

const CONFIG = "deno.offline.json";

/**
 * Writes the second configuration: `deno.json` with the stand-ins mapped in, beside it, as its
 * paths are relative. Its path. JSR's packages stay named in it, so that `deno.lock` suits both.
 */
export async function writeOfflineConfig(): Promise<string> {
  const config = JSON.parse(await Deno.readTextFile("deno.json"));
  const { imports, publish } = config;
  const offline = {
    ...config,
    imports: { ...imports, ...standIns },
    publish: { ...publish, include: [...publish.include, ...Object.values(standIns)] },
  };
  const text = `${JSON.stringify(offline, null, 2)}\n`;
  // Not while it is as it should be: another step may be reading it.
  const is = await Deno.readTextFile(CONFIG).catch(() => undefined);
  if (is !== text) await Deno.writeTextFile(CONFIG, text);
  return CONFIG;
}

/** The flags that make a subcommand of Deno use the stand-ins. */
export async function offlineArgs(subcommand: string): Promise<string[]> {
  // `deno doc` heeds no other configuration, but takes it for the import map that it holds as well.
  return [subcommand === "doc" ? "--import-map" : "--config", await writeOfflineConfig()];
}

const JSR_PACKAGE = "https://jsr.io/@std/streams/meta.json";
const JSR_TIMEOUT_MS = 10_000;

let reachable: Promise<boolean> | undefined;

/** Reports whether JSR answers. Asks once. */
export function hasJsr(): Promise<boolean> {
  return reachable ??= ask();
}

/**
 * Flags with which a subcommand of Deno finds JSR's packages, or stand-ins if JSR does not answer.
 */
export async function jsrArgs(subcommand: string): Promise<string[]> {
  return await hasJsr() ? [] : await offlineArgs(subcommand);
}

async function ask(): Promise<boolean> {
  try {
    const response = await fetch(JSR_PACKAGE, { signal: AbortSignal.timeout(JSR_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const [subcommand = "help", ...rest] = Deno.args;
  const args = [subcommand, ...await offlineArgs(subcommand), ...rest];
  const { code } = await new Deno.Command(deno, { args }).spawn().status;
  Deno.exit(code);
}
