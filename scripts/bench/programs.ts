import { deno, output } from "../command.ts";
import type { Client } from "./clients.ts";

const here = "scripts/bench";

/** A first build of the Rust client fetches and compiles its dependencies. */
const CARGO_MS = 15 * 60_000;

/** Programs that are ready to be run. */
export interface Programs extends AsyncDisposable {
  /** How a client is run. */
  command(client: Client): string[];
  /** A server of the bench, on Node. */
  server(name: "null" | "embedded"): string[];
  /** Why the Rust client is not there. */
  readonly rustFault: string | undefined;
}

/**
 * Makes what the runtimes run. For Node everything is bundled, as it is JavaScript that the users of a package install:
 * `tsx` wraps every function that is made, which costs as much again as what is measured.
 */
export async function prepare({ isRust }: { isRust: boolean }): Promise<Programs> {
  const folder = await Deno.makeTempDir();
  try {
    await bundle(folder);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
  const rust = isRust ? await buildRust() : { fault: "not asked for" };
  return {
    rustFault: rust.fault,
    command({ program, host }) {
      switch (host) {
        case "deno":
          return [deno, "run", "-A", "--no-check", `${here}/clients/${program}.ts`];
        case "bun":
          return ["node_modules/.bin/bun", `${here}/clients/${program}.ts`];
        case "node":
          return ["node", `${folder}/clients/${program}.${program === "npm" ? "cjs" : "js"}`];
        case "machine":
          return [`${here}/rust/target/release/faktory-bench`];
      }
    },
    server: (name) => ["node", `${folder}/servers/${name}.js`],
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function bundle(folder: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/package.json`, '{"type":"module"}');
  const esbuild = async (sources: readonly string[], options: readonly string[]) => {
    await output("node_modules/.bin/esbuild", [
      ...sources.map((source) => `${here}/${source}.ts`),
      ...["--bundle", "--platform=node", "--target=node20"],
      ...[`--outbase=${here}`, `--outdir=${folder}`, "--log-level=error", ...options],
    ]);
  };
  await esbuild(
    ["clients/ours", "clients/floor", "servers/null", "servers/embedded"],
    ["--format=esm", "--splitting"],
  );
  // What it is made of is CommonJS.
  await esbuild(["clients/npm"], ["--format=cjs", "--out-extension:.js=.cjs"]);
}

async function buildRust(): Promise<{ fault: string | undefined }> {
  try {
    await output("cargo", ["--version"]);
  } catch {
    return { fault: "there is no cargo here" };
  }
  try {
    const manifest = `${here}/rust/Cargo.toml`;
    await output("cargo", ["build", "--release", "--locked", "--manifest-path", manifest], {
      timeoutMs: CARGO_MS,
    });
    return { fault: undefined };
  } catch (error) {
    const lines = String(error).trim().split("\n");
    return { fault: `cargo could not build it: ${lines.find((l) => /error/.test(l)) ?? lines[0]}` };
  }
}
