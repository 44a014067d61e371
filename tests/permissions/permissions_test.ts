/**
 * Tests the table of `docs/permissions.md` row by row: a program works with the Deno permissions of
 * its row, requests no others, and fails with less.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/internal/environment.ts";
import { FaktoryServer } from "../../src/server/mod.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = join(root, "tests/fixtures/permissions");
const page = join(root, "docs/permissions.md");

const skip = runtime() !== "deno"
  ? "permissions are Deno's"
  : !existsSync(page) && "the documents are not part of this build";

/** A row of the table. */
interface Row {
  readonly entry: string;
  readonly program: string;
  readonly flags: readonly string[];
}

/** Values of the words in capitals. */
interface Placeholders {
  readonly url: string;
  readonly folder: string;
}

const fixture = (name: string, ...args: string[]) => [join(fixtures, "program.ts"), name, ...args];
const command = (...args: string[]) => [join(root, "src/cli/mod.ts"), ...args];
const handlers = join(fixtures, "handlers.ts");

/** Command of the program of each row, by the row's name for it. */
const programs: Readonly<Record<string, (placeholders: Placeholders) => string[]>> = {
  "a producer or a consumer with `url`": ({ url }) => fixture("client", url),
  "the same, with the URL in `FAKTORY_URL`": () => fixture("client"),
  "a consumer with `isolated` handlers": ({ url }) => fixture("isolated", url),
  "a producer with `transport`": ({ url }) => fixture("edge", url),
  "the embedded server, in memory": () => fixture("server"),
  "the embedded server with `data`": ({ folder }) => fixture("server", join(folder, "jobs.db")),
  "a supervisor": () => fixture("supervisor"),
  "the handler and the metrics": () => fixture("health"),
  "the handler": () => fixture("dashboard"),
  "streams of lines": () => fixture("ndjson"),
  "an outbox and its relay": () => fixture("outbox"),
  "a schedule": () => fixture("cron"),
  "a workflow": () => fixture("workflow"),
  "spans and metrics": () => fixture("telemetry"),
  "`runJob`, `FakeFaktory`, `MemoryServer`": () => fixture("testing"),
  "a producer with `denoTransport`": ({ url }) => fixture("deno", url),
  "a producer with `nodeTransport`": ({ url }) => fixture("node", url),
  "not for Deno": () => fixture("others"),
  "`faktory push`, `faktory info` and others": () => command("push", "greet"),
  "`faktory push` with `--url`": ({ url }) => command("push", "greet", "--url", url),
  "`faktory work HANDLERS` with `--url`": ({ url }) =>
    command("work", handlers, "--until-empty", "--url", url),
};

/** Returns the rows of the first table. */
async function readRows(): Promise<Row[]> {
  const [, table = ""] = (await readFile(page, "utf8")).split(/^\| -.*$/m);
  return [...table.split("\n\n")[0]!.matchAll(/^\| `(.+?)` +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, entry = "", program = "", permissions = ""]) => ({
      entry,
      program,
      flags: [...permissions.matchAll(/`(--.+?)`/g)].map(([, flag = ""]) => flag),
    }),
  );
}

function fill(flag: string, { url, folder }: Placeholders, isServer: boolean): string {
  return flag
    .replace("HOST:PORT", isServer ? "127.0.0.1:0" : new URL(url).host)
    .replace("MODULE", join(fixtures, "job.ts"))
    .replace("HANDLERS", handlers)
    .replace("FOLDER", folder)
    .replace("COMMAND", process.execPath);
}

/** A requested permission, as in Deno's audit log. */
interface PermissionRequest {
  readonly permission: string;
  readonly value: string | null;
}

interface ProgramResult {
  readonly status: number | null;
  readonly stderr: string;
  readonly requests: readonly PermissionRequest[];
}

