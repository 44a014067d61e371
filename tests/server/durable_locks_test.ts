import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { buildSync } from "esbuild";
import { FaktoryServer } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";
import { noSqlite, withFolder } from "./data.ts";

type ServerModule = typeof import("../../src/server/mod.ts");

/** Starts a server on a folder, and prints or posts the result. */
const ATTEMPT = `
  const attempt = async (copy, data) => {
    try {
      const { FaktoryServer } = await import(copy);
      await FaktoryServer.start({ port: 0, data });
      return "started";
    } catch (error) {
      return error.code ?? String(error);
    }
  };
`;

/**
 * Returns the address of another copy of the server's module, as from a second bundle or a hot
 * reload.
 */
function bundle(folder: string, name: string): string {
  const outfile = join(folder, `${name}.mjs`);
  buildSync({
    entryPoints: [fileURLToPath(new URL("../../src/server/mod.ts", import.meta.url))],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  return pathToFileURL(outfile).href;
}

function inThread(copy: string, data: string): Promise<string> {
  const code = `${ATTEMPT}
    const { parentPort, workerData: [copy, data] } = require("node:worker_threads");
    attempt(copy, data).then((outcome) => parentPort.postMessage(outcome));`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: [copy, data] });
    worker.once("error", reject).once("message", (outcome: string) => {
      void worker.terminate().then(() => resolve(outcome));
    });
  });
}

function inProcess(copy: string, data: string): string {
  const code = `${ATTEMPT}
    const [copy, data] = ${JSON.stringify([copy, data])};
    attempt(copy, data).then((outcome) => (console.log(outcome), globalThis.process.exit()));`;
  const flags = process.versions["deno"] === undefined ? ["-e", code] : ["eval", code];
  return String(spawnSync(process.execPath, flags, { stdio: "pipe" }).stdout).trim();
}

describe("a folder that a server has open is refused", { skip: noSqlite }, () => {
  it("to another copy of the module, a thread and a process, in turn", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      const [one, two] = [bundle(folder, "one"), bundle(folder, "two")];
      const { FaktoryServer: Copy } = await import(one) as ServerModule;
      for (const Holder of [FaktoryServer, Copy]) {
        const server = await Holder.start({ port: 0, data });
        const client = await RawClient.hello(server.url);
        for (
          const Other of [FaktoryServer, Copy, (await import(two) as ServerModule).FaktoryServer]
        ) {
          await assert.rejects(Other.start({ port: 0, data }), { code: "DATA_IN_USE" });
        }
        assert.equal(await inThread(two, data), "DATA_IN_USE");
        assert.equal(inProcess(two, data), "DATA_IN_USE");
        assert.equal(await client.ask(`PUSH {"jid":"locked-job","jobtype":"x","args":[]}`), "+OK");
        client.close();
        await server.close();
      }
      await using server = await FaktoryServer.start({ port: 0, data });
      assert.deepEqual(server.snapshot().queues, { default: 2 });
    }));

  it("to a process under another name", () =>
    withFolder(async (folder) => {
      const [data, link] = [join(folder, "jobs.db"), join(folder, "link.db")];
      const copy = bundle(folder, "copy");
      await using _server = await FaktoryServer.start({ port: 0, data });
      symlinkSync(data, link);
      const { FaktoryServer: Copy } = await import(copy) as ServerModule;
      for (const Other of [FaktoryServer, Copy]) {
        await assert.rejects(Other.start({ port: 0, data: link }), { code: "DATA_IN_USE" });
      }
      for (const name of readdirSync(data)) if (name !== "lock") readFileSync(join(data, name));
      assert.equal(inProcess(copy, link), "DATA_IN_USE");
    }));

  it("if its lock file would be another program's, which is left unchanged", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      mkdirSync(data);
      writeFileSync(join(data, "lock"), "dear diary");
      const refused = { code: "INVALID_DATA", message: /jobs\.db.lock is not an empty lock file/ };
      await assert.rejects(FaktoryServer.start({ port: 0, data }), refused);
      assert.equal(readFileSync(join(data, "lock"), "utf8"), "dear diary");
      assert.deepEqual(readdirSync(data), ["lock"]);
    }));

  it("until its thread has ended", () =>
    withFolder(async (folder) => {
      const data = join(folder, "jobs.db");
      assert.equal(await inThread(bundle(folder, "copy"), data), "started");
      // Deno reports the end of a thread before it has closed the thread's files.
      let server;
      while (server === undefined) {
        server = await FaktoryServer.start({ port: 0, data }).catch(({ code }) => {
          assert.equal(code, "DATA_IN_USE");
          return new Promise<undefined>((resolve) => setTimeout(resolve, 10));
        });
      }
      await server.close();
    }));
});
