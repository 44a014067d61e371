import { isBuiltin } from "node:module";
import process from "node:process";
import { runtime } from "../../../internal/environment.ts";
import { Status } from "../../status.ts";
import { type Check, fault, faultError, type Finding, ok, warning } from "./check.ts";

/** The oldest supported version of each runtime. */
const OLDEST: Readonly<Record<string, readonly [name: string, version: string]>> = {
  node: ["Node", "20.0"],
  deno: ["Deno", "2.0"],
  bun: ["Bun", "1.2"],
};

/** Checks the runtime. */
export const runtimeChecks: readonly Check[] = [
  { name: "runtime", run: () => runtimeFinding(...thisRuntime()) },
  { name: "sqlite", run: () => sqliteFinding(...thisRuntime()) },
];

/** Judges a runtime, such as `node`, `20.1.0`. */
export function runtimeFinding(name: string, version: string): Finding {
  const [title, oldest] = OLDEST[name] ?? [];
  if (title === undefined || oldest === undefined) {
    return warning(`${name} ${version} is not supported`, "use Node, Deno or Bun");
  }
  if (isAtLeast(version, oldest)) return ok(`${title} ${version}`);
  return fault(
    faultError(
      Status.unavailable,
      `${title} ${version} is too old`,
      `use ${title} ${oldest} or later`,
    ),
  );
}

/** Checks that `serve --data` can work. */
export function sqliteFinding(
  name: string,
  version: string,
  has: (module: string) => boolean = isBuiltin,
): Finding {
  // Some earlier versions have it, but only with a flag.
  const hasSqlite = has("node:sqlite") && (name !== "node" || isAtLeast(version, "22.13"));
  return hasSqlite ? ok("node:sqlite is available, for faktory serve --data") : warning(
    "node:sqlite is missing, so faktory serve --data does not work",
    "use Deno, Bun, or Node 22.13 or later if you need it",
  );
}

function thisRuntime(): [name: string, version: string] {
  const name = runtime() ?? "node";
  return [name, process.versions[name] ?? "0"];
}

/** Returns true if `version` is `oldest` or later. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [have, needed] = [version, oldest].map((text) => text.split(".").map(Number));
  for (const [index, part] of needed!.entries()) {
    const other = have![index] ?? 0;
    if (other !== part) return other > part;
  }
  return true;
}
