/** The gate: format, lint, types, publish dry run, then the one corpus under Deno, Bun and Node. */

const deno = Deno.execPath();
const totals = { passed: 0, failed: 0, skipped: 0 };

async function run(command: string, args: string[], env: Record<string, string> = {}) {
  const { success } = await new Deno.Command(command, { args, env, stdin: "null" }).spawn().status;
  return success;
}

async function step(name: string, args: string[]): Promise<void> {
  console.log(`\n== ${name}`);
  (await run(deno, args)) ? totals.passed++ : totals.failed++;
}

async function corpus(runtime: string, command: string, args: (report: string) => string[]) {
  console.log(`\n== tests under ${runtime}`);
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const success = await run(command, args(report), { FAKTORY_TEST_RUNTIME: runtime });
  const xml = await Deno.readTextFile(report);
  await Deno.remove(report);
  const count = (pattern: RegExp) => xml.match(pattern)?.length ?? 0;
  const all = count(/<testcase\b/g);
  const failed = count(/<(failure|error)\b/g);
  const skipped = count(/<skipped\b/g);
  totals.passed += all - failed - skipped;
  totals.skipped += skipped;
  // A runner that fails without a failed test has crashed, and one that ran nothing has proved nothing.
  totals.failed += failed === 0 && (!success || all === 0) ? 1 : failed;
}

function testFiles(folder: string): string[] {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return testFiles(path);
    return entry.name.endsWith("_test.ts") ? [path] : [];
  });
}

await step("install", ["install", "--quiet"]);
await step("format", ["fmt", "--check"]);
await step("lint", ["lint"]);
await step("types", ["check", "mod.ts", "src", "tests", "scripts"]);
await step("publish dry run", ["publish", "--dry-run", "--allow-dirty"]);
await corpus("deno", deno, (report) => ["test", "-A", `--junit-path=${report}`, "tests"]);
await corpus("bun", "node_modules/.bin/bun", (report) => [
  "test",
  "./tests",
  "--reporter=junit",
  `--reporter-outfile=${report}`,
]);
await corpus("node", "node", (report) => [
  // Not with --test-force-exit: it exits before the report is written.
  ...["--import", "tsx", "--test"],
  ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
  ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
  ...testFiles("tests"),
]);

console.log(
  `\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`,
);
Deno.exit(totals.failed === 0 ? 0 : 1);
