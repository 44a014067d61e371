import { createRequire } from "node:module";
import { build, stop } from "esbuild";
import { FaktoryServer } from "../../src/server/mod.ts";
import { run } from "../command.ts";
import type { Installed } from "./installed.ts";
import { fail, type Outcome, pass, sumOf } from "./step.ts";

/** Not its command, which is a program that starts this one: killed, it would leave it running. */
const workerd: string = createRequire(import.meta.url)("workerd").default;

/** Before Workers had modules of Node's, so that none can be used by mistake. */
const COMPATIBILITY_DATE = "2025-06-01";

const PASSWORD = "open, sesame";

/** The installed package in real workerd: a producer, and the example Worker. */
export function checkWorkers(installed: Installed): Promise<Outcome> {
  return sumOf([() => testProducer(installed), () => serveExample(installed)]);
}

/** The tests of `tests/package/worker.mjs`. */
async function testProducer({ folder }: Installed): Promise<Outcome> {
  await using server = await FaktoryServer.start({ port: 0, password: PASSWORD });
  using relay = new Relay(server.port);
  const url = (password: string, port: number) =>
    `tcp://:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  const config = await configure(folder, {
    name: "tests",
    worker: await bundle(`${folder}/worker.mjs`, folder),
    bindings: {
      url: url(PASSWORD, server.port),
      wrong: url("shut", server.port),
      nobody: "tcp://127.0.0.1:1",
      relayed: url(PASSWORD, relay.port),
      cut: relay.cutUrl,
    },
  });
  const success = await run(workerd, ["test", config], { timeoutMs: 60_000 });
  return success ? pass : fail("a producer in workerd");
}

/** The Worker of `examples/`, asked as its users ask it. */
async function serveExample({ folder }: Installed): Promise<Outcome> {
  await using server = await FaktoryServer.start({ port: 0, password: PASSWORD });
  const config = await configure(folder, {
    name: "example",
    worker: await bundle("examples/cloudflare-worker/worker.ts", folder),
    bindings: { FAKTORY_URL: server.url, FAKTORY_PASSWORD: PASSWORD },
  });
  const program = new Deno.Command(workerd, {
    args: ["serve", "--control-fd=1", config],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    const base = `http://127.0.0.1:${await portOf(program.stdout)}`;
    const post = async (path: string) => {
      const response = await fetch(base + path, {
        method: "POST",
        signal: AbortSignal.timeout(10_000),
      });
      return { status: response.status, body: await response.json() };
    };
    const taken = await post("/resize?path=cat.png&width=320");
    const refused = await post("/resize?path=cat.png&width=none");
    const lost = await post("/elsewhere");
    const got = [taken.status, refused.status, refused.body.code, lost.status].join();
    const waiting = server.snapshot().queues["images"];
    return got === "202,400,INVALID_ARGS,404" && taken.body.jid.length === 16 && waiting === 1
      ? pass
      : fail(`the example Worker: it answered ${got}, and ${waiting} jobs wait`);
  } finally {
    program.kill("SIGKILL");
    await program.status;
  }
}

/** Bundles a Worker with nothing external: an import of a module of Node's or of Workers' own fails. */
async function bundle(entry: string, folder: string): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      conditions: ["workerd", "worker"],
      nodePaths: [`${folder}/node_modules`],
    });
    return outputFiles[0]!.text;
  } finally {
    await stop();
  }
}

interface Worker {
  readonly name: string;
  readonly worker: string;
  readonly bindings: Readonly<Record<string, string>>;
}

/** Writes the Worker and its configuration; the path of the latter. */
async function configure(folder: string, { name, worker, bindings }: Worker): Promise<string> {
  const texts = Object.entries(bindings).map(([key, value]) =>
    `(name = ${JSON.stringify(key)}, text = ${JSON.stringify(value)})`
  );
  await Deno.writeTextFile(`${folder}/${name}.js`, worker);
  const path = `${folder}/${name}.capnp`;
  await Deno.writeTextFile(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${name}.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  bindings = [${texts.join(", ")}],
);
`,
  );
  return path;
}

/** The port that workerd says it listens on. */
async function portOf(stdout: ReadableStream<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder();
  let said = "";
  for await (const bytes of stdout) {
    said += decoder.decode(bytes, { stream: true });
    const port = /"port":(\d+)/.exec(said)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`workerd ended, and said ${said}`);
}

/** Passes bytes on to a server, until it is asked by HTTP to cut what it carries. */
class Relay implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #connections = new Set<Deno.TcpConn>();

  constructor(to: number) {
    void this.#accept(to);
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#http = Deno.serve(options, () => {
      const cut = this.#connections.size;
      this.#cut();
      return new Response(`${cut} cut`);
    });
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get cutUrl(): string {
    return `http://127.0.0.1:${this.#http.addr.port}/`;
  }

  async #accept(port: number): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      this.#connections.add(client);
      const close = () => {
        this.#connections.delete(client);
        for (const one of [client, server]) one[Symbol.dispose]();
      };
      client.readable.pipeTo(server.writable).then(close, close);
      server.readable.pipeTo(client.writable).then(close, close);
    }
  }

  #cut(): void {
    for (const connection of this.#connections) connection[Symbol.dispose]();
    this.#connections.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.#cut();
    void this.#http.shutdown();
  }
}
