import { parseArgs, type ParseArgsConfig } from "node:util";

/** A wrong command line. The message is one line. */
export class UsageError extends Error {}

/** Reads a command line by the rules of `node:util`. */
export function readArgs<const Flags extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: Flags,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    // The first sentence is enough: the rest is advice on quoting.
    const [message] = (error as Error).message.split(/\.? To specify |\n/);
    throw new UsageError(`${message}: see --help`);
  }
}

/** Returns an integer of 1 or more. */
export function integer(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`Cannot use --${name} as it is not an integer of 1 or more: got "${value}"`);
}

/** Returns the path of a file or a folder. */
export function path(name: string, value: string | undefined): string | undefined {
  if (value === "") throw new UsageError(`Cannot use --${name} as it is empty`);
  return value;
}

/**
 * Returns names from a comma-separated list, in the order of `known`; all of them if none are
 * given.
 */
export function list(
  name: string,
  value: string | undefined,
  known: readonly string[],
): readonly string[] {
  if (value === undefined) return known;
  const given = value.split(",").filter((part) => part !== "");
  const unknown = given.find((one) => !known.includes(one));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot use --${name} as ${JSON.stringify(unknown)} is none of ${known.join(", ")}`,
    );
  }
  if (given.length === 0) throw new UsageError(`Cannot use --${name} as it names nothing`);
  return known.filter((one) => given.includes(one));
}

/** Runs a program and exits with its status, or with 2 and one line for a wrong command line. */
export async function runMain(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
