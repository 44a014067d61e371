import { deno } from "../../tools.ts";

/** A program to bundle, and the place of the bundle. */
export interface Bundle {
  /** The path of its main module. */
  readonly entry: string;
  /** The path of a module that it runs in threads, if it does. */
  readonly thread: string | undefined;
  /** Minifies with bundlers that do so by default, which takes seconds. */
  readonly minify: boolean;
  /** Folder of the output. */
  readonly folder: string;
  readonly file: string;
  /** From packages of JSR to their stand-ins. */
  readonly alias: Readonly<Record<string, string>>;
  /** Flags with which Deno finds the packages of the program. */
  readonly denoArgs: readonly string[];
}

/**
 * Runs a bundle: `node` is the installed one, `nodes` all versions, and `itself` an executable
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
  command(bundle: Bundle): readonly [command: string, ...args: string[]];
  readonly runs: readonly RunBy[];
  /** It runs in a folder that contains the packages that are bundlers. @default false */
  readonly isLibrary?: boolean;
  /**
   * It cannot bundle the command, as CommonJS packages that require Node's modules fail in its
   * output. @default false
   */
  readonly isEsmAlone?: boolean;
}

const bun = `${Deno.cwd()}/node_modules/.bin/bun`;
const esbuild = `${Deno.cwd()}/node_modules/.bin/esbuild`;

/** Returns a bundler of `tests/bundlers/build.mjs`, for Node. */
function library(name: string, extension: Bundler["extension"]): Bundler {
  return {
    name,
    extension,
    isLibrary: true,
    command: ({ entry, minify, folder, file, alias }) => [
      "node",
      ...["build.mjs", name, JSON.stringify({ entry, minify, folder, file, alias })],
    ],
    runs: ["node"],
  };
}

export const bundlers: readonly Bundler[] = [
  {
    name: "esbuild",
    extension: "mjs",
    command: ({ entry, folder, file }) => [
      esbuild,
      ...[entry, `--outfile=${folder}/${file}`, "--bundle", "--platform=node", "--format=esm"],
      "--log-level=warning",
    ],
    runs: ["nodes", "deno", "bun"],
    isEsmAlone: true,
  },
  {
    name: "esbuild to minified CommonJS",
    extension: "cjs",
    command: ({ entry, folder, file }) => [
      esbuild,
      ...[entry, `--outfile=${folder}/${file}`, "--bundle", "--platform=node", "--format=cjs"],
      // The program checks for it.
      ...["--minify", "--log-level=warning", "--log-override:empty-import-meta=silent"],
    ],
    runs: ["node"],
  },
  library("webpack", "cjs"),
  library("rspack", "cjs"),
  library("vite", "mjs"),
  {
    name: "bun build",
    extension: "mjs",
    command: ({ entry, folder, file }) => [
      bun,
      ...["build", entry, `--outfile=${folder}/${file}`, "--target=bun"],
    ],
    runs: ["bun"],
  },
  {
    name: "bun build --target=node --minify",
    extension: "mjs",
    command: ({ entry, folder, file }) => [
      bun,
      ...["build", entry, `--outfile=${folder}/${file}`, "--target=node", "--minify"],
    ],
    runs: ["node"],
  },
  {
    name: "bun build --compile",
    extension: "exe",
    command: ({ entry, thread, folder, file }) => [
      bun,
      ...["build", "--compile", entry, ...thread === undefined ? [] : [thread]],
      `--outfile=${folder}/${file}`,
    ],
    runs: ["itself"],
  },
  {
    name: "deno bundle",
    extension: "mjs",
    command: ({ entry, folder, file, denoArgs }) => [
      deno,
      ...["bundle", "--quiet", "--no-lock", ...denoArgs, "--output", `${folder}/${file}`, entry],
    ],
    runs: ["deno"],
  },
];
