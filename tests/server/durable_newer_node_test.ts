import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { noSqlite } from "./data.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules/.cache/gate");

/** A Node with `node:sqlite`, from those that the gate has downloaded. */
const newer = (existsSync(cache) ? readdirSync(cache) : [])
  .filter((name) => Number(/@(\d+)/.exec(name)?.[1]) >= 22).sort().reverse()
  .map((name) => join(cache, name, "node_modules", name.split("@")[0]!, "bin/node"))
  .find((binary) => existsSync(binary));

const FILES = ["durable_disk", "durable_files", "durable_locks", "durable"];

test("data in a file on a newer Node", {
  skip: noSqlite === false
    ? "this runtime has node:sqlite"
    : newer === undefined && "the gate has fetched no newer Node",
}, () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const files = FILES.map((name) => join(root, `tests/server/${name}_test.ts`));
  const { status, stdout, stderr } = spawnSync(
    newer!,
    ["--import", "tsx", "--test", ...files],
    { cwd: root, env, encoding: "utf8" },
  );
  assert.equal(status, 0, stdout + stderr);
});
