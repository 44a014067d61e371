import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { build } from "esbuild";

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
    external: ["node:*", "cloudflare:*"],
    logLevel: "silent",
  });
  const names = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external === true).map(({ path }) => path)
  );
  return [...new Set(names)].filter((name) => !/^(node|cloudflare):/.test(name)).sort();
}

/** What each entry may load; the others nothing. */
const own: Readonly<Record<string, readonly string[]>> = {
  "./cli": ["cli-table3", "commander"],
  "./ndjson": ["@std/streams/text-line-stream"],
  "./telemetry": ["@opentelemetry/api"],
};

it("loads OpenTelemetry by its own entry alone, and next to nothing else by any", async () => {
  for (const [name, entry] of Object.entries(exports)) {
    const packages = await packagesOf(entry);
    const others = packages.filter((one) => !one.startsWith("@noble/hashes"));
    assert.deepEqual(others, own[name] ?? [], name);
  }
});
