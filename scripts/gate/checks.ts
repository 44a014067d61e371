import { deno, inTempFolder, outputs, readProject } from "../tools.ts";
import { hasJsr, jsrArgs, standIns } from "../offline.ts";
import { skip, type Step } from "./step.ts";

/** Runs a subcommand of Deno, with stand-ins for JSR's packages if JSR cannot be reached. */
async function runDeno(subcommand: string, ...args: readonly string[]): Promise<void> {
  await outputs(deno, [subcommand, ...await jsrArgs(subcommand), ...args]);
}

/** Returns a step that runs Deno once and needs nothing from JSR. */
function denoStep(name: string, ...args: readonly string[]): Step {
  return { name, run: async () => void await outputs(deno, args) };
}

/** Runs before all other steps: installs the dependencies, and reports what will be skipped. */
export const installStep: Step = {
  name: "install",
  async run() {
    await outputs(deno, ["install", "--quiet", "--frozen"]);
    if (!await hasJsr()) {
      skip("the real @std/streams: JSR does not answer here, so a stand-in takes its place");
    }
    if (Deno.env.get("FAKTORY_TEST_URL") === undefined) {
      skip("the contract suite against a real server, as FAKTORY_TEST_URL is not set");
    }
  },
};

/** Checks without tests. Most take a second. */
export const checkSteps: readonly Step[] = [
  denoStep("format", "fmt", "--check"),
  denoStep("lint", "lint"),
  { name: "types", run: () => runDeno("check", "mod.ts", "src", "tests", "scripts") },
  { name: "types for dnt", run: () => inTempFolder(checkDntTypes) },
  denoStep("import rules", "run", "-A", "scripts/check_imports.ts"),
  {
    name: "documentation",
    run: async () =>
      await runDeno("doc", "--lint", ...Object.values((await readProject()).exports)),
  },
  { name: "publish dry run", run: () => runDeno("publish", "--dry-run", "--allow-dirty") },
];

/**
 * Returns a step that fails if `deno.lock` has changed since this call, which means that it was
 * incomplete.
 */
export function lockStep(): Step {
  const before = Deno.readTextFileSync("deno.lock");
  return {
    name: "lock file",
    async run() {
      if (await Deno.readTextFile("deno.lock") === before) return;
      throw new Error("deno.lock was not complete: run deno install, and commit it");
    },
  };
}

/** The settings of dnt 0.43.2 for `scripts/npm/dnt.ts`. */
const dntOptions = {
  ...{ noEmit: true, strict: true, useUnknownInCatchVariables: false },
  ...{ target: "ES2022", lib: ["ESNext", "DOM", "DOM.Iterable"], types: ["node"] },
  ...{ module: "ESNext", moduleResolution: "bundler", allowImportingTsExtensions: true },
  ...{ isolatedModules: true, useDefineForClassFields: true, skipLibCheck: true },
  ...{ esModuleInterop: false, allowSyntheticDefaultImports: true, ignoreDeprecations: "6.0" },
};

/**
 * Compiles the sources with dnt's settings, which differ from Deno's: without
 * `exactOptionalPropertyTypes`, and with TypeScript's own DOM library. This finds the errors of
 * `deno task build:npm` without JSR.
 */
async function checkDntTypes(folder: string): Promise<void> {
  const root = Deno.cwd();
  const paths = Object.entries(standIns).map(([name, file]) => [name, [`${root}/${file}`]]);
  const typeRoots = [`${root}/node_modules/@types`];
  const config = {
    compilerOptions: { ...dntOptions, typeRoots, paths: Object.fromEntries(paths) },
    include: [`${root}/mod.ts`, `${root}/src/**/*.ts`],
  };
  await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
  await outputs("node", ["node_modules/typescript/bin/tsc", "--project", folder]);
}
