import { run } from "../command.ts";
import { standIns } from "../stand_in.ts";
import { inTempFolder } from "../temp_folder.ts";
import { fail, type Outcome, pass, type Step } from "./step.ts";

/** What dnt 0.43.2 sets when it compiles with the settings of `scripts/npm/dnt.ts`. */
const compilerOptions = {
  noEmit: true,
  strict: true,
  useUnknownInCatchVariables: false,
  target: "ES2022",
  lib: ["ESNext", "DOM", "DOM.Iterable"],
  module: "ESNext",
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  isolatedModules: true,
  useDefineForClassFields: true,
  esModuleInterop: false,
  allowSyntheticDefaultImports: true,
  skipLibCheck: true,
  ignoreDeprecations: "6.0",
  types: ["node"],
};

/**
 * The sources compile with dnt's settings, which are not Deno's: without `exactOptionalPropertyTypes`, and with the DOM of
 * TypeScript's own library. Needs no JSR, and so finds on every machine what `deno task build:npm` would refuse.
 */
export const dntTypesStep: Step = {
  name: "types for dnt",
  run: () => inTempFolder(checkTypes),
};

async function checkTypes(folder: string): Promise<Outcome> {
  const root = Deno.cwd();
  const config = {
    compilerOptions: {
      ...compilerOptions,
      typeRoots: [`${root}/node_modules/@types`],
      paths: Object.fromEntries(
        Object.entries(standIns).map(([name, file]) => [name, [`${root}/${file}`]]),
      ),
    },
    include: [`${root}/mod.ts`, `${root}/src/**/*.ts`],
  };
  await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
  const success = await run("node", ["node_modules/typescript/bin/tsc", "--project", folder]);
  return success ? pass : fail("dnt's compiler would refuse the sources");
}
