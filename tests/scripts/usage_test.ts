import assert from "node:assert/strict";
import { it } from "node:test";
import { integer, list, path, readArgs, UsageError } from "../../scripts/usage.ts";

const flags = { minutes: { type: "string" }, check: { type: "boolean" } } as const;

it("reads flags, and arguments if the program takes some", () => {
  const { values } = readArgs(["--minutes=0.5", "--check", "-h"], { flags });
  assert.deepEqual({ ...values }, { minutes: "0.5", check: true, help: true });
  assert.deepEqual(readArgs(["load"], { flags, maxArguments: 1 }).positionals, ["load"]);
});

it("refuses a wrong command line in one line", () => {
  const refuses = (args: readonly string[], maxArguments: number, message: string) =>
    assert.throws(() => readArgs(args, { flags, maxArguments }), (error: Error) => {
      assert(error instanceof UsageError);
      assert.match(error.message, /^[^\n]*: see --help$/);
      return error.message.includes(message);
    });
  refuses(["--other"], 0, "'--other'");
  refuses(["--minutes"], 0, "--minutes");
  refuses(["load"], 0, "'load'");
  refuses(["load", "more"], 1, "'more'");
});

it("takes lists of known names, in their order", () => {
  assert.deepEqual(list("--only", undefined, ["a", "b"]), ["a", "b"]);
  assert.deepEqual(list("--only", "b,a,b", ["a", "b", "c"]), ["a", "b"]);
  assert.throws(() => list("--only", "a,x", ["a", "b"]), /--only as "x" is none of a, b/);
  assert.throws(() => list("--only", ",", ["a", "b"]), /names nothing/);
});

it("takes integers of 1 or more, and paths that are not empty", () => {
  assert.deepEqual([integer("--ms", "20"), integer("--ms", undefined)], [20, undefined]);
  for (const text of ["0", "-1", "1.5", "x", ""]) {
    assert.throws(() => integer("--ms", text), /^UsageError|Cannot use --ms/);
  }
  assert.equal(path("--json", "a.json"), "a.json");
  assert.throws(() => path("--json", ""), /Cannot use --json as it is empty/);
});
