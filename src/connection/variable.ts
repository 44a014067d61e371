import { ConfigError } from "../errors.ts";
import { environmentVariable, mayReadVariable } from "../internal/environment.ts";

/** Texts for the error if the program may not read a variable. */
export interface VariableAdvice {
  /** All variables that the program will need, to name them at once. */
  readonly names: readonly string[];
  /** An alternative, to follow "or". */
  readonly instead: string;
}

/**
 * Reads an environment variable. Without permission to read it this throws, because the variable
 * may be set.
 *
 * @throws {ConfigError} `MISSING_PERMISSION`, in Deno.
 */
export function readVariable(name: string, { names, instead }: VariableAdvice): string | undefined {
  if (mayReadVariable(name)) return environmentVariable(name);
  const all = [...new Set([...names, name])].join();
  throw new ConfigError(
    "MISSING_PERMISSION",
    `Cannot read the variable ${name} as this program has no permission for it: run it with ` +
      `--allow-env=${all}, or ${instead}`,
  );
}
