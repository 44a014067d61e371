import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { build } from "esbuild";
import { PROCESS_ENTRIES } from "../../scripts/npm/manifest.ts";

const { exports } = JSON.parse(readFileSync("deno.json", "utf8")) as {
  exports: Record<string, string>;
};

/** The packages that a module loads, those that it loads later included. */
async function packagesOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    ...{ bundle: true, write: false, metafile: true, format: "esm", platform: "neutral" },
    packages: "external",
    // Without the stand-ins that the tests have for packages of JSR.
    tsconfigRaw: {},
    external: ["node:*"],
    logLevel: "silent",
  });
  const names = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external === true).map(({ path }) => path)
  );
  return [...new Set(names)].filter((name) => !/^node:/.test(name)).sort();
}

const hono = ["hono/body-limit", "hono/cookie", "hono/html", "hono/tiny"];

/** What each entry may load; the others nothing. */
const own: Readonly<Record<string, readonly string[]>> = {
  "./cli": ["commander", ...hono],
  "./cron": ["croner"],
  "./dashboard": hono,
  "./ndjson": ["@std/streams/text-line-stream"],
  "./telemetry": ["@opentelemetry/api"],
};

it("loads OpenTelemetry by its own entry alone, and nothing else by any", async () => {
  for (const [name, entry] of Object.entries(exports)) {
    assert.deepEqual(await packagesOf(entry), own[name] ?? [], name);
  }
});

it("names no module of a runtime where bundlers would look for it", async () => {
  for (const [name, entry] of Object.entries(exports)) {
    if (PROCESS_ENTRIES.includes(name)) continue;
    for (const minify of [false, true]) {
      await build({
        entryPoints: [entry],
        ...{ bundle: true, write: false, format: "esm", platform: "browser", minify },
        logLevel: "silent",
      });
    }
  }
});
