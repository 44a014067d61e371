import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { showText } from "../internal/show.ts";
import { CliError } from "./failure.ts";
import { Status } from "./status.ts";

/** Parses a flag's value as an integer from `min` to `max`. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be an integer ${range}`);
  };
}

/** Parses seconds, with or without a fraction. Returns milliseconds. */
export function seconds(text: string): number {
  const value = /^\d{1,7}(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError("It must be a number of seconds above 0");
}

/** Adds a flag with a fixed set of values. */
export function choice(command: Command, flags: string, { help, of }: {
  readonly help: string;
  readonly of: readonly string[];
}): Command {
  return command.addOption(new Option(flags, help).choices(of));
}

/**
 * Collects the values of a flag that can be repeated. A variadic flag would also take the arguments
 * after it.
 */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/**
 * Parses a time: `+90s`, `+5m`, `+2h` or `+1d` from now, or ISO 8601. Without a zone, the time is
 * local.
 */
export function time(text: string): Date {
  const [, digits, unit = ""] = /^\+(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (digits !== undefined) return new Date(Date.now() + Number(digits) * (UNIT_MS[unit] ?? 0));
  const [, day, rest = "00:00"] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d.*))?$/.exec(text) ?? [];
  // With an hour, as JavaScript treats a date alone as UTC.
  const at = new Date(`${day}T${rest}`);
  if (!Number.isNaN(at.getTime())) return at;
  throw new InvalidArgumentError("It must be a time such as +5m or 2030-01-31T12:00:00Z");
}

/**
 * Parses a value as JSON if possible, otherwise returns it as a string. Rejects text that begins
 * like JSON but is not valid.
 */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (!/^\s*[[{"]/.test(text)) return text;
    throw new CliError(
      Status.usage,
      `Cannot parse ${showText(text)} as JSON`,
      "correct it, or treat all arguments as strings with --text",
    );
  }
}

/**
 * Reads a certificate and its key, which must be given together. Returns `undefined` if neither is
 * given.
 *
 * @throws {CliError} if one is missing or cannot be read.
 */
export async function filePair(
  flags: readonly [cert: string, key: string],
  [cert, key]: readonly [cert: string | undefined, key: string | undefined],
): Promise<{ cert: string; key: string } | undefined> {
  if (cert !== undefined && key !== undefined) {
    return { cert: await certificate(flags[0], cert), key: await privateKey(flags[1], key) };
  }
  if (cert === undefined && key === undefined) return undefined;
  const [given, missing] = cert === undefined ? [flags[1], flags[0]] : flags;
  throw new CliError(Status.usage, `Cannot use ${given} without ${missing}`, `add ${missing}`);
}

/**
 * Reads the file of certificates that `flag` names. Checks its content, since some runtimes accept
 * a file without certificates.
 */
export async function certificate(flag: string, path: string): Promise<string> {
  return await pem([flag, path], { label: /CERTIFICATE$/, what: "certificate" });
}

async function privateKey(flag: string, path: string): Promise<string> {
  return await pem([flag, path], { label: /PRIVATE KEY$/, what: "private key" });
}

async function pem(
  [flag, path]: readonly [flag: string, path: string],
  { label, what }: { readonly label: RegExp; readonly what: string },
): Promise<string> {
  const text = await fileText(flag, path);
  const labels = text.matchAll(/^-----BEGIN ([^-]+)-----/gm);
  for (const [, found = ""] of labels) if (label.test(found)) return text;
  throw new CliError(
    Status.data,
    `Cannot use the file ${showText(path)} of ${flag} as it contains no ${what} in PEM format`,
    `use a file with a line -----BEGIN ${what.toUpperCase()}-----`,
  );
}

/** Reads the file that `flag` names. */
async function fileText(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(flag, path, error);
  }
}

/** Creates the error for a file that cannot be read. */
export function unreadable(flag: string, path: string, error: unknown): CliError {
  const { code, message } = error as Error & { code?: string };
  const reason = code === "ENOENT" ? "there is no such file" : message;
  return new CliError(
    Status.noInput,
    `Cannot read the file ${showText(path)} of ${flag} as ${reason}`,
    "check its path and permissions",
  );
}
