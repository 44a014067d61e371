/**
 * The version of this package, repeated from `deno.json`, which a module cannot read on every
 * runtime.
 */
export const VERSION = "0.1.0";
