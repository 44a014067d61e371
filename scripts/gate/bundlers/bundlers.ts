import { deno } from "../../tools.ts";

/** A program that is to be bundled, and where to. */
export interface Bundle {
  /** The path of its main module. */
  readonly entry: string;
  /** The path of a module that it runs in threads, where it does. */
  readonly thread: string | undefined;
  /** Whether a bundler minifies by default that takes seconds for it. */
  readonly minify: boolean;
  /** Where its output belongs. */
  readonly folder: string;
  readonly file: string;
  /** From what only JSR has to what takes its place. */
  readonly alias: Readonly<Record<string, string>>;
  /** What Deno needs to find the packages of the program. */
  readonly denoArgs: readonly string[];
}

/** What a bundle is run by: `node` is the installed one, `nodes` all versions, and `itself` a file that can be executed. */
export type RunBy = "node" | "nodes" | "deno" | "bun" | "itself";

/** A bundler with its options. None marks a module as external, or says anything else about this package. */
export interface Bundler {
  readonly name: string;
  /** Of the file that it makes. */
  readonly extension: "mjs" | "cjs" | "exe";
  command(bundle: Bundle): readonly [command: string, ...args: string[]];
  readonly runs: readonly RunBy[];
  /** It is run in a folder with the packages that are bundlers. @default false */
  readonly isLibrary?: boolean;
  /** It makes no program of the command, as it does not run packages in CommonJS that require modules of Node's. @default false */
  readonly isEsmAlone?: boolean;
}

const bun = `${Deno.cwd()}/node_modules/.bin/bun`;
const esbuild = `${Deno.cwd()}/node_modules/.bin/esbuild`;

/** One of `tests/bundlers/build.mjs`, for Node. */
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
      // The program looks whether there is one.
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
