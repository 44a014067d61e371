import { deno, inTempFolder } from "../tools.ts";
import { npmReason } from "../versions.ts";
import { cached, type Installed } from "./npm.ts";
import { all, skip } from "./step.ts";

/** Packages of the projects, pinned: the newest that run on Node 20. */
const packages = [
  ...["jest@30.5.2", "@swc/core@1.16.22", "@swc/jest@0.2.39", "vitest@4.1.12"],
  "sinon@22.1.0",
];

/** Tests in each project; that of `node:test` has one more, with Sinon's timers. */
const TESTS = 4;

/** A project whose tests use the package, with its runner's default configuration. */
interface Runner {
  /**
   * The file of `tests/package/runners` that is the project's test, and its name in the project.
   */
  readonly from: string;
  readonly to: string;
  /** Its other files. */
  readonly files?: Readonly<Record<string, string>>;
  readonly command: readonly [command: string, ...args: string[]];
  /** Printed if all tests passed. */
  readonly said: RegExp;
}

const runners: Readonly<Record<string, Runner>> = {
  jest: {
    from: "jest.js",
    to: "resize.test.js",
    files: { "package.json": "{}" },
    command: ["node", "../node_modules/jest/bin/jest.js"],
    said: RegExp(`^Tests: +${TESTS} passed, ${TESTS} total$`, "m"),
  },
  "@swc/jest": {
    from: "swc_jest.js",
    to: "resize.test.js",
    files: {
      "package.json": "{}",
      "jest.config.js": `module.exports = { transform: { "^.+\\\\.(t|j)sx?$": "@swc/jest" } };`,
    },
    command: ["node", "../node_modules/jest/bin/jest.js"],
    said: RegExp(`^Tests: +${TESTS} passed, ${TESTS} total$`, "m"),
  },
  vitest: {
    from: "vitest.ts",
    to: "resize.test.ts",
    files: { "package.json": "{}" },
    command: ["node", "../node_modules/vitest/vitest.mjs", "run"],
    said: RegExp(`^ +Tests +${TESTS} passed \\(${TESTS}\\)$`, "m"),
  },
  "bun test": {
    from: "bun.ts",
    to: "resize.test.ts",
    files: { "package.json": "{}" },
    command: [`${Deno.cwd()}/node_modules/.bin/bun`, "test"],
    said: RegExp(`^ ${TESTS} pass\\n 0 fail$`, "m"),
  },
  "deno test": {
    from: "deno.ts",
    to: "resize_test.ts",
    files: { "deno.json": `{ "nodeModulesDir": "manual" }`, "package.json": "{}" },
    command: [deno, "test", "--no-lock", "--allow-net", "--allow-env"],
    said: RegExp(`\\| ${TESTS} passed`),
  },
  "node:test": {
    from: "node.mjs",
    to: "resize.test.mjs",
    files: { "package.json": "{}" },
    command: ["node", "--test"],
    said: RegExp(`^# pass ${TESTS + 1}$`, "m"),
  },
};

/** Runs tests of programs that use the package, with each test runner and its defaults. */
export async function checkRunners({ folder }: Installed): Promise<void> {
  let shared: string;
  try {
    shared = await cached("runners-with-sinon", packages);
  } catch (error) {
    return skip(`test runners, as npm could not give them: ${npmReason(String(error))}`);
  }
  await inTempFolder(async (work) => {
    await link(`${shared}/node_modules`, `${work}/node_modules`);
    await all(
      Object.entries(runners).map(([name, runner]) => async () => {
        const project = `${work}/${runner.from.replace(/\..*$/, "")}`;
        await Deno.mkdir(project);
        await link(`${folder}/node_modules`, `${project}/node_modules`);
        return await runTests(name, runner, project);
      }),
    );
  });
}

async function runTests(name: string, runner: Runner, project: string): Promise<void> {
  const { from, to, files = {}, command: [command, ...args], said } = runner;
  await Deno.copyFile(`tests/package/runners/${from}`, `${project}/${to}`);
  for (const [file, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${project}/${file}`, text);
  }
  const options = { cwd: project, env: { NO_COLOR: "1", CI: "true" }, stdin: "null" } as const;
  const signal = AbortSignal.timeout(60_000);
  const { stdout, stderr } = await new Deno.Command(command, { ...options, args, signal }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  if (!said.test(text)) throw new Error(`tests of a program by ${name}: ${text}`);
}

/** Creates a link to a folder. On Windows, a junction needs no special permission. */
function link(folder: string, path: string): Promise<void> {
  return Deno.symlink(folder, path, { type: "junction" });
}
