import { deno } from "../../tools.ts";

/** A program to bundle, and the place of the bundle. */
export interface Bundle {
  /** The path of its main module. */
  readonly entry: string;
  /** The path of a module that it runs in threads, if it does. */
  readonly thread: string | undefined;
  /** Minifies with bundlers that do so by default, which takes seconds. */
  readonly minify: boolean;
  /** Folder of the output, and its name there. */
  readonly folder: string;
  readonly file: string;
  /** From packages of JSR to their stand-ins. */
  readonly alias: Readonly<Record<string, string>>;
  /** Flags with which Deno finds the packages of the program. */
  readonly denoArgs: readonly string[];
}

/**
 * What runs a bundle: `node` is the installed one, `nodes` all versions, and `itself` an executable
 * file.
 */
export type RunBy = "node" | "nodes" | "deno" | "bun" | "itself";

/**
 * A bundler with its options. None of them marks a module as external or has a setting for this
 * package.
 */
export interface Bundler {
  readonly name: string;
  /** Extension of its output. */
  readonly extension: "mjs" | "cjs" | "exe";
  readonly runs: readonly RunBy[];
  command(bundle: Bundle): readonly string[];
  /** It runs in a folder that contains the packages that are bundlers. @default false */
  readonly isLibrary?: boolean;
  /**
   * It cannot bundle the command, as CommonJS packages that require Node's modules fail in its
   * output. @default false
   */
  readonly isEsmAlone?: boolean;
}

const bin = `${Deno.cwd()}/node_modules/.bin`;

function esbuild(name: string, extension: "mjs" | "cjs", ...flags: readonly string[]): Bundler {
  return {
    ...{ name, extension, runs: ["node"], isEsmAlone: extension === "mjs" },
    command: ({ entry, folder, file }) => [
      ...[`${bin}/esbuild`, entry, `--outfile=${folder}/${file}`, "--bundle", "--platform=node"],
      ...["--log-level=warning", ...flags],
    ],
  };
}

/** Returns a bundler of `tests/bundlers/build.mjs`, for Node. */
function library(name: string, extension: "mjs" | "cjs"): Bundler {
  return {
    ...{ name, extension, runs: ["node"], isLibrary: true },
    command: ({ entry, minify, folder, file, alias }) => [
      ...["node", "build.mjs", name, JSON.stringify({ entry, minify, folder, file, alias })],
    ],
  };
}

function bunBuild(runBy: RunBy, ...flags: readonly string[]): Bundler {
  const isExecutable = runBy === "itself";
  return {
    ...{ name: ["bun build", ...flags].join(" "), extension: isExecutable ? "exe" : "mjs" },
    runs: [runBy],
    command: ({ entry, thread, folder, file }) => [
      ...[`${bin}/bun`, "build", ...flags, entry, `--outfile=${folder}/${file}`],
      ...isExecutable && thread !== undefined ? [thread] : [],
    ],
  };
}

export const bundlers: readonly Bundler[] = [
  { ...esbuild("esbuild", "mjs", "--format=esm"), runs: ["nodes", "deno", "bun"] },
  esbuild(
    "esbuild to minified CommonJS",
    ...["cjs" as const, "--format=cjs", "--minify"],
    // The program checks for it.
    "--log-override:empty-import-meta=silent",
  ),
  library("webpack", "cjs"),
  library("rspack", "cjs"),
  library("vite", "mjs"),
  bunBuild("bun", "--target=bun"),
  bunBuild("node", "--target=node", "--minify"),
  bunBuild("itself", "--compile"),
  {
    ...{ name: "deno bundle", extension: "mjs", runs: ["deno"] },
    command: ({ entry, folder, file, denoArgs }) => [
      ...[deno, "bundle", "--quiet", "--no-lock", ...denoArgs],
      ...["--output", `${folder}/${file}`, entry],
    ],
  },
];
