import { ConfigError } from "../errors.ts";
import { environmentVariable, mayReadVariable } from "../internal/environment.ts";

/** What to say where a variable may not be read. */
export interface VariableAdvice {
  /** All variables that the program is going to need, to be named at once. */
  readonly names: readonly string[];
  /** What does as well, after "or". */
  readonly instead: string;
}

/**
 * Reads an environment variable. One that the program may not read may be set, and is not taken for
 * one that is not.
 *
 * @throws {ConfigError} `MISSING_PERMISSION`, in Deno.
 */
export function readVariable(name: string, { names, instead }: VariableAdvice): string | undefined {
  if (mayReadVariable(name)) return environmentVariable(name);
  const all = [...new Set([...names, name])].join();
  throw new ConfigError(
    "MISSING_PERMISSION",
    `Cannot read the variable ${name} as this program has no permission to: run it with ` +
      `--allow-env=${all}, or ${instead}`,
  );
}
