import { VERSION } from "./version.ts";

const PACKAGE = "@faktory-ts/faktory";

/**
 * Returns what the runtime must run to start this command again. `script` is the path of this
 * process's script, `main` is Deno's main module.
 *
 * If Deno was started with a `jsr:` or `npm:` specifier, there is no path, so the same specifier is
 * used again.
 */
export function programOf(script: string, main: string | undefined): string {
  if (main === undefined) return script;
  if (!main.startsWith("file:")) return main;
  // A file in Deno's cache finds its dependencies only through its specifier.
  const isCached = main.includes(`/${PACKAGE}/${VERSION}/`) && !main.includes("/node_modules/");
  return isCached ? `npm:${PACKAGE}@${VERSION}` : main;
}
