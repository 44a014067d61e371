import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, Consumer, Producer } from "../../mod.ts";
import { builtinModule } from "../../src/internal/environment.ts";
import { Supervisor } from "../../src/supervisor/mod.ts";
import { FakeFaktory } from "../../src/testing/mod.ts";
import { fixture, skipPrograms } from "../processes/program.ts";
import { countedAbort, once, type Scenario, signalListeners, startTls } from "./setting.ts";
import { startQuick } from "../server/quick.ts";

/** Scenarios of servers, supervisors and doubles. */
export const otherScenarios: Readonly<Record<string, Scenario>> = {
  async "a server that is closed while clients are there"() {
    for (const server of [await startQuick(), await startTls()]) {
      const client = connect({ host: "127.0.0.1", port: server.port });
      client.on("error", () => {});
      const closed = new Promise((resolve) => client.on("close", resolve));
      await once((hear) => client.on("connect", () => hear(undefined)));
      await server.close();
      client.destroy();
      await closed;
    }
  },

  async "a server that keeps its data in a file"() {
    const folder = await mkdtemp(join(tmpdir(), "leaks-"));
    const data = join(folder, "jobs.db");
    if (builtinModule("node:sqlite") === undefined) {
      await assert.rejects(startQuick({ data }), ConfigError);
    } else {
      for (let jobs = 1; jobs <= 2; jobs++) {
        await using server = await startQuick({ data });
        await using producer = await Producer.connect({ url: server.url });
        await producer.enqueue("x");
        assert.equal(server.snapshot().queues["default"], jobs);
      }
    }
    await rm(folder, { recursive: true });
  },

  async "a supervisor and its process"() {
    if (skipPrograms !== false) return;
    const own = countedAbort();
    const before = signalListeners();
    const supervisor = new Supervisor(fixture("idle.ts"), {
      processes: 1,
      handleSignals: true,
      signal: own.signal,
    });
    const run = supervisor.run();
    await supervisor.stop();
    assert.equal((await run).reason, "stopped");
    own.check();
    assert.equal(signalListeners(), before);
  },

  async "a supervisor that gives up"() {
    const supervisor = new Supervisor("no_module.ts", {
      processes: 2,
      command: fixture("no_such_program"),
      maxRestarts: 1,
      backoff: { initialMs: 1 },
    });
    assert.equal((await supervisor.run()).reason, "gaveUp");
  },

  async "a double of the server in tests"() {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer();
    consumer.register("x", () => {});
    await faktory.producer.enqueue("x");
    assert.equal((await faktory.drain(consumer)).length, 1);
  },
};
