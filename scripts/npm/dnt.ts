/**
 * Builds ES modules and declarations of `deno.json`'s entries in a folder, with dnt.
 * `scripts/build_npm.ts` runs it with `--no-config`, so that JSR's packages do not get into the
 * lock file.
 */

import { readProject } from "../tools.ts";

/** The part of dnt that is used. It is loaded at run time, to check this file without JSR. */
interface Dnt {
  build(options: Record<string, unknown>): Promise<void>;
}

const dntName = "jsr:@deno/dnt@0.43.2";

const [outDir = ""] = Deno.args;
const { build }: Dnt = await import(dntName);
const { name, version, exports } = await readProject();
await build({
  entryPoints: Object.entries(exports).map(([name, path]) => ({ name, path })),
  outDir,
  // A shim of `Deno` would make every runtime look like Deno, and choose the wrong transport.
  shims: {},
  // Their import would come before the `#!` of the command, and into every entry.
  polyfills: false,
  // `scripts/npm/common_js.ts` creates the CommonJS, for both ways of building the package.
  scriptModule: false,
  skipSourceOutput: true,
  typeCheck: "single",
  declaration: "inline",
  // The package check runs on the tarball; dnt's own test run has no fixtures.
  test: false,
  // `scripts/gate/checks.ts` compiles with the same settings.
  compilerOptions: { lib: ["ESNext", "DOM", "DOM.Iterable"], target: "ES2022" },
  package: { name, version, devDependencies: { "@types/node": "^24.0.0" } },
});
