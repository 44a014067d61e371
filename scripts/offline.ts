/**
 * `deno task offline SUBCOMMAND ..`: runs Deno with stand-ins for JSR's packages, for example `deno
 * task offline check mod.ts src`. The stand-ins are in `tests/stand_in/`.
 */

import { deno } from "./tools.ts";

/** Maps specifiers of the sources to their stand-ins. */
export const standIns: Readonly<Record<string, string>> = {
  "@std/streams/text-line-stream": "./tests/stand_in/text_line_stream.ts",
};

const CONFIG = "deno.offline.json";

/**
 * Writes a second configuration next to `deno.json`, with the stand-ins mapped, and returns its
 * path. It still names JSR's packages, so that `deno.lock` suits both.
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
  // Only if it differs, because another step may be reading it.
  const is = await Deno.readTextFile(CONFIG).catch(() => undefined);
  if (is !== text) await Deno.writeTextFile(CONFIG, text);
  return CONFIG;
}

/** Returns the flags with which a subcommand of Deno uses the stand-ins. */
export async function offlineArgs(subcommand: string): Promise<string[]> {
  // `deno doc` takes no other configuration, but accepts the file as an import map.
  return [subcommand === "doc" ? "--import-map" : "--config", await writeOfflineConfig()];
}

const JSR_PACKAGE = "https://jsr.io/@std/streams/meta.json";
const JSR_TIMEOUT_MS = 10_000;

let reachable: Promise<boolean> | undefined;

/** Returns true if JSR can be reached. Asks once. */
export function hasJsr(): Promise<boolean> {
  return reachable ??= fetch(JSR_PACKAGE, { signal: AbortSignal.timeout(JSR_TIMEOUT_MS) })
    .then(async ({ ok, body }) => {
      await body?.cancel();
      return ok;
    }).catch(() => false);
}

/**
 * Returns the flags with which a subcommand of Deno finds JSR's packages, or stand-ins if JSR
 * cannot be reached.
 */
export async function jsrArgs(subcommand: string): Promise<string[]> {
  return await hasJsr() ? [] : await offlineArgs(subcommand);
}

if (import.meta.main) {
  const [subcommand = "help", ...rest] = Deno.args;
  const args = [subcommand, ...await offlineArgs(subcommand), ...rest];
  const { code } = await new Deno.Command(deno, { args }).spawn().status;
  Deno.exit(code);
}
