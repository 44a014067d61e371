import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";

/** A wrong command line. The message is one line. */
export class UsageError extends Error {}

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** Description of a command line. */
export interface Usage<F extends Flags> {
  /** Printed by `--help`. */
  readonly help: string;
  readonly flags?: F;
  /** Number of arguments beside the flags. @default 0 */
  readonly maxArguments?: number;
}

/** Describes flags that take a text each. */
export function textFlags<Name extends string>(...names: readonly Name[]) {
  const flags = names.map((name) => [name, { type: "string" }]);
  return Object.fromEntries(flags) as Record<Name, { readonly type: "string" }>;
}

/** Reads a command line by the rules of `node:util`. */
export function readArgs<const F extends Flags>(
  args: readonly string[],
  { flags, maxArguments = 0 }: Omit<Usage<F>, "help">,
) {
  const options = { ...flags as F, help: { type: "boolean", short: "h" } } as const;
  try {
    const all = parseArgs({ args: [...args], options, allowPositionals: maxArguments > 0 });
    const extra = all.positionals[maxArguments];
    if (extra !== undefined) throw new Error(`Unexpected argument '${extra}'`);
    return all;
  } catch (error) {
    // The first sentence is enough: the rest is advice on quoting.
    const [message] = (error as Error).message.split(/\.? To specify |\. This command|\n/);
    throw new UsageError(`${message}: see --help`);
  }
}

/** Returns an integer of 1 or more. */
export function integer(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`Cannot use ${name} as it is not an integer of 1 or more: got "${value}"`);
}

/** Returns the path of a file or a folder. */
export function path(name: string, value: string | undefined): string | undefined {
  if (value === "") throw new UsageError(`Cannot use ${name} as it is empty`);
  return value;
}

/**
 * Returns names from a comma-separated list, in the order of `known`; all of them if none are
 * given.
 */
export function list<Name extends string>(
  name: string,
  value: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (value === undefined) return known;
  const given = value.split(",").filter((part) => part !== "");
  const unknown = given.find((one) => !known.some((name) => name === one));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot use ${name} as ${JSON.stringify(unknown)} is none of ${known.join(", ")}`,
    );
  }
  if (given.length === 0) throw new UsageError(`Cannot use ${name} as it names nothing`);
  return known.filter((one) => given.includes(one));
}

/**
 * Runs a program with its command line, and exits with the status that it returns, or with 2 and
 * one line for a wrong command line. `--help` prints the help.
 */
export async function runMain<const F extends Flags>(
  usage: Usage<F>,
  main: (
    values: ReturnType<typeof readArgs<F>>["values"],
    args: readonly string[],
  ) => Promise<number | void>,
): Promise<never> {
  try {
    const { values, positionals } = readArgs(process.argv.slice(2), usage);
    if ((values as { help?: boolean }).help !== true) {
      process.exit(await main(values, positionals) ?? 0);
    }
    console.log(usage.help);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}
