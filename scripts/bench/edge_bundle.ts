import { gzipSync } from "node:zlib";
import { build, type Plugin, stop } from "esbuild";

/** What an edge program pays for a producer. */
export interface EdgeBundle {
  /** Minified. */
  readonly bytes: number;
  readonly gzippedBytes: number;
}

/** As the manifest of the npm package says: what nobody asks for is left out. */
const withoutSideEffects: Plugin = {
  name: "without side effects",
  setup(build) {
    build.onResolve({ filter: /\.ts$/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === withoutSideEffects) return undefined;
      const { importer, kind, resolveDir } = options;
      const resolved = await build.resolve(path, {
        importer,
        kind,
        resolveDir,
        pluginData: withoutSideEffects,
      });
      return { ...resolved, sideEffects: false };
    });
  },
};

/** Bundles a producer for Cloudflare Workers, with no other runtime's transport in it, and weighs it. */
export async function weighEdgeBundle(): Promise<EdgeBundle> {
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: 'export { Producer } from "./mod.ts";',
        resolveDir: Deno.cwd(),
        loader: "ts",
      },
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      conditions: ["workerd", "worker"],
      external: ["deno", "bun", "node"].map((name) => `./src/transport/${name}.ts`),
      plugins: [withoutSideEffects],
    });
    const { contents } = outputFiles[0]!;
    return { bytes: contents.length, gzippedBytes: gzipSync(contents, { level: 9 }).length };
  } finally {
    await stop();
  }
}
