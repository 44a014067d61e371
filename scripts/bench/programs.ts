import { build } from "esbuild";
import { withEsbuild } from "../esbuild.ts";
import { cached, fetchNode } from "../gate/npm.ts";
import { deno, output } from "../tools.ts";
import { majorOf, nodeVersions, npmReason } from "../versions.ts";
import type { Client } from "./clients.ts";

const BUN = `${Deno.cwd()}/node_modules/.bin/bun`;
const RUST = "scripts/bench/rust";

/** Some clients need this version of Node or a later one; a server with data does as well. */
const MIN_NODE = 24;

/** A first build of the Rust client fetches and compiles its dependencies. */
const CARGO_MS = 15 * 60_000;

/** Programs that are ready to run. */
export interface Programs extends AsyncDisposable {
  readonly node: string;
  command(client: Client): string[];
  /** Returns the command of a server on Node. */
  server(name: "null_server" | "embedded_server"): string[];
  /** The command of bunqueue's server, on Bun. */
  readonly bunqueue: readonly string[];
  /** Returns why a client cannot be run; `undefined` if it can. */
  fault(client: Client): string | undefined;
}

/**
 * Bundles the programs that the runtimes run, as users of a package run JavaScript, and installs or
 * builds the clients of others.
 */
export async function prepare(clients: readonly Client[]): Promise<Programs> {
  const folder = await Deno.makeTempDir();
  const faults = new Map<Client, string | undefined>();
  for (const client of clients) {
    const { host, packages } = client;
    if (host === "machine") faults.set(client, await buildRust());
    else if (packages !== undefined) faults.set(client, await install(packages, folder));
  }
  await bundle(clients, folder);
  const node = await nodeProgram();
  return {
    node,
    command({ host, program }) {
      const path = `${folder}/clients/${program}.mjs`;
      if (host === "machine") return [`${RUST}/target/release/faktory-bench`];
      if (host === "deno") return [deno, "run", "-A", "--no-check", "--no-config", path];
      return [host === "bun" ? BUN : node, path];
    },
    server: (name) => [node, `${folder}/${name}.mjs`],
    bunqueue: [BUN, `${folder}/node_modules/bunqueue/dist/cli/index.js`],
    fault: (client) => faults.get(client),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Links packages of npm into a folder. Returns why that is not possible. */
async function install(packages: readonly string[], folder: string): Promise<string | undefined> {
  try {
    const installed = `${await cached(`bench-${packages.join("-")}`, packages)}/node_modules`;
    await Deno.mkdir(`${folder}/node_modules`, { recursive: true });
    for await (const { name } of Deno.readDir(installed)) {
      // Several clients may bring a package.
      await Deno.symlink(`${installed}/${name}`, `${folder}/node_modules/${name}`).catch(() => {});
    }
    return undefined;
  } catch (error) {
    return `npm could not give it: ${npmReason(String(error))}`;
  }
}

async function bundle(clients: readonly Client[], outdir: string): Promise<void> {
  const programs = new Set(clients.filter(({ host }) => host !== "machine").map((c) => c.program));
  const entryPoints = [
    ...["embedded_server", "bench/null_server"].map((path) => ({
      in: `scripts/${path}.ts`,
      out: path.replace("bench/", ""),
    })),
    ...[...programs].map((name) => ({
      in: `scripts/bench/clients/${name}.${/bullmq|graphile|pg_boss/.test(name) ? "mjs" : "ts"}`,
      out: `clients/${name}`,
    })),
  ];
  await withEsbuild(() =>
    build({
      ...{ entryPoints, outdir, outExtension: { ".js": ".mjs" }, logLevel: "error" },
      ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20" },
      // `faktory-worker` is CommonJS and requires modules of Node.
      banner: {
        js:
          'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    })
  );
}

/** Returns the installed Node, if it is new enough, otherwise one from npm. */
async function nodeProgram(): Promise<string> {
  const installed = (await output("node", ["--version"])).trim();
  if (Number(majorOf(installed)) >= MIN_NODE) return "node";
  return await fetchNode(nodeVersions.find((one) => majorOf(one) === `${MIN_NODE}`)!);
}

/** Builds the Rust client. Returns why that is not possible. */
async function buildRust(): Promise<string | undefined> {
  try {
    await output("cargo", ["--version"]);
  } catch {
    return "cargo is not installed";
  }
  console.error("building the Rust client, which takes minutes the first time");
  try {
    const args = ["build", "--release", "--manifest-path", `${RUST}/Cargo.toml`];
    await output("cargo", args, { timeoutMs: CARGO_MS });
    return undefined;
  } catch (error) {
    const lines = String(error).trim().split("\n");
    return `cargo could not build it: ${lines.find((l) => /error/.test(l)) ?? lines[0]}`;
  }
}
