import { deno, output } from "../command.ts";
import { packNpm } from "../npm/pack.ts";
import type { Project } from "../project.ts";

/** The package, installed. */
export interface Installed {
  readonly project: Project;
  readonly tarball: string;
  /** A folder where the package is installed, as in a program that uses it. */
  readonly folder: string;
}

/** Makes the package's tarball the first time that it is asked, and gives its path. */
export type Packed = () => Promise<string>;

/** As the steps share it: in this folder. */
export function packedIn(folder: string): Packed {
  let packing: Promise<string> | undefined;
  return () => packing ??= packNpm(folder);
}

/** Installs packages in a folder, as in a program that uses them. */
export async function installNpm(folder: string, specifiers: readonly string[]): Promise<void> {
  const manifest = `${folder}/package.json`;
  const isNew = await Deno.stat(manifest).then(() => false, () => true);
  if (isNew) await Deno.writeTextFile(manifest, `{ "private": true, "type": "module" }`);
  const flags = ["--no-audit", "--no-fund", "--prefer-offline"];
  await output("npm", ["install", ...flags, ...specifiers], { cwd: folder });
}

/** What runs programs in a folder with a `node_modules`. */
export interface Runtime {
  readonly name: string;
  /** What it says that it is. */
  readonly is: "deno" | "bun" | "node";
  readonly command: readonly [command: string, ...args: string[]];
  /** Its `process.version`, where it is one of several. */
  readonly version?: string;
}

/** One of each. */
export const runtimes: readonly Runtime[] = [
  {
    name: "deno",
    is: "deno",
    command: [deno, "run", "-A", "--no-lock", "--node-modules-dir=manual"],
  },
  { name: "bun", is: "bun", command: [`${Deno.cwd()}/node_modules/.bin/bun`] },
  { name: "node", is: "node", command: ["node"] },
];

/** What to run for a runtime to run a program, which `tests/package/version.mjs` holds to the version that is meant. */
export function program(
  { command: [command, ...first], version }: Runtime,
  args: readonly string[],
): { command: string; args: string[]; env: Record<string, string> } {
  return {
    command,
    args: [...first, ...args],
    env: version === undefined ? {} : { EXPECTED_VERSION: version },
  };
}
