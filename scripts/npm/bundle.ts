import { build, type BuildOptions } from "esbuild";

/** The modules of a built package, to be bundled. */
export interface Modules {
  /** The main module, such as `mod.js`. */
  readonly main: string;
  /** Modules of all entries, the main one included. */
  readonly entries: readonly string[];
  /** Packages that they import. */
  readonly packages: readonly string[];
}

/**
 * Bundles the modules of a built package into few files, and returns these by their paths: hundreds
 * of small files take twice their size on disk, and time to load. The modules that the main entry
 * exports stay apart, each with the code that only it needs, so that a bundler can drop unused
 * ones, as with the sources. Only the command's module may have an effect when it is evaluated.
 */
export async function bundleModules(
  folder: string,
  { main, entries, packages }: Modules,
): Promise<Map<string, string>> {
  const options: BuildOptions = {
    absWorkingDir: folder,
    outdir: folder,
    outbase: folder,
    ...{ bundle: true, splitting: true, format: "esm", platform: "neutral", target: "esnext" },
    ...resolving(packages),
    chunkNames: "chunks/[hash]",
    // Reduces the size to two thirds. Lines stay short enough for stack traces, and names stay.
    ...{ minifyWhitespace: true, lineLimit: 120 },
    ...{ charset: "utf8", logLevel: "warning" },
  };
  const named = await modulesOf(main, options);
  const entryPoints = [...new Set([...entries, ...named])];
  const { outputFiles } = await build({ ...options, write: false, entryPoints });
  // The file of such a module would only re-export from a chunk, and nothing imports it.
  const stubs = new Set(named.filter((path) => !entries.includes(path)));
  const files = outputFiles.map(({ path, text }) =>
    [path.slice(folder.length + 1), tidy(text)] as const
  );
  return new Map(files.filter(([path]) => !stubs.has(path)));
}

/**
 * Leaves imports of `packages` unchanged, and resolves all others in the project's `node_modules`.
 */
export function resolving(
  packages: readonly string[],
): Pick<BuildOptions, "external" | "nodePaths"> {
  return {
    external: ["node:*", ...packages.flatMap((name) => [name, `${name}/*`])],
    nodePaths: [Deno.realPathSync("node_modules")],
  };
}

/** Returns the modules of the package that one of its modules imports. */
async function modulesOf(entry: string, options: BuildOptions): Promise<string[]> {
  const { metafile } = await build({
    ...options,
    ...{ entryPoints: [entry], metafile: true, write: false },
  });
  return metafile.inputs[entry]!.imports
    .filter(({ external, kind }) => external !== true && kind === "import-statement")
    .map(({ path }) => path);
}

/** Comments that make bundlers ignore an `import()` of a computed name. esbuild drops them. */
const LEAVE = "/* webpackIgnore: true */ /* @vite-ignore */ ";

/**
 * Undoes habits of the bundler: empty imports, which bundlers warn about in a package without side
 * effects; `_Name` for a class that refers to itself, which would show in stack traces; and dropped
 * comments for other bundlers.
 */
export function tidy(text: string): string {
  const shown = text.replaceAll(/(?<=^|[;\n])import ?"\.[^"]*";\n?/g, "")
    .replaceAll(/\bimport\((?=[\w$])/g, `import(${LEAVE}`);
  const names = [...shown.matchAll(/\bvar (\w+) ?= ?class _\1\b/g)].map(([, name = ""]) => name);
  return names.reduce(
    (all, name) => all.replaceAll(new RegExp(`\\b_${name}\\b`, "g"), name),
    shown,
  );
}
