import { build, transform } from "esbuild";
import { resolving, tidy } from "./bundle.ts";
import { COMMON_JS, type EntryFiles } from "./manifest.ts";

/** An entry, as an ES module and as CommonJS. */
export interface Pair {
  readonly module: EntryFiles;
  readonly commonJs: EntryFiles;
}

/**
 * Returns the files for `require()`, by their paths in the package: code built from the ES modules
 * in `root`, which may load `packages`, and declarations. The entries share code, so that a class
 * is the same in all entries.
 */
export async function commonJsOf(
  root: string,
  pairs: readonly Pair[],
  packages: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  // Built twice, because esbuild shares code between entries only in ES modules.
  const { outputFiles } = await build({
    entryPoints: pairs.map(({ module, commonJs }) => ({
      in: `${root}/${module.code}`,
      out: commonJs.code.replace(/\.js$/, ""),
    })),
    outdir: root,
    chunkNames: `${COMMON_JS}/chunks/[hash]`,
    ...{ bundle: true, splitting: true, format: "esm", platform: "node" },
    ...resolving(packages),
    ...{ target: "esnext", charset: "utf8", write: false },
  });
  const files = new Map([[`./${COMMON_JS}/package.json`, `{ "type": "commonjs" }\n`]]);
  await Promise.all(outputFiles.map(async ({ path, text }) => {
    const { code } = await transform(text, {
      ...{ format: "cjs", target: "esnext", charset: "utf8" },
      // Jest follows a `require()` and refuses an `import()`.
      supported: { "dynamic-import": false },
      // Reduces the size to two thirds; names stay.
      ...{ minifyWhitespace: true, lineLimit: 120 },
    });
    files.set(`.${path.slice(root.length)}`, tidy(code));
  }));
  for (const { module, commonJs } of pairs) {
    files.set(commonJs.types, declarationsOf(module, commonJs));
  }
  return files;
}

/**
 * Returns the CommonJS declarations of an ES module: TypeScript takes the kind of a module from the
 * path of its declarations. They refer to one copy, so that a type is the same in the whole
 * program. With `module: node16`, TypeScript refuses that, because a `require()` of that ES module
 * would fail in old versions of Node; but nothing is loaded here.
 */
function declarationsOf(module: EntryFiles, commonJs: EntryFiles): string {
  const up = "../".repeat(commonJs.types.split("/").length - 2);
  const path = up + module.code.slice("./".length);
  return `// @ts-ignore TS1479: what is loaded is CommonJS.\nexport * from "${path}";\n`;
}
