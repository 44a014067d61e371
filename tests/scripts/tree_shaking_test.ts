import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { cwd } from "node:process";
import { it } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { withEsbuild } from "../../scripts/esbuild.ts";
import { Program } from "../../scripts/program.ts";

/** Largest allowed size of `Producer` from the sources, minified and gzipped, in bytes. */
const BUDGET = 38_500;

/** A registry may deliver the sources without the manifest that declares them free of effects. */
const program = `export { Producer } from ${JSON.stringify(`${cwd()}/mod.ts`)};`;

function checkSize(text: string | Uint8Array): void {
  const { length } = gzipSync(text, { level: 9 });
  assert(length <= BUDGET, `${length} bytes, ${BUDGET} are allowed`);
  // A bundle in which something is missing would be small, too.
  assert(length > BUDGET / 2, `${length} bytes`);
}

it("leaves the consumer out of a bundle of the producer's sources, by esbuild", async () => {
  const { metafile, outputFiles } = await withEsbuild(() =>
    build({
      stdin: { contents: program, resolveDir: cwd(), loader: "ts" },
      ...{ bundle: true, minify: true, format: "esm", platform: "node" },
      ...{ write: false, metafile: true },
    })
  );
  const [bundle] = Object.values(metafile.outputs);
  const consumer = Object.entries(bundle!.inputs)
    .filter(([path, { bytesInOutput }]) =>
      path.startsWith("src/consumer/") && bytesInOutput > 1000
    );
  assert.deepEqual(consumer, []);
  checkSize(outputFiles[0]!.contents);
});

it("leaves the consumer out of a bundle of the producer's sources, by Bun", async () => {
  const folder = await mkdtemp(`${tmpdir()}/faktory-bundle-`);
  try {
    const path = `${folder}/main.ts`;
    await writeFile(path, program);
    const flags = ["--minify", "--target", "node", "--outfile", `${folder}/out.mjs`];
    await new Program([`${cwd()}/node_modules/.bin/bun`, "build", path, ...flags]).end();
    checkSize(await readFile(`${folder}/out.mjs`));
  } finally {
    await rm(folder, { recursive: true });
  }
});
