import { cwd } from "node:process";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { withEsbuild } from "../esbuild.ts";

/** Size of a bundle. */
export interface BundleSize {
  /** Minified. */
  readonly bytes: number;
  readonly gzippedBytes: number;
}

/** Largest allowed size of each producer of `./edge`, minified and gzipped, in bytes. */
export const edgeBudgets = { Producer: 12_288, PasswordlessProducer: 10_000 } as const;

/** A producer of `./edge`. */
export type EdgeProducer = keyof typeof edgeBudgets;

/** Size of each producer. */
export type EdgeSizes = Readonly<Record<EdgeProducer, BundleSize>>;

/** The producers of `./edge`, in the order in which they are reported. */
export const edgeProducers = Object.keys(edgeBudgets) as EdgeProducer[];

/** Lists the producers that are over their budget. */
export function overBudget(sizes: EdgeSizes): string[] {
  return edgeProducers.flatMap((name) => {
    const [size, budget] = [sizes[name].gzippedBytes, edgeBudgets[name]];
    if (size <= budget) return [];
    return [`${name} of ./edge takes ${size} bytes minified and gzipped: ${budget} are allowed`];
  });
}

/** Options of {@linkcode bundleWorker}. */
export interface BundleOptions {
  /** The program. */
  readonly contents: string;
  /** The folder in which its imports are looked up. */
  readonly resolveDir: string;
  readonly minify?: boolean;
  readonly plugins?: Plugin[];
}

/** Bundles a program for Workers as `wrangler` does, with nothing marked external. */
export async function bundleWorker(options: BundleOptions): Promise<string> {
  const { contents, resolveDir, minify = false, plugins = [] } = options;
  return await withEsbuild(async () => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir, loader: "ts" },
      bundle: true,
      minify,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      conditions: ["workerd", "worker", "browser"],
      plugins,
    });
    return outputFiles[0]!.text;
  });
}

/** Returns the size of one export of a module, bundled and minified. */
async function sizeOf(
  name: string,
  module: string,
  options: Omit<BundleOptions, "contents">,
): Promise<BundleSize> {
  const contents = `export { ${name} } from ${JSON.stringify(module)};`;
  const text = await bundleWorker({ ...options, contents, minify: true });
  const bundle = new TextEncoder().encode(text);
  return { bytes: bundle.length, gzippedBytes: gzipSync(bundle, { level: 9 }).length };
}

/** Returns the sizes of the producers of `module`, by default `./edge` from the sources. */
export async function weighEdge(
  module = "./src/edge/mod.ts",
  resolveDir: string = cwd(),
): Promise<EdgeSizes> {
  const sizes: Partial<Record<EdgeProducer, BundleSize>> = {};
  for (const name of edgeProducers) sizes[name] = await sizeOf(name, module, { resolveDir });
  return sizes as EdgeSizes;
}
