// Bundles a program for Node with a bundler that is a library: `node build.mjs BUNDLER JSON`.

const [bundler, settings] = process.argv.slice(2);
const { entry, folder, file, alias, minify } = JSON.parse(settings);

/** Runs webpack, or rspack, which has the same options and its own loader of TypeScript. */
async function pack(make, typescript) {
  const compiler = make({
    mode: "production",
    target: "node",
    entry,
    ...minify ? {} : { optimization: { minimize: false } },
    output: { path: folder, filename: file },
    resolve: { alias },
    module: { rules: [{ test: /\.ts$/, ...typescript }] },
  });
  const stats = await new Promise((resolve, reject) =>
    compiler.run((error, stats) => error ? reject(error) : resolve(stats))
  );
  if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString("errors-warnings"));
}

const bundlers = {
  async webpack() {
    const options = { transpileOnly: true, configFile: "tsconfig.json" };
    await pack((await import("webpack")).default, { loader: "ts-loader", options });
  },

  async rspack() {
    const options = { jsc: { parser: { syntax: "typescript" }, target: "es2022" } };
    await pack((await import("@rspack/core")).rspack, { loader: "builtin:swc-loader", options });
  },

  /** As a server-side build, with all packages in the bundle. */
  async vite() {
    const { build } = await import("vite");
    await build({
      configFile: false,
      logLevel: "warn",
      resolve: { alias },
      ssr: { noExternal: true },
      build: {
        ssr: entry,
        outDir: folder,
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: file } },
      },
    });
  },
};

await bundlers[bundler]();
