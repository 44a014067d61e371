import { cwd } from "node:process";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { withEsbuild } from "../esbuild.ts";

/** Largest allowed size of each producer of `./edge`, minified and gzipped, in bytes. */
export const edgeBudgets = { Producer: 12_288, PasswordlessProducer: 10_000 };

const producers = ["Producer", "PasswordlessProducer"] as const;

/** Lists the producers that are over their budget. */
export function overBudget(sizes: typeof edgeBudgets): string[] {
  return producers.filter((name) => sizes[name] > edgeBudgets[name]).map((name) =>
    `${name} of ./edge takes ${sizes[name]} bytes minified and gzipped: ` +
    `${edgeBudgets[name]} are allowed`
  );
}

export interface BundleOptions {
  /** The program. */
  readonly contents: string;
  /** The folder in which its imports are looked up. */
  readonly resolveDir: string;
  readonly minify?: boolean;
}

/** Bundles a program for Workers as `wrangler` does, with nothing marked external. */
export async function bundleWorker(
  { contents, resolveDir, minify = false }: BundleOptions,
): Promise<string> {
  const { outputFiles } = await withEsbuild(() =>
    build({
      stdin: { contents, resolveDir, loader: "ts" },
      ...{ bundle: true, minify, write: false, format: "esm", platform: "browser" },
      ...{ target: "es2022", conditions: ["workerd", "worker", "browser"] },
    })
  );
  return outputFiles[0]!.text;
}

/** Returns the sizes of the producers of `module`, by default `./edge` from the sources. */
export async function weighEdge(
  module = "./src/edge/mod.ts",
  resolveDir: string = cwd(),
): Promise<typeof edgeBudgets> {
  const sizes = { ...edgeBudgets };
  for (const name of producers) {
    const contents = `export { ${name} } from ${JSON.stringify(module)};`;
    const text = await bundleWorker({ contents, resolveDir, minify: true });
    sizes[name] = gzipSync(text, { level: 9 }).length;
  }
  return sizes;
}
