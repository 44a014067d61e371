import { build, type BuildOptions } from "esbuild";

/** A built package whose modules are to be bundled. */
export interface Modules {
  /** The main module, such as `mod.js`. */
  readonly main: string;
  /** Modules of all entries, the main one included. */
  readonly entries: readonly string[];
  /** The packages that they import. */
  readonly packages: readonly string[];
}

/**
 * Puts the modules of a built package together in as few files as serve its entries: hundreds of
 * small files take twice their size on a disk, and time to load.
 *
 * The modules that the main entry exports stay apart, each with what only it needs, so that a
 * bundler leaves out what a program does not use, as it does with the sources. Declarations stay as
 * they are. No module but the command's may have an effect by being evaluated.
 */
export async function bundleModules(
  folder: string,
  { main, entries, packages }: Modules,
): Promise<void> {
  const options: BuildOptions = {
    absWorkingDir: folder,
    outdir: folder,
    outbase: folder,
    ...{ bundle: true, splitting: true, format: "esm", platform: "neutral", target: "esnext" },
    ...resolving(packages),
    chunkNames: "chunks/[hash]",
    // Two thirds of the size, and lines that a stack trace can point to; the names stay.
    ...{ minifyWhitespace: true, lineLimit: 120 },
    ...{ charset: "utf8", logLevel: "warning" },
  };
  const named = await modulesOf(main, options);
  const entryPoints = [...new Set([...entries, ...named])];
  const { outputFiles } = await build({ ...options, write: false, entryPoints });
  await removeModules(folder);
  await Deno.mkdir(`${folder}/chunks`);
  // The file of such a module would only export from a chunk, and nothing imports it.
  const stubs = new Set(named.filter((path) => !entries.includes(path)));
  for (const { path, text } of outputFiles) {
    if (stubs.has(path.slice(folder.length + 1))) continue;
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(path, tidy(text));
  }
}

/**
 * Leaves imports of `packages` as they are, and finds all others in the project's `node_modules`.
 */
export function resolving(
  packages: readonly string[],
): Pick<BuildOptions, "external" | "nodePaths"> {
  return {
    external: ["node:*", ...packages.flatMap((name) => [name, `${name}/*`])],
    nodePaths: [Deno.realPathSync("node_modules")],
  };
}

/** The modules of the package that one of its modules imports. */
async function modulesOf(entry: string, options: BuildOptions): Promise<string[]> {
  const { metafile } = await build({
    ...options,
    ...{ entryPoints: [entry], metafile: true, write: false },
  });
  return metafile.inputs[entry]!.imports
    .filter(({ external, kind }) => external !== true && kind === "import-statement")
    .map(({ path }) => path);
}

/**
 * A name that is known only when it runs, for bundlers to leave alone; esbuild drops the comments
 * that said so.
 */
const LEAVE = "/* webpackIgnore: true */ /* @vite-ignore */ ";

/**
 * Takes habits of the bundler's back: imports of nothing, which only say in which order modules are
 * evaluated and of which bundlers warn where a package has no side effects; `_Name` for a class
 * that refers to itself, which people would read in stack traces; and that it drops what is said to
 * other bundlers.
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

/** Removes the modules and their source maps, and the folders that are empty then. */
async function removeModules(folder: string): Promise<void> {
  for (const { name, isDirectory } of [...Deno.readDirSync(folder)]) {
    const path = `${folder}/${name}`;
    if (isDirectory) await removeModules(path);
    else if (/\.(js|map)$/.test(name)) await Deno.remove(path);
  }
  const isEmpty = Deno.readDirSync(folder)[Symbol.iterator]().next().done === true;
  if (isEmpty) await Deno.remove(folder);
}
