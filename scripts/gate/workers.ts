import { deepEqual } from "node:assert/strict";
import { FaktoryServer } from "../../src/server/mod.ts";
import { overBudget, weighEdge } from "./edge_bundle.ts";
import { PROCESS_ENTRIES } from "../npm/manifest.ts";
import type { Project } from "../tools.ts";
import { importsOf, type Installed } from "./npm.ts";
import { all, none } from "./step.ts";
import { Relay } from "../../tests/package/servers/relay.ts";
import { SilentServer } from "../../tests/package/servers/silent_server.ts";
import { serveWorker, testWorker, type Worker } from "./workerd.ts";

const PASSWORD = "open, sesame";

/** Compatibility flags. Many Workers enable Node's modules; the package must not need them. */
const WITH_AND_WITHOUT_NODE: readonly (readonly string[])[] = [[], ["nodejs_compat"]];

/**
 * Runs the installed package in workerd: producers, a consumer and the example Workers, bundled as
 * users bundle them.
 */
export function checkWorkers({ project, folder }: Installed): Promise<void> {
  return all([
    () => checkSizes(project.name, folder),
    () => startAll(project, folder),
    () => testProducers(folder),
    ...WITH_AND_WITHOUT_NODE.map((flags) => () => testConsumer(folder, flags)),
    () => serveExample(folder),
  ]);
}

/**
 * Checks that a Worker with all entries in its bundle, except those that start processes, starts
 * without Node's modules.
 */
async function startAll({ name, exports }: Project, folder: string): Promise<void> {
  const entries = Object.keys(exports).filter((entry) => !PROCESS_ENTRIES.includes(entry))
    .map((entry) => name + entry.slice(1));
  const contents = `${importsOf(entries)}
export default {
  test() {
    if (typeof process !== "undefined") throw new Error("Modules of Node are available");
    for (const entry of [${entries.map((_, n) => `e${n}`)}]) {
      if (Object.keys(entry).length === 0) throw new Error("An entry has no exports");
    }
  },
};
`;
  await testWorker({ folder, name: "all_entries", contents, bindings: {} });
}

/** Checks the sizes of the producers of `./edge`. */
async function checkSizes(name: string, folder: string): Promise<void> {
  const sizes = await weighEdge(`${name}/edge`, folder);
  for (const [name, bytes] of Object.entries(sizes)) {
    console.log(`${name} of ./edge: ${bytes} bytes minified and gzipped`);
  }
  none(overBudget(sizes));
}

/** Runs the producers of `tests/package/`. */
function testProducers(folder: string): Promise<void> {
  return all(
    ["worker", "edge_worker"].flatMap((name) =>
      WITH_AND_WITHOUT_NODE.map((flags) => () => testProducer({ folder, name, flags }))
    ),
  );
}

async function testProducer(worker: Omit<Worker, "bindings" | "contents">): Promise<void> {
  await using server = await FaktoryServer.start({ port: 0, password: PASSWORD });
  const [cert, key] = await Promise.all(
    ["server", "server.key"].map((name) => Deno.readTextFile(`tests/fixtures/tls/${name}.pem`)),
  );
  const tls = { cert: cert!, key: key! };
  await using enterprise = await FaktoryServer.start({ port: 0, edition: "enterprise" });
  await using secured = await FaktoryServer.start({ port: 0, tls });
  using relay = new Relay(server.port);
  using ungreeting = new SilentServer();
  using greeting = new SilentServer('+HI {"v":2}');
  using accepting = new SilentServer('+HI {"v":2}', "+OK");
  const url = (password: string, port: number) =>
    `tcp://:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  const flags = (worker.flags ?? []).join();
  const bindings = {
    flags,
    url: url(PASSWORD, server.port),
    wrong: url("shut", server.port),
    unnamed: `tcp://127.0.0.1:${server.port}`,
    enterprise: enterprise.url,
    secured: `tcp+tls://127.0.0.1:${secured.port}`,
    unsecured: `tcp+tls://127.0.0.1:${enterprise.port}`,
    nobody: "tcp://127.0.0.1:1",
    relayed: url(PASSWORD, relay.port),
    cut: relay.cutUrl,
    ungreeting: ungreeting.url,
    greeting: greeting.url,
    accepting: accepting.url,
  };
  const contents = `export { default } from "./${worker.name}.mjs";`;
  await testWorker({ ...worker, contents, bindings });
}

/** Runs the consumer of `tests/package/`, and the example that runs jobs by a Cron Trigger. */
async function testConsumer(folder: string, flags: readonly string[]): Promise<void> {
  await using server = await FaktoryServer.start({ port: 0, password: PASSWORD });
  await Deno.copyFile("examples/cloudflare-cron/worker.ts", `${folder}/cron_example.ts`);
  const bindings = { FAKTORY_URL: server.url, FAKTORY_PASSWORD: PASSWORD };
  const contents = `
    import example from "./cron_example.ts";
    import { testsWith } from "./consumer_worker.mjs";
    import { testing } from "./worker_tests.mjs";
    export default testing(testsWith(example));
  `;
  await testWorker({ folder, name: "consumer_worker", contents, bindings, flags });
}

/** Runs the Worker of `examples/` that enqueues, and sends it requests. */
async function serveExample(folder: string): Promise<void> {
  await using server = await FaktoryServer.start({ port: 0, password: PASSWORD });
  await Deno.copyFile("examples/cloudflare-worker/worker.ts", `${folder}/example.ts`);
  const bindings = { FAKTORY_URL: server.url, FAKTORY_PASSWORD: PASSWORD };
  const contents = 'export { default } from "./example.ts";';
  await serveWorker({ folder, name: "example", contents, bindings }, async (base) => {
    const post = async (path: string) => {
      const signal = AbortSignal.timeout(10_000);
      const response = await fetch(base + path, { method: "POST", signal });
      return { status: response.status, body: await response.json() };
    };
    const taken = await post("/resize?path=cat.png&width=320");
    const refused = await post("/resize?path=cat.png&width=none");
    const lost = await post("/elsewhere");
    deepEqual(
      [taken.status, refused.status, refused.body.code, lost.status],
      [202, 400, "INVALID_ARGS", 404],
    );
    deepEqual([taken.body.jid.length, server.snapshot().queues["images"]], [16, 1]);
  });
}
