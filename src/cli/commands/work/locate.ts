import { existsSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runtime } from "../../../internal/environment.ts";
import { showText } from "../../../internal/show.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import { requireFrom } from "./require_from.ts";

/** A module named on the command line. */
export interface NamedModule {
  /** The name as typed. */
  readonly name: string;
  /** The specifier for `import()`. */
  readonly specifier: string;
  /** The path of its file, if it has one. */
  readonly path: string | undefined;
}

/** Names that can only be those of files. */
const PATH = /^\.{0,2}[\\/]|^[A-Za-z]:[\\/]|\.[cm]?[jt]sx?$/;

/** Hint for a name that is not a module. */
export const NAME_A_MODULE = "pass a module of handlers, such as ./handlers.ts";

/** At least two letters, since one is a Windows drive. */
const URL_FORM = /^[a-z][a-z\d+.-]+:/i;

/**
 * Finds a module by URL, otherwise as a file, otherwise as a package, seen from the current folder.
 *
 * @throws {CliError} if it does not exist.
 */
export function locate(name: string): NamedModule {
  if (URL_FORM.test(name)) {
    return { name, specifier: name, path: name.startsWith("file:") ? pathOf(name) : undefined };
  }
  const path = resolve(name);
  if (existsSync(path)) {
    return { name, specifier: pathToFileURL(path).href, path: file(name, path) };
  }
  if (PATH.test(name)) throw missing(name, "there is no such file");
  // The import map in deno.json may define it.
  if (runtime() === "deno") return { name, specifier: name, path: undefined };
  try {
    const found = requireFrom(pathToFileURL(`${process.cwd()}/`)).resolve(name);
    return { name, specifier: pathToFileURL(found).href, path: undefined };
  } catch {
    throw missingPackage(name);
  }
}

/** Returns the path relative to the current folder, if that is shorter. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && short.length < path.length ? short : path;
}

/** Creates the error for a name that is neither a file nor a package. */
export function missingPackage(name: string): CliError {
  return missing(name, "there is no such file or package");
}

function pathOf(url: string): string {
  try {
    const path = fileURLToPath(url);
    if (existsSync(path)) return file(url, path);
  } catch {
    // Not the URL of a local file.
  }
  throw missing(url, "there is no such file");
}

function file(name: string, path: string): string {
  if (statSync(path).isFile()) return path;
  throw missing(name, "it is a folder");
}

function missing(name: string, reason: string): CliError {
  const message = `Cannot load ${showText(name)} as ${reason}`;
  return new CliError(Status.noInput, message, NAME_A_MODULE);
}
