import { deepEqual, equal, match } from "node:assert/strict";
import { Producer } from "../../mod.ts";
import { FaktoryServer, type FaktoryServerOptions } from "../../src/server/mod.ts";
import { majorOf } from "../../scripts/versions.ts";
import { inTempFolder } from "../../scripts/tools.ts";
import { findNodes, type Runtime } from "../../scripts/gate/npm.ts";
import { type Place, Program } from "./program.ts";

/** Checks for each example. They reject if it does not do what it should. */
export const checks: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  /**
   * A request becomes a job that the worker runs, the page counts it, and both programs end well.
   */
  async web(place) {
    await using server = await start();
    const env = { FAKTORY_URL: server.url, PORT: "0" };
    await using web = new Program(place, "web/server.ts", { env });
    await using worker = new Program(place, "web/worker.ts", { env });
    const base = await web.line(/^http:/);
    const post = (body: string) => fetch(`${base}/welcome`, { method: "POST", body });

    const taken = await post('{"name": "Ada"}');
    equal(taken.status, 202);
    equal((await taken.json()).jid.length, 16);
    for (const refused of ['{"name": 3}', "{"]) {
      const response = await post(refused);
      equal(response.status, 400);
      await response.body?.cancel();
    }
    await worker.line(/^Welcome, Ada!$/);
    const output = await worker.stop();
    equal(output.at(-1), "the worker has stopped (signal): 1 done, 0 handed back");
    match(await (await fetch(base)).text(), /0 wait, 0 run, 0 will be retried,\s+1 were run/);
    // A browser opens connections in advance. The stop does not wait for their requests.
    const { hostname, port } = new URL(base);
    using _idle = await Deno.connect({ hostname, port: Number(port) });
    equal((await web.stop("SIGINT")).at(-1), "the web server has stopped");
  },

  /** A request becomes a job that the worker runs; the dashboard is there. */
  async express(place) {
    await using server = await start();
    const env = { FAKTORY_URL: server.url, PORT: "0" };
    await using web = new Program(place, "express/server.ts", { env });
    await using worker = new Program(place, "express/worker.ts", { env });
    const base = await web.line(/^http:/);
    const headers = { "content-type": "application/json" };
    for (const [body, status] of [['{"name": "Ada"}', 202], ['{"name": 3}', 400]] as const) {
      const response = await fetch(`${base}/welcome`, { method: "POST", headers, body });
      equal(response.status, status);
      await response.text();
    }
    await worker.line(/^Welcome, Ada!$/);
    const page = await fetch(`${base}/jobs/queues`);
    match(await page.text(), /<title>Queues.*href="\/jobs\/assets\/style.css"/s);
    const body = new URLSearchParams({ name: "mail", action: "pause" });
    const change = { method: "POST", body, headers: { origin: base } };
    const changed = await fetch(`${base}/jobs/queues`, change);
    equal(changed.url, `${base}/jobs/queues?did=pause`);
    match(await changed.text(), /Queue paused/);
    equal(server.queues().queues[0]?.paused, true);
    equal((await worker.stop()).at(-1), "the worker has stopped: 1 done, 0 handed back");
    equal((await web.stop()).at(-1), "the web server has stopped");
  },

  /** Two workers with one schedule: each firing is on the server once, and its job runs once. */
  async recurring(place) {
    await using server = await start();
    const env = { FAKTORY_URL: server.url };
    await using first = new Program(place, "recurring/worker.ts", { env });
    await using second = new Program(place, "recurring/worker.ts", { env });
    for (const worker of [first, second]) await worker.line(/^tidy fires at/);
    await using producer = await Producer.connect({ url: server.url });
    for (const worker of [first, second]) await worker.line(/^report fires at/);
    equal(server.snapshot().scheduled, 6);
    await producer.sets.scheduled.requeue({ type: "report" });
    while (server.snapshot().processed < 3) await producer.info();
    const output = [...await first.stop(), ...await second.stop()];
    const days = output.filter((line) => line.startsWith("the report of"));
    equal(days.length, 3);
    equal(new Set(days).size, 3);
    equal(server.snapshot().scheduled, 3);
  },

  /** Each job is in one chunk, and fails by itself. */
  async chunks(place) {
    await using server = await start();
    const env = { FAKTORY_URL: server.url };
    await using producer = await Producer.connect({ url: server.url });
    const ids = Array.from({ length: 45 }, (_, i) => i - 1);
    await producer.enqueueMany(ids.map((id) => ({ type: "index", args: [id] })));
    await using worker = new Program(place, "chunks/worker.ts", { env });
    await worker.line(/^-1: Error: there is no such document$/);
    while (server.snapshot().processed < ids.length) await producer.info();
    const output = await worker.stop();
    const sizes = output.flatMap((line) => /^a chunk of (\d+)$/.exec(line)?.slice(1) ?? []);
    equal(sizes.reduce((sum, size) => sum + Number(size), 0), ids.length);
    equal(sizes.length < 10, true);
    match(output.at(-1) ?? "", /^the worker has stopped: 44 indexed in \d calls$/);
    equal(server.snapshot().retries, 1);
  },

  /** A job continues at its cursor with the next worker. */
  async resumable(place) {
    await using server = await start();
    const env = { FAKTORY_URL: server.url };
    await using producer = await Producer.connect({ url: server.url });
    const jid = await producer.enqueue("export", [12]);
    await using first = new Program(place, "resumable/worker.ts", { env });
    await first.line(/^page 2 of 12$/);
    const before = (await first.stop()).filter((line) => line.startsWith("page"));
    equal(server.snapshot().scheduled, 1);
    await producer.sets.scheduled.requeue({ jids: [jid] });
    await using second = new Program(place, "resumable/worker.ts", { env });
    await second.line(/^all pages are done$/);
    const after = (await second.stop()).filter((line) => line.startsWith("page"));
    const pages = Array.from({ length: 12 }, (_, i) => `page ${i + 1} of 12`);
    deepEqual([...before, ...after], pages);
  },

  /** Every stage comes after the one before. */
  async batches(place) {
    await using server = await start({ edition: "enterprise" });
    const env = { FAKTORY_URL: server.url };
    await using worker = new Program(place, "batches/worker.ts", { env });
    await using starter = new Program(place, "batches/start.ts", { env });
    await starter.end();
    await worker.line(/^2 albums are there$/);
    const output = await worker.stop();
    const places = (pattern: RegExp) =>
      output.flatMap((line, index) => pattern.test(line) ? [index] : []);
    const stages = [
      [/^thumbnail of cats/, 3],
      [/^contact sheet of cats$/, 1],
      [/^stage 2$/, 1],
      [/^upload of/, 2],
      [/^uploads: 0 of 2 failed/, 1],
      [/^2 albums/, 1],
    ] as const;
    let last = -1;
    for (const [pattern, times] of stages) {
      const found = places(pattern);
      equal(found.length, times, `${pattern} in ${output.join("; ")}`);
      equal(found[0]! > last, true, `${pattern} comes too early in ${output.join("; ")}`);
      last = found.at(-1)!;
    }
    equal(places(/^contact sheet of dogs$/)[0]! > places(/^thumbnail of dogs/).at(-1)!, true);
  },

  /**
   * Orders that are committed become jobs, the others do not; orders of an earlier run are not
   * shipped again.
   */
  outbox: (place) =>
    inTempFolder(async (folder) => {
      const withSqlite = { ...place, runtime: await sqliteRuntime(place.runtime) };
      for (const first of [1, 3]) {
        const program = new Program(withSqlite, "outbox/main.ts", {
          args: [`${folder}/orders.db`],
        });
        await using _program = program;
        deepEqual(await program.end(), [
          "ordered 2 of cup",
          "refused: 500 of plate are too many",
          "ordered 1 of bowl",
          "pushed 2 jobs",
          `shipped order ${first}: cup`,
          `shipped order ${first + 1}: bowl`,
        ]);
      }
    }),

  /** The jobs come in the order of the workflow, with the results of those before. */
  async workflow(place) {
    await using program = new Program(place, "workflow/main.ts", { args: ["cat", "horse"] });
    deepEqual(await program.end(), [
      "cat has 3 letters",
      "horse has 5 letters",
      "adding 3, 5",
      "8 letters in all",
    ]);
  },

  /** What was cancelled does not run, or ends with `CANCELLED`. */
  async cancel(place) {
    await using program = new Program(place, "cancel/main.ts", {});
    deepEqual(await program.end(), [
      "the reminder is withdrawn",
      "export 2 is withdrawn",
      "export 1 is done",
      "export 2 is dropped",
      "export 3: CANCELLED",
      "export 3 is dropped",
      "export 3 is aborted",
      "in ten seconds: true",
    ]);
  },

  /** The options of Enterprise do what they say. */
  async enterprise(place) {
    await using program = new Program(place, "enterprise/main.ts", {});
    deepEqual(await program.end(), [
      "the second sync is refused: true",
      "reminders left: 1",
      "account 42 is synced",
      "posts at a time: 1",
      "the server is Faktory Enterprise",
    ]);
  },

  /** The images' hashes are right, and what is no image is left alone. */
  hash: (place) =>
    inTempFolder(async (folder) => {
      const expected: string[] = [];
      for (const [index, name] of ["a.png", "b.jpg", "c.svg"].entries()) {
        const bytes = new Uint8Array(100_000 * (index + 1)).fill(index);
        await Deno.writeFile(`${folder}/${name}`, bytes);
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
        expected.push(`${digest}  ${folder}/${name}`);
      }
      await Deno.writeTextFile(`${folder}/notes.txt`, "no image");
      await using program = new Program(place, "hash/main.ts", { args: [folder] });
      const output = await program.end();
      equal(output.at(-1), "3 hashed, 0 failed");
      equal(output.slice(0, -1).sort().join("\n"), expected.sort().join("\n"));
    }),
};

/** The runtime itself; in place of a Node without `node:sqlite`, a newer one. */
async function sqliteRuntime(runtime: Runtime): Promise<Runtime> {
  if (runtime.is !== "node") return runtime;
  const newer = (await findNodes()).find(({ version = "" }) => Number(majorOf(version)) >= 24);
  if (newer === undefined) throw new Error("no Node with node:sqlite is to be had");
  return newer;
}

function start(options: FaktoryServerOptions = {}): Promise<FaktoryServer> {
  return FaktoryServer.start({ port: 0, ...options });
}
