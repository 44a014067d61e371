/**
 * The version of this package, the same as in `deno.json`: a module cannot read that one wherever
 * it runs.
 */
export const VERSION = "0.1.0";
