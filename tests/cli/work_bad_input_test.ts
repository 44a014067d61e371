import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Script } from "node:vm";
import { moduleError } from "../../src/cli/commands/work/load.ts";
import { runtime } from "../../src/internal/environment.ts";
import { withFolder } from "../server/data.ts";
import { type CommandResult, faktory, unusedUrl, withServer } from "./setting.ts";

/**
 * Asserts that the command failed with this status, and with one line that explains the error and
 * how to fix it.
 */
function assertRefused(
  { status, stdout, stderr }: CommandResult,
  expected: number,
  line: RegExp,
): void {
  assert.match(stderr, /^faktory: [^\n]+; [^\n]+\n$/);
  assert.match(stderr, line);
  assert.deepEqual([status, stdout], [expected, ""], stderr);
}

/** Runs `faktory work` with modules of these contents, on a running server. */
async function workWith(texts: Record<string, string>, ...flags: string[]): Promise<CommandResult> {
  let ended: CommandResult | undefined;
  await withServer({}, async ({ url }) => {
    await withFolder(async (folder) => {
      const paths = Object.keys(texts).map((name) => join(folder, name));
      for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
      ended = await faktory(["work", ...paths, "--url", url, "--max-jobs", "1", ...flags]);
    });
  });
  assert.ok(ended !== undefined);
  return ended;
}

const flags: readonly (readonly [args: readonly string[], line: RegExp])[] = [
  [[], /missing required argument 'module'; see faktory work --help/],
  [["a.js", "--queues", ""], /It must be names in order, critical,default, or with weig/],
  [["a.js", "--queues", "a,,b"], /It must be names in order/],
  [["a.js", "--queues", "a=0"], /It must be names in order/],
  [["a.js", "--queues", "a=b=1"], /It must be names in order/],
  [["a.js", "--queues", "a,b,a"], /It must name each queue once/],
  [["a.js", "--concurrency", "0"], /It must be an integer from 1 to 10000/],
  [["a.js", "--processes", "0"], /It must be an integer from 1 to 1000/],
  [["a.js", "--max-jobs", "none"], /It must be an integer of 1 or more/],
  [["a.js", "--grace", "soon"], /It must be a number of seconds above 0/],
  [["a.js", "--labels", ","], /It must be a list separated by commas/],
];

for (const [args, line] of flags) {
  test(`wrong usage is one line: faktory work ${args.join(" ")}`, async () => {
    assertRefused(await faktory(["work", ...args]), 64, line);
  });
}

test("an invalid queue name is refused", async () => {
  const module = { "a.mjs": "export default { a() {} };" };
  assertRefused(await workWith(module, "-q", "no way"), 64, /queue/);
});

const missing: readonly (readonly [name: string, reason: RegExp])[] = [
  ["./nowhere.js", /Cannot load "\.\/nowhere\.js" as there is no such file; pass a module/],
  ["nowhere.ts", /Cannot load "nowhere\.ts" as there is no such file/],
  ["file:///nowhere.js", /as there is no such file/],
  ["src", /Cannot load "src" as it is a folder/],
];

test("a missing module is named", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "src"));
    for (const [name, line] of missing) {
      const path = name === "src" ? join(folder, name) : name;
      const expected = name === "src" ? /as it is a folder; pass a module/ : line;
      for (const more of [[], ["--watch"]]) {
        assertRefused(await faktory(["work", path, ...more]), 66, expected);
      }
    }
  });
  const ended = await faktory(["work", "no-such-package-here"]);
  assertRefused(
    ended,
    66,
    /Cannot load "no-such-package-here" as there is no such file or package/,
  );
});

test("a file that is not a module is named", async () => {
  // Bun imports a text file as a module with the text as its default export.
  const line = /as it is neither JavaScript nor TypeScript; pass a module|got "a b"; write/;
  assertRefused(await workWith({ "a.txt": "a b" }), 65, line);
});

