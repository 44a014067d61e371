import { inTempFolder, outputs, readProject } from "../tools.ts";
import { checks } from "../../tests/examples/checks.ts";
import { installNpm, type Packed, runtimes } from "./npm.ts";
import { all, allAtOnce, none, type Step } from "./step.ts";

/**
 * Examples that this step does not run. The package step runs those for Cloudflare in workerd;
 * NestJS and Next are large to install and are run by hand.
 */
const ELSEWHERE = ["cloudflare-cron", "cloudflare-worker", "nestjs", "next"];

/**
 * Checks the types of the programs of `examples/`, and runs each under each runtime, with the
 * package installed as from npm.
 */
export function programStep(packed: Packed): Step {
  return {
    name: "example programs",
    run: () => inTempFolder((work) => runPrograms(work, packed)),
  };
}

async function runPrograms(work: string, packed: Packed): Promise<void> {
  const examples = Object.keys(checks);
  await install(work, examples, packed);
  const folder = `${work}/examples`;
  // The runtimes at the same time, because they mostly wait for programs to start.
  const runs = runtimes.map((runtime) =>
    all(examples.map((name) => () =>
      checks[name]!({ runtime, folder }).catch((error) => {
        throw new Error(`examples/${name} under ${runtime.name}: ${error}`);
      })
    ))
  );
  await allAtOnce([checkNames(examples), checkTypes(work, examples), ...runs]);
}

/** Installs all dependencies of the examples, and the package from its tarball. */
async function install(work: string, examples: readonly string[], packed: Packed): Promise<void> {
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

async function checkNames(examples: readonly string[]): Promise<void> {
  const found = await Array.fromAsync(Deno.readDir("examples"));
  const unknown = found.filter(({ isDirectory }) => isDirectory).map(({ name }) => name)
    .filter((name) => ![...examples, ...ELSEWHERE].includes(name));
  none(unknown.map((name) => `nothing runs examples/${name}`));
}

/** Checks the types as for a program that Node runs itself, or with tsx. */
async function checkTypes(work: string, examples: readonly string[]): Promise<void> {
  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: "ESNext", module: "nodenext", lib: ["ESNext"] },
    ...{ allowImportingTsExtensions: true, skipLibCheck: true, types: ["node"] },
    typeRoots: [`${Deno.cwd()}/node_modules/@types`],
  };
  const include = examples.map((name) => `examples/${name}/*.ts`);
  await Deno.writeTextFile(`${work}/tsconfig.json`, JSON.stringify({ compilerOptions, include }));
  await outputs("node", ["node_modules/typescript/bin/tsc", "--project", work]);
}
