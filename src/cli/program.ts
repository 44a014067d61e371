import { VERSION } from "./version.ts";

const PACKAGE = "@faktory-ts/faktory";

/**
 * What the runtime has to run for another process of this command; `script` is the path of this
 * one's, `main` what Deno was told to run.
 *
 * Deno has no path for what it was told to run by `jsr:` or `npm:`: it is told the same again.
 */
export function programOf(script: string, main: string | undefined): string {
  if (main === undefined) return script;
  if (!main.startsWith("file:")) return main;
  // A file of Deno's own cache, which finds the packages that it needs only by way of its name.
  const isCached = main.includes(`/${PACKAGE}/${VERSION}/`) && !main.includes("/node_modules/");
  return isCached ? `npm:${PACKAGE}@${VERSION}` : main;
}