/** Runs a program without answers to Deno's prompts. */
async function run(args: readonly string[], flags: readonly string[], placeholders: Placeholders) {
  const audit = join(await mkdtemp(join(placeholders.folder, "audit-")), "audit.jsonl");
  // The configuration with the stand-ins for JSR's packages, if these tests use it.
  const isOffline = import.meta.resolve("@std/streams/text-line-stream").startsWith("file:");
  const config = isOffline ? ["--config", join(root, "deno.offline.json")] : [];
  // Deno's `node:child_process` permits everything to a Deno without any permission.
  const none = ["--no-prompt", "--allow-sys=gid"];
  const all = ["run", "--quiet", "--no-lock", ...none, ...config, ...flags, ...args];
  const child = spawn(process.execPath, all, {
    cwd: root,
    env: { ...process.env, FAKTORY_URL: placeholders.url, DENO_AUDIT_PERMISSIONS: audit },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 60_000,
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines = existsSync(audit) ? (await readFile(audit, "utf8")).trim().split("\n") : [];
  const requests: PermissionRequest[] = lines.filter((line) => line !== "").map((line) =>
    JSON.parse(line)
  );
  return { status, stderr, requests } satisfies ProgramResult;
}

/** Returns true if one of the flags grants the permission. */
function isGiven({ permission, value }: PermissionRequest, flags: readonly string[]): boolean {
  return flags.some((flag) => {
    const [, name, values] = /^--allow-(\w+)(?:=(.+))?$/.exec(flag) ?? [];
    if (name !== permission) return false;
    return values === undefined ||
      values.split(",").some((one) => value === one || value?.startsWith(`${one}/`));
  });
}

/** Returns the same flags without one flag or one of its values, in every possible way. */
function withLess(flags: readonly string[]): string[][] {
  return flags.flatMap((flag, index) => {
    const [name = "", values = ""] = flag.split("=");
    const parts = values.split(",");
    const rest = parts.length < 2
      ? [undefined]
      : parts.map((part) => `${name}=${parts.filter((other) => other !== part)}`);
    return rest.map((less) => flags.toSpliced(index, 1, ...less === undefined ? [] : [less]));
  });
}

test("the table has a row for each entry", { skip }, async () => {
  const { exports } = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  const entries = new Set((await readRows()).map(({ entry }) => entry));
  assert.deepEqual([...entries].sort(), Object.keys(exports).sort());
});

test("a program needs the permissions of its row, and no others", { skip }, async (t) => {
  const rows = await readRows();
  for (const { entry, program, flags } of rows) {
    await t.test(`${entry}: ${program}`, async () => {
      const makeArgs = programs[program];
      assert.ok(makeArgs !== undefined, "there is a program for the row");
      await using server = await FaktoryServer.start({ port: 0, fetchWaitMs: 20 });
      const folder = await mkdtemp(join(tmpdir(), "permissions-"));
      try {
        const placeholders = { url: server.url, folder };
        const args = makeArgs(placeholders);
        const given = flags.map((flag) => fill(flag, placeholders, entry === "./server"));
        const { status, stderr, requests } = await run(args, given, placeholders);
        assert.deepEqual([status, stderr], [0, ""]);
        const others = requests.filter((one) => !isGiven(one, given));
        assert.deepEqual(others, [], "what Deno would have asked for at a terminal");
        for (const less of withLess(given)) {
          const ended = await run(args, less, placeholders);
          assert.notEqual(ended.status, 0, `it needs no more than ${less.join(" ")}`);
          assert.match(ended.stderr, /--allow-/, "the error says what to permit");
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});

test("a variable that may not be read does not count as unset", { skip }, async () => {
  await using server = await FaktoryServer.start({ port: 0, fetchWaitMs: 20 });
  const folder = await mkdtemp(join(tmpdir(), "permissions-"));
  try {
    const placeholders = { url: server.url, folder };
    // Also on a machine where the usual port has a server.
    const { status, stderr, requests } = await run(
      fixture("client"),
      ["--allow-net"],
      placeholders,
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /ConfigError: Cannot read the variable FAKTORY_PROVIDER .*--allow-env=FAKTORY_PROVIDER,FAKTORY_URL, or set the option url/,
    );
    assert.deepEqual(requests, []);
  } finally {
    await rm(folder, { recursive: true });
  }
});
