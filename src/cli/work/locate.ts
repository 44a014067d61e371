import { existsSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runtime } from "../../internal/environment.ts";
import { showText } from "../../internal/show.ts";
import { CliError } from "../failure.ts";
import { Status } from "../status.ts";
import { requireFrom } from "./require_from.ts";

/** A module that was named on the command line. */
export interface NamedModule {
  /** As it was typed. */
  readonly name: string;
  /** What `import()` takes. */
  readonly specifier: string;
  /** The path of its file, where it has one. */
  readonly path: string | undefined;
}

/** What a name looks like that can only be that of a file. */
const PATH = /^\.{0,2}[\\/]|^[A-Za-z]:[\\/]|\.[cm]?[jt]sx?$/;

/** What to do where what was named is no module. */
export const NAME_A_MODULE = "name a module of handlers, such as ./handlers.ts";

/** Two letters at least, as one is a drive. */
const URL_FORM = /^[a-z][a-z\d+.-]+:/i;

/**
 * Finds what was named: a URL, else a file, else a package's module, as seen from the folder that
 * the command runs in.
 *
 * @throws {CliError} where there is none.
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
  // The import map of the program's deno.json may know it.
  if (runtime() === "deno") return { name, specifier: name, path: undefined };
  try {
    const found = requireFrom(pathToFileURL(`${process.cwd()}/`)).resolve(name);
    return { name, specifier: pathToFileURL(found).href, path: undefined };
  } catch {
    throw missingPackage(name);
  }
}

/** A path for people: as seen from the folder that the command runs in, where that is shorter. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && short.length < path.length ? short : path;
}

/** The error for a name that is neither a file's nor a package's. */
export function missingPackage(name: string): CliError {
  return missing(name, "there is neither such a file nor such a package here");
}

function pathOf(url: string): string {
  try {
    const path = fileURLToPath(url);
    if (existsSync(path)) return file(url, path);
  } catch {
    // No URL of a file of this machine.
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
