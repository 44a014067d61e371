import { createRequire } from "node:module";
import { bundleWorker } from "./edge_bundle.ts";
import { Program } from "../program.ts";
import { outputs } from "../tools.ts";

/**
 * The binary itself. The package's command starts it as a child, which would go on after a kill.
 */
const workerd: string = createRequire(import.meta.url)("workerd").default;

/** A date before Workers had Node's modules, so that none can be used by mistake. */
const COMPATIBILITY_DATE = "2025-06-01";

export interface Worker {
  /** Folder of its module, next to the `node_modules` that it imports from. */
  readonly folder: string;
  /** Its name, for the files that are written for it. */
  readonly name: string;
  /** Its module. */
  readonly contents: string;
  /** The texts in its `env`. */
  readonly bindings: Readonly<Record<string, string>>;
  /** Compatibility flags. @default none */
  readonly flags?: readonly string[];
}

/** Runs a Worker with a `test()` handler. Rejects if a test fails. */
export async function testWorker(worker: Worker): Promise<void> {
  await outputs(workerd, ["test", await configure(worker)], { timeoutMs: 60_000 });
}

/** Serves a Worker while `ask` runs, which gets its URL. */
export async function serveWorker<T>(
  worker: Worker,
  ask: (url: string) => Promise<T>,
): Promise<T> {
  const command = [workerd, "serve", "--control-fd=1", await configure(worker)];
  await using program = new Program(command);
  const port = /"port":(\d+)/.exec(await program.line(/"port":\d/))![1];
  return await ask(`http://127.0.0.1:${port}`);
}

/** Bundles a Worker and writes its configuration. Returns the path of the configuration. */
async function configure(
  { folder, name, contents, bindings, flags = [] }: Worker,
): Promise<string> {
  const bundle = await bundleWorker({ contents, resolveDir: folder });
  const authority = await Deno.readTextFile("tests/fixtures/tls/ca.pem");
  const texts = Object.entries(bindings).map(([key, value]) =>
    `(name = ${JSON.stringify(key)}, text = ${JSON.stringify(value)})`
  );
  await Deno.writeTextFile(`${folder}/${name}.bundle.js`, bundle);
  const path = `${folder}/${name}.capnp`;
  await Deno.writeTextFile(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (
      allow = ["private", "public"],
      tlsOptions = (trustedCertificates = [${JSON.stringify(authority)}]),
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${name}.bundle.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = [${flags.map((flag) => JSON.stringify(flag)).join(", ")}],
  bindings = [${texts.join(", ")}],
);
`,
  );
  return path;
}
