import { deno, output } from "../command.ts";
import type { Project } from "../project.ts";

/** The package, installed. */
export interface Installed {
  readonly project: Project;
  readonly tarball: string;
  /** A folder where the package is installed, as in a program that uses it. */
  readonly folder: string;
}

/** Installs packages in a folder, as in a program that uses them. */
export async function installNpm(folder: string, specifiers: readonly string[]): Promise<void> {
  await Deno.writeTextFile(`${folder}/package.json`, `{ "private": true, "type": "module" }`);
  const flags = ["--no-audit", "--no-fund", "--prefer-offline"];
  await output("npm", ["install", ...flags, ...specifiers], { cwd: folder });
}

/** How each runtime runs a program in a folder with a `node_modules`. */
export const runtimes: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  deno: [deno, "run", "-A", "--no-lock", "--node-modules-dir=manual"],
  bun: [`${Deno.cwd()}/node_modules/.bin/bun`],
  node: ["node"],
};

/** What to run for a runtime to run a program. */
export function program(
  runtime: string,
  args: readonly string[],
): [command: string, args: string[]] {
  const [command, ...first] = runtimes[runtime] ?? [runtime];
  return [command, [...first, ...args]];
}
