import { ConfigError } from "../errors.ts";
import { nearestName } from "./nearest.ts";
import { printable, showValue } from "./show.ts";

/**
 * The names of all options of a type. `{ url: true } satisfies OptionNames<Options>` does not
 * compile if a name is missing or unknown.
 */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Checks that options are an object with known names, as programs in JavaScript have no compiler
 * for that. An option that is `undefined` counts as absent. `owner` has the options, for example
 * `Producer.connect` or `the option tls`; `prefix` is put before their names, such as `tls.`.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkOptionNames(
  options: unknown,
  names: Readonly<Record<string, true>>,
  owner: string,
  prefix = "",
): void {
  if (typeof options !== "object" || options === null || isOtherKind(options)) {
    // The value is not shown, because a URL may contain a password.
    const kind = typeof options === "string" ? "a string" : showValue(options);
    const hint = "url" in names && (typeof options === "string" || kind === "a URL")
      ? ": did you mean { url }?"
      : `: got ${kind}`;
    throw new ConfigError(
      "INVALID_OPTION",
      `Cannot use the options of ${owner} as they are not an object${hint}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(names, name)) continue;
    throw unknownOption(name, Object.keys(names), owner, prefix);
  }
}

function isOtherKind(value: object): boolean {
  return Array.isArray(value) || value instanceof URL || value instanceof Map;
}

function unknownOption(
  name: string,
  known: readonly string[],
  owner: string,
  prefix: string,
): ConfigError {
  const meant = nearestName(name, known);
  const hint = meant === undefined
    ? `: the options are ${known.map((one) => prefix + one).join(", ")}`
    : `: did you mean ${prefix}${meant}?`;
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option ${prefix}${
      printable(name.slice(0, 100))
    } as ${owner} has no such option${hint}`,
  );
}

/**
 * Returns the error for a constructor that callers must not use. `instead` is the call that they
 * should use.
 */
export function refuseConstruction(owner: string, instead: string): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot create a ${owner} with its constructor: use await ${instead}`,
  );
}
