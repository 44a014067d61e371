import { build } from "esbuild";
import { it } from "node:test";
import * as main from "../../mod.ts";
import * as testing from "../../src/testing/mod.ts";
import { withEsbuild } from "../../scripts/esbuild.ts";
import { checkClasses, checkWork } from "../package/copies.mjs";

/** The package once more, with all its names shortened. */
async function secondCopy(): Promise<Record<string, unknown>> {
  const contents = `export * from "./mod.ts"; export * from "./src/testing/mod.ts";`;
  const { outputFiles } = await withEsbuild(() =>
    build({
      stdin: { contents, resolveDir: ".", loader: "ts" },
      ...{ bundle: true, minify: true, write: false, format: "esm", platform: "node" },
    })
  );
  const text = outputFiles[0]!.text;
  return await import(`data:text/javascript;base64,${btoa(text)}`);
}

const one: Record<string, unknown> = { ...main, ...testing };
const other = secondCopy();

it("recognises every class of another copy of the package", async () => {
  checkClasses(one, await other);
  checkClasses(await other, one);
});

it("runs another copy's jobs, outcomes, catalogues and consumers", async () => {
  await checkWork(one, await other);
  await checkWork(await other, one);
});
