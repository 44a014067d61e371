/** `deno task build:npm`: the npm package, emitted into `npm/dist` by dnt, its tests run on Node. Exits with 69 without JSR. */

import { deno, output } from "./command.ts";
import { npmManifest } from "./npm/manifest.ts";
import { readProject } from "./project.ts";

/** What is used of `jsr:@deno/dnt`. It is loaded by name at run time, so that this file can be checked without JSR. */
interface Dnt {
  emptyDir(path: string): Promise<void>;
  build(options: {
    entryPoints: readonly { name: string; path: string }[];
    outDir: string;
    shims: Record<string, never>;
    scriptModule: false;
    typeCheck: "single";
    test: boolean;
    rootTestDir: string;
    testPattern: string;
    compilerOptions: { lib: string[]; target: string };
    package: object;
    postBuild(): Promise<void>;
  }): Promise<void>;
}

const dntName = "jsr:@deno/dnt@^0.43.2";
const jsrTimeoutMs = 20_000;
const outDir = "npm/dist";
/** `EX_UNAVAILABLE`: something that this needs cannot be had here. */
const unavailable = 69;

const { emptyDir, build } = await loadDnt();
const project = await readProject();
await emptyDir(outDir);
await build({
  entryPoints: Object.entries(project.exports).map(([name, path]) => ({ name, path })),
  outDir,
  // A shim of `Deno` would make every runtime look like Deno, and so choose the wrong adapter.
  shims: {},
  scriptModule: false,
  typeCheck: "single",
  test: true,
  rootTestDir: await Deno.realPath("tests"),
  // The tests of the scripts are about this repository, not about the package.
  testPattern: "!(scripts|package)/**/*_test.ts",
  compilerOptions: { lib: ["ESNext", "DOM", "DOM.Iterable"], target: "ES2022" },
  package: {
    // Its code lies under esm/, in the folders of the sources.
    ...npmManifest(project, commandPath(project.exports["./cli"])),
    devDependencies: { "@types/deno": "^2.5.0", "@types/node": "^24.0.0" },
  },
  async postBuild() {
    const command = await Deno.readTextFile(`${outDir}/${commandPath(project.exports["./cli"])}`);
    if (!command.startsWith("#!")) throw new Error("The command's first line is not #! any more");
    await output(deno, ["run", "-A", "--frozen", "scripts/npm/finish.ts", outDir]);
    await Deno.copyFile("LICENSE", `${outDir}/LICENSE`);
    await Deno.copyFile("npm/README.md", `${outDir}/README.md`);
  },
});

function commandPath(source = ""): string {
  return source.replace(/^\.\//, "./esm/").replace(/\.ts$/, ".js");
}

async function loadDnt(): Promise<Dnt> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const error = new Error(`JSR did not answer within ${jsrTimeoutMs} ms`);
  const timer = setTimeout(reject, jsrTimeoutMs, error);
  try {
    return await Promise.race([import(dntName), timedOut]);
  } catch (error) {
    console.error(`Cannot load ${dntName}: ${(error as Error).message}`);
    Deno.exit(unavailable);
  } finally {
    clearTimeout(timer);
  }
}