test("Node's error for a module treated as CommonJS comes with a fix", {
  skip: runtime() !== "node" && "only Node heeds that field",
}, async () => {
  const module = { name: "./a.js", specifier: "file:///a.js", path: "/a.js" };
  const line =
    /^Cannot load "\.\/a\.js" as Node \S+ treats it as CommonJS .*; set "type": "module" in pack/;
  for (const text of ["export default {};", "import 'node:fs';"]) {
    // Node parses a script like CommonJS. tsx, which runs these tests, would parse it as a module.
    const error = await moduleError(module, thrownBy(() => new Script(text)));
    assert.match(`${error.message}; ${error.hint}`, line);
    const other = await moduleError(
      { ...module, path: "/a.mjs" },
      thrownBy(() => new Script(text)),
    );
    assert.equal(other.hint, "fix the module");
  }
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

const broken: readonly (readonly [what: string, text: string, line: RegExp])[] = [
  ["has no handler", "export const a = 1;", /as it exports no handler; write export def/],
  ["has functions by name", "export function resize() {}", /; add export default \{ resize \}/],
  ["has an empty object", "export default {};", /as it exports no handler/],
  ["exports a number", "export default 5;", /neither an object of handlers nor a function: got 5/],
  [
    "has a text for a handler",
    "export default { a: 'b' };",
    /its handler "a" is neither .*got "b"/,
  ],
  ["has handlers that are none", "export const handlers = [];", /export "handlers" is not an obj/],
  [
    "has an unknown option",
    "export default { a: { handler() {}, timeout: 5 } };",
    /its handler "a" has an unknown option "timeout"; the options are concurrency, perSecond, timeoutMs/,
  ],
  [
    "has an invalid value of an option",
    "export default { a: { handler() {}, concurrency: 0 } };",
    /concurrency/,
  ],
  [
    "has invalid middleware",
    "export default { a() {} }; export const middleware = [1];",
    /its export "middleware" is not an array of functions/,
  ],
  [
    "has options that are none",
    "export default { a() {} }; export const options = { concurrency: -1 };",
    /Cannot use "\S+": .*concurrency.*; fix the module/,
  ],
  [
    "has jobs that are none",
    "export default { a() {} }; export const jobs = 5;",
    /its export "jobs" is not a catalogue: got 5; create it with defineJobs/,
  ],
  [
    "has an invalid teardown",
    "export default { a() {} }; export const teardown = 5;",
    /its export "teardown" is not a function: got 5/,
  ],
  ["registers nothing", "export default () => {};", /as its function registers no handler/],
  [
    "has a function that throws",
    "\nexport default () => { throw new RangeError('no database') };",
    /as it fails: RangeError: no database \(\S*a\.mjs:2:\d+\); fix the module/,
  ],
  [
    "throws on import",
    "\n\nthrow new Error('no database');",
    /as it fails: no database \(\S*a\.mjs:3:\d+\); fix the module/,
  ],
  ["throws a text", "throw 'up';", /as it fails: up; fix the module/],
  [
    "has a syntax error",
    "export default {\n  a( {\n};",
    /as it fails: [^\n]+ \(\S*a\.mjs:3(:\d+)?\); fix the module/,
  ],
  [
    "imports what is not there",
    "import './nowhere.mjs';",
    /as it fails: [^\n]*nowhere\.mjs[^\n]*; install or fix what it imports/,
  ],
];

for (const [what, text, line] of broken) {
  test(`a module that ${what} is reported in one line`, async () => {
    assertRefused(await workWith({ "a.mjs": text }), 65, line);
  });
}

test("modules with conflicting exports are refused", async () => {
  const module = "export default { a() {} };";
  const together = /Cannot use "\S*a\.mjs" and "\S*b\.mjs" together as both have /;
  const handlers = await workWith({ "a.mjs": module, "b.mjs": module });
  assertRefused(handlers, 65, together);
  assert.match(handlers.stderr, /both have a handler for "a"; remove one of them/);
  const options = "export const options = { concurrency: 2 };";
  const both = await workWith({
    "a.mjs": module + options,
    "b.mjs": "export default { b() {} };" + options,
  });
  assertRefused(both, 65, together);
  assert.match(both.stderr, /the option "concurrency"/);
});

test("an error in an imported module is reported", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "a.mjs"), "import './b.mjs'; export default { a() {} };");
    await writeFile(join(folder, "b.mjs"), "export const b = ;");
    const ended = await faktory(["work", join(folder, "a.mjs")]);
    assertRefused(ended, 65, /as it fails: [^\n]+ \(\S*b\.mjs:1(:\d+)?\); fix the module/);
  });
});

test("no server, or one that requires a password", async () => {
  const module = { "a.mjs": "export default { a() {} };" };
  assertRefused(await workWith(module, "--url", await unusedUrl()), 69, /nothing listens there/);
  await withServer({ password: "hush" }, async ({ port }) => {
    const url = `tcp://:wr0ng@127.0.0.1:${port}`;
    assertRefused(
      await workWith(module, "--url", url),
      77,
      /; correct it in --password, in the URL/,
    );
    assertRefused(await workWith(module, "--url", url, "--check"), 77, /FAKTORY_PASSWORD/);
  });
});

test("only files can be watched", async () => {
  const ended = await faktory(["work", "https://example.com/a.js", "--watch"]);
  assertRefused(
    ended,
    64,
    /Cannot watch https:\/\/example\.com\/a\.js as it is not a f/,
  );
});
