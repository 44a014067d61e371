import { build, type Plugin } from "esbuild";
import { deno, output } from "../tools.ts";
import { withEsbuild } from "../esbuild.ts";
import { cached, fetchNode } from "../gate/npm.ts";
import { majorOf, nodeVersions, npmReason } from "../versions.ts";
import type { Client } from "./clients.ts";

const here = "scripts/bench";

/** Some peers need this version of Node or a later one; the server's data in a file do as well. */
const MIN_NODE = 24;

/** A first build of the Rust client fetches and compiles its dependencies. */
const CARGO_MS = 15 * 60_000;

/** Programs that are ready to run. */
export interface Programs extends AsyncDisposable {
  command(client: Client): string[];
  /** A server of `servers/`, on Node. */
  server(name: string): string[];
  /** The command of bunqueue, on Bun. */
  bunqueue(): string[];
  /** Why a client cannot be run; `undefined` if it can. */
  fault(client: Client): string | undefined;
  /** The path of Node. */
  readonly node: string;
}

/**
 * Bundles what the runtimes run, as users of a package run JavaScript, and installs or builds the
 * peers. `base` is a folder with the sources of another version of this package.
 */
export async function prepare(
  clients: readonly Client[],
  base: string | undefined,
): Promise<Programs> {
  const folder = await Deno.makeTempDir();
  try {
    const faults = new Map<Client, string>();
    for (const client of clients) {
      const fault = await prepareClient(client, { folder, base });
      if (fault !== undefined) faults.set(client, fault);
    }
    await bundle(["servers/null", "servers/embedded"], folder);
    const node = await nodeProgram();
    const commands = {
      deno: [deno, "run", "-A", "--no-check", "--no-config"],
      bun: [bun],
      node: [node],
      machine: [],
    };
    return {
      node,
      command(client) {
        const { host, program, isBase } = client;
        if (host === "machine") return [`${here}/rust/target/release/faktory-bench`];
        return [...commands[host], `${folder}/${isBase ? "base/" : ""}clients/${program}.mjs`];
      },
      server: (name) => [node, `${folder}/servers/${name}.mjs`],
      bunqueue: () => [bun, `${folder}/node_modules/bunqueue/dist/cli/index.js`],
      fault: (client) => faults.get(client),
      async [Symbol.asyncDispose]() {
        await Deno.remove(folder, { recursive: true });
      },
    };
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

const bun = `${Deno.cwd()}/node_modules/.bin/bun`;

interface Places {
  readonly folder: string;
  readonly base: string | undefined;
}

/** Makes a client's program; why it cannot be made. */
async function prepareClient(client: Client, { folder, base }: Places) {
  const { program, host, packages = [], isBase } = client;
  if (host === "machine") return await buildRust();
  if (isBase && base === undefined) return "no --base was given";
  if (packages.length > 0) {
    try {
      const installed = await cached(`bench-${packages.join("-")}`, packages);
      await linkAll(`${installed}/node_modules`, `${folder}/node_modules`);
    } catch (error) {
      return `npm could not give it: ${npmReason(String(error))}`;
    }
  }
  if (isBase) await bundle([`clients/${program}`], `${folder}/base`, base);
  else await bundle([`clients/${program}`], folder);
  return undefined;
}

/** Gives a folder all packages of another one. */
async function linkAll(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await Deno.symlink(`${from}/${name}`, `${to}/${name}`).catch(() => {});
  }
}

/** Bundles programs of the bench, with this package's sources or those of another folder. */
async function bundle(names: readonly string[], outdir: string, base?: string): Promise<void> {
  const other: Plugin = {
    name: "other sources",
    setup({ onResolve }) {
      if (base === undefined) return;
      onResolve({ filter: /^(?:\.\.\/)+mod\.ts$/ }, () => ({ path: `${base}/mod.ts` }));
      // Earlier sources did not hide it from bundlers.
      onResolve({ filter: /^cloudflare:/ }, () => ({ external: true }));
    },
  };
  await withEsbuild(() =>
    build({
      entryPoints: names.map((name) =>
        name.replace(/^/, `${here}/`) + (/bullmq|graphile|pg_boss/.test(name) ? ".mjs" : ".ts")
      ),
      ...{ outbase: here, outdir, outExtension: { ".js": ".mjs" }, plugins: [other] },
      ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20" },
      // `faktory-worker` is CommonJS and requires modules of Node's.
      banner: {
        js:
          'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
      logLevel: "error",
    })
  );
}

/** The Node that is installed, if it is new enough, else one from npm. */
async function nodeProgram(): Promise<string> {
  const installed = (await output("node", ["--version"])).trim();
  if (Number(majorOf(installed)) >= MIN_NODE) return "node";
  return await fetchNode(nodeVersions.find((one) => majorOf(one) === `${MIN_NODE}`)!);
}

async function buildRust(): Promise<string | undefined> {
  try {
    await output("cargo", ["--version"]);
  } catch {
    return "there is no cargo here";
  }
  try {
    console.error("building the Rust client, which takes minutes the first time");
    const manifest = `${here}/rust/Cargo.toml`;
    await output("cargo", ["build", "--release", "--manifest-path", manifest], {
      timeoutMs: CARGO_MS,
    });
    return undefined;
  } catch (error) {
    const lines = String(error).trim().split("\n");
    return `cargo could not build it: ${lines.find((l) => /error/.test(l)) ?? lines[0]}`;
  }
}
