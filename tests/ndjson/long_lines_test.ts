import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidArgumentError } from "../../mod.ts";
import { linesToJobs, mergeStreams } from "../../src/ndjson/mod.ts";
import { WholeLines } from "../../src/ndjson/whole_lines.ts";
import { all, bytesOf } from "./setting.ts";

const MIB = 1024 * 1024;

/** Returns a line of this length in pieces. */
function* piecesOf(bytes: number, size: number): Generator<Uint8Array<ArrayBuffer>> {
  const line = new TextEncoder().encode(`{"type":"${"a".repeat(bytes - 12)}"}\n`);
  for (let at = 0; at < line.length; at += size) yield line.slice(at, at + size);
}

/** Counts the characters that `indexOf` and `lastIndexOf` search while `use` runs. */
async function searched(use: () => Promise<void>): Promise<number> {
  const names = ["indexOf", "lastIndexOf"] as const;
  const own = names.map((name) => String.prototype[name]);
  let characters = 0;
  for (const [index, name] of names.entries()) {
    String.prototype[name] = function (this: string, ...args: [string, number?]) {
      characters += this.length;
      return own[index]!.apply(this, args);
    };
  }
  try {
    await use();
  } finally {
    for (const [index, name] of names.entries()) String.prototype[name] = own[index]!;
  }
  return characters;
}

test("a line in many pieces is not searched again at each piece", async () => {
  const bytes = MIB / 4;
  let jobs = 0;
  const characters = await searched(async () => {
    const source = ReadableStream.from(piecesOf(bytes, 256));
    jobs = (await all(source.pipeThrough(linesToJobs()))).length;
  });
  assert.equal(jobs, 1);
  // Once in each of the few steps. Searching at each of the 1024 pieces would be 512 times.
  assert.ok(characters <= 6 * bytes, `${characters / bytes} times`);
});

test("a line of 4 MiB in pieces of 256 bytes is a job", async () => {
  const source = ReadableStream.from(piecesOf(4 * MIB - 1, 256));
  const [job] = await all(source.pipeThrough(linesToJobs()));
  assert.equal(job?.type.length, 4 * MIB - 1 - 12);
});

test("lines are passed on when complete, each character once", () => {
  const lines = new WholeLines();
  const given = ["a", "b\nc", "", "\n\n", "d", "e\nf\ng"].map((text) => lines.add(text));
  assert.deepEqual(given, ["", "ab\n", "", "c\n\n", "", "de\nf\n"]);
  assert.equal(lines.end(), "g");
  assert.equal(lines.end(), "");
  assert.equal(lines.add("h\n"), "h\n");
});

test("nothing is passed on before the line ends, for any number of pieces", () => {
  const lines = new WholeLines();
  const pieces = 5000;
  for (let i = 0; i < pieces; i++) assert.equal(lines.add(String(i % 10)), "");
  const line = lines.add("\nrest");
  assert.equal(line, `${"0123456789".repeat(pieces / 10)}\n`);
  assert.equal(lines.end(), "rest");
});

test("a stream of other values than bytes is reported", async () => {
  const cases = [
    [
      '{"type":"secret"}\n',
      /yields strings and not bytes .*: pipe it through a TextEncoderStream$/,
    ],
    [null, /yields null and not bytes \(Uint8Array\)$/],
    [undefined, /yields undefined and not bytes/],
    [17, /yields a number and not bytes/],
    [{ type: "secret" }, /yields an object and not bytes/],
    [new ArrayBuffer(2), /yields an object and not bytes/],
  ] as const;
  for (const [piece, message] of cases) {
    const source = new ReadableStream<unknown>({
      start(controller) {
        controller.enqueue(piece);
        controller.close();
      },
    }) as ReadableStream<Uint8Array>;
    const error = await all(source.pipeThrough(linesToJobs())).then(() => {}, (reason) => reason);
    assert.ok(error instanceof InvalidArgumentError, String(error));
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, message);
    assert.ok(!error.message.includes("secret"));
  }
  assert.throws(() => linesToJobs(null as never), { code: "INVALID_OPTION" });
  assert.throws(() => linesToJobs("lines" as never), { code: "INVALID_OPTION" });
});

test("invalid streams are refused before any is locked", () => {
  const stream = bytesOf("a\n");
  const locked = bytesOf("b\n");
  locked.getReader();
  for (const streams of [null, 1, "ab", [stream, null], [stream, locked], [stream, stream]]) {
    assert.throws(() => mergeStreams(streams as never), (error) => {
      assert.ok(error instanceof InvalidArgumentError);
      assert.match(error.message, /^Cannot merge streams as /);
      return true;
    });
  }
  assert.equal(stream.locked, false);
});
