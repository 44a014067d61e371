import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

const REFERENCE = `/// <reference lib="esnext.disposable" />\n`;
const NAMES = /\b(?:Async)?Disposable\b|\bSymbol\.(?:d|asyncD)ispose\b/;

/**
 * Bundles the declarations of the entries into few files, and returns these by their paths.
 * `entries` are the paths of the entries in `root`. Declarations that no entry exports are left out. A `lib` of ES2022 lacks
 * `AsyncDisposable` and `Symbol.asyncDispose`, so a file that names them references the library
 * that has them. The reference is not in the sources, because compilers drop it when they write
 * declarations.
 */
export async function bundleDeclarations(
  root: string,
  entries: readonly string[],
): Promise<Map<string, string>> {
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((path) => [path, `${root}/${path}`])),
    external: (id) => !/^[./]/.test(id),
    plugins: [dts()],
    onLog(level, { code, message }) {
      // The command exports nothing.
      if (code !== "EMPTY_BUNDLE") console[level](message);
    },
  });
  const { output } = await bundle.generate({
    format: "es",
    entryFileNames: "[name]",
    chunkFileNames: ({ name }) => `types/${name.replace(/\.d$/, "")}.d.ts`,
    minifyInternalExports: false,
  });
  await bundle.close();
  const chunks = output.filter((file) => file.type === "chunk");
  return new Map(
    chunks.map(({ fileName, code }) =>
      [fileName, NAMES.test(code) ? REFERENCE + code : code] as const
    ),
  );
}
