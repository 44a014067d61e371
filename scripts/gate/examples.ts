import { run } from "../command.ts";
import { readProject } from "../project.ts";
import { inTempFolder } from "../temp_folder.ts";
import { checks } from "./examples/checks.ts";
import { installNpm, type Packed, runtimes } from "./installed.ts";
import { fail, type Outcome, pass, type Step, sumOf } from "./step.ts";

/** No programs of their own: the step of the package runs them in workerd. */
const ELSEWHERE = ["cloudflare-cron", "cloudflare-worker"];

/** The programs of `examples/`, copied to where the package is installed as npm gets it: their types, and each run by each runtime. */
export function programStep(packed: Packed): Step {
  return {
    name: "example programs",
    run: () => inTempFolder((work) => runPrograms(work, packed)),
  };
}

async function runPrograms(work: string, packed: Packed): Promise<Outcome> {
  const examples = Object.keys(checks);
  await install(work, { examples, packed });
  const folder = `${work}/examples`;
  // The runtimes side by side, as most of it is waiting for programs to start.
  const runs = runtimes.map((runtime) =>
    sumOf(examples.map((name) => async () => {
      const error = await checks[name]!({ runtime, folder }).then(() => {}, String);
      return error === undefined ? pass : fail(`examples/${name} under ${runtime.name}: ${error}`);
    }))
  );
  return await sumOf([
    () => checkNames(examples),
    () => checkTypes(work, examples),
    ...runs.map((outcome) => () => outcome),
  ]);
}

/** All that the examples ask for, this package excepted, which is packed. */
async function install(
  work: string,
  { examples, packed }: { readonly examples: readonly string[]; readonly packed: Packed },
): Promise<void> {
  const { name: own } = await readProject();
  const wanted = new Map<string, string>();
  for (const example of examples) {
    const manifest = JSON.parse(await Deno.readTextFile(`examples/${example}/package.json`));
    const all = Object.entries<string>({ ...manifest.dependencies, ...manifest.devDependencies });
    for (const [name, range] of all) wanted.set(name, range);
    await Deno.mkdir(`${work}/examples/${example}`, { recursive: true });
    for await (const file of Deno.readDir(`examples/${example}`)) {
      const path = `examples/${example}/${file.name}`;
      if (file.isFile) await Deno.copyFile(path, `${work}/${path}`);
    }
  }
  wanted.delete(own);
  const specifiers = [...wanted].map(([name, range]) => `${name}@${range}`);
  await installNpm(work, [await packed(), ...specifiers]);
}

/** No example goes unrun. */
async function checkNames(examples: readonly string[]): Promise<Outcome> {
  const found = await Array.fromAsync(Deno.readDir("examples"));
  const unknown = found.filter(({ isDirectory }) => isDirectory).map(({ name }) => name)
    .filter((name) => ![...examples, ...ELSEWHERE].includes(name));
  return unknown.length === 0 ? pass : fail(`nothing runs examples/${unknown.join(", ")}`);
}

/** As a program in TypeScript is checked that Node runs by itself, or by tsx. */
async function checkTypes(work: string, examples: readonly string[]): Promise<Outcome> {
  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: "ESNext", module: "nodenext", lib: ["ESNext"] },
    ...{ allowImportingTsExtensions: true, skipLibCheck: true, types: ["node"] },
    typeRoots: [`${Deno.cwd()}/node_modules/@types`],
  };
  const include = examples.map((name) => `examples/${name}/*.ts`);
  await Deno.writeTextFile(`${work}/tsconfig.json`, JSON.stringify({ compilerOptions, include }));
  const success = await run("node", ["node_modules/typescript/bin/tsc", "--project", work]);
  return success ? pass : fail("the examples' types");
}
