import { deno, inTempFolder, outputs } from "../tools.ts";
import { cachedOrSkip, type Installed } from "./npm.ts";
import { all } from "./step.ts";

/** Packages of the projects, pinned: the newest that run on Node 20. */
const PACKAGES = [
  ...["jest@30.5.2", "@swc/core@1.16.22", "@swc/jest@0.2.39", "vitest@4.1.12"],
  "sinon@22.1.0",
];

/** Number of tests in each project; that of `node:test` has one more, with Sinon's timers. */
const TESTS = 4;

/** A project whose tests use the package, with its runner's default configuration. */
interface Runner {
  /** Path of the test in `tests/package/runners`, and in the project. */
  readonly from: string;
  readonly to: string;
  /** Other files of the project, besides an empty `package.json`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly command: readonly [command: string, ...args: string[]];
  /** Matches the output if all tests passed. */
  readonly passed: RegExp;
}

const JEST: Pick<Runner, "to" | "command" | "passed"> = {
  to: "resize.test.js",
  command: ["node", "../node_modules/jest/bin/jest.js"],
  passed: RegExp(`^Tests: +${TESTS} passed, ${TESTS} total$`, "m"),
};

const runners: Readonly<Record<string, Runner>> = {
  jest: { ...JEST, from: "jest.js" },
  "@swc/jest": {
    ...JEST,
    from: "swc_jest.js",
    files: {
      "jest.config.js": `module.exports = { transform: { "^.+\\\\.(t|j)sx?$": "@swc/jest" } };`,
    },
  },
  vitest: {
    from: "vitest.ts",
    to: "resize.test.ts",
    command: ["node", "../node_modules/vitest/vitest.mjs", "run"],
    passed: RegExp(`^ +Tests +${TESTS} passed \\(${TESTS}\\)$`, "m"),
  },
  "bun test": {
    from: "bun.ts",
    to: "resize.test.ts",
    command: [`${Deno.cwd()}/node_modules/.bin/bun`, "test"],
    passed: RegExp(`^ ${TESTS} pass\\n 0 fail$`, "m"),
  },
  "deno test": {
    from: "deno.ts",
    to: "resize_test.ts",
    files: { "deno.json": `{ "nodeModulesDir": "manual" }` },
    command: [deno, "test", "--no-lock", "--allow-net", "--allow-env"],
    passed: RegExp(`\\| ${TESTS} passed`),
  },
  "node:test": {
    from: "node.mjs",
    to: "resize.test.mjs",
    command: ["node", "--test"],
    passed: RegExp(`^# pass ${TESTS + 1}$`, "m"),
  },
};

/** Runs tests of programs that use the package, with each test runner and its defaults. */
export async function checkRunners({ folder }: Installed): Promise<void> {
  const shared = await cachedOrSkip("test runners", "runners-with-sinon", PACKAGES);
  if (shared === undefined) return;
  await inTempFolder(async (work) => {
    await Deno.symlink(`${shared}/node_modules`, `${work}/node_modules`);
    await all(
      Object.entries(runners).map(([name, runner]) => async () => {
        const project = `${work}/${runner.from.replace(/\..*$/, "")}`;
        await Deno.mkdir(project);
        await Deno.symlink(`${folder}/node_modules`, `${project}/node_modules`);
        await runTests(name, runner, project);
      }),
    );
  });
}

async function runTests(name: string, runner: Runner, cwd: string): Promise<void> {
  const { from, to, files, command: [command, ...args], passed } = runner;
  await Deno.copyFile(`tests/package/runners/${from}`, `${cwd}/${to}`);
  for (const [file, text] of Object.entries({ "package.json": "{}", ...files })) {
    await Deno.writeTextFile(`${cwd}/${file}`, text);
  }
  const options = { cwd, env: { NO_COLOR: "1", CI: "true" }, timeoutMs: 60_000 };
  const { stdout, stderr } = await outputs(command, args, options);
  const text = `${stdout}\n${stderr}`;
  if (!passed.test(text)) throw new Error(`tests of a program by ${name}: ${text}`);
}
