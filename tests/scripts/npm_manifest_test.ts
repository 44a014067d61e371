import assert from "node:assert/strict";
import { it } from "node:test";
import { npmManifest } from "../../scripts/npm/manifest.ts";

const project = {
  name: "x",
  version: "1.0.0",
  license: "MIT",
  exports: { ".": "./mod.ts", "./cli": "./src/cli/mod.ts", "./server": "./src/server/mod.ts" },
  imports: {},
};

/** The parts of a manifest that say where the files of the package are. */
interface Paths {
  readonly exports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly typesVersions: unknown;
  readonly dependencies: unknown;
  readonly peerDependencies: unknown;
}

for (const folder of [".", "./esm"]) {
  const packages = { commander: "^14", "@opentelemetry/api": "^1.9" };
  const manifest = npmManifest(project, { folder, packages }) as unknown as Paths;

  it(`gives each kind of program the modules in ${folder}, or CommonJS`, () => {
    const module = {
      types: `${folder}/src/server/mod.d.ts`,
      default: `${folder}/src/server/mod.js`,
    };
    assert.deepEqual(Object.entries(manifest.exports["./server"] ?? {}), [
      ["import", module],
      ["module-sync", module],
      ["module", module.default],
      ["bun", module.default],
      ["require", { types: "./cjs/src/server/mod.d.ts", default: "./cjs/src/server/mod.js" }],
      ["default", module.default],
    ]);
  });

  it(`has no CommonJS of the command in ${folder}`, () => {
    const code = `${folder}/src/cli/mod.js`;
    assert.deepEqual(manifest.exports["./cli"], {
      types: `${folder}/src/cli/mod.d.ts`,
      import: code,
      default: code,
    });
  });

  it(`names the types in ${folder} for those that do not read exports`, () => {
    assert.deepEqual(manifest.typesVersions, {
      "*": { cli: [`${folder}/src/cli/mod.d.ts`], server: [`${folder}/src/server/mod.d.ts`] },
    });
  });

  it(`leaves what is optional out of what the package in ${folder} depends on`, () => {
    assert.deepEqual(manifest.dependencies, { commander: "^14" });
    assert.deepEqual(manifest.peerDependencies, { "@opentelemetry/api": "^1.9" });
  });
}
