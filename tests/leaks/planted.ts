import assert from "node:assert/strict";
import { createServer } from "node:net";
import { Producer } from "../../mod.ts";
import { countedAbort, type Scenario } from "./setting.ts";
import { startQuick } from "../server/quick.ts";

/** Scenarios that leave something behind. The tests have to detect each of them. */
export const planted: Readonly<Record<string, Scenario>> = {
  async "a producer that is not closed"() {
    await using server = await startQuick();
    await Producer.connect({ url: server.url });
    assert.equal(server.snapshot().connections, 1);
    // Without this, its connection would end with the server's.
    await startQuick();
  },

  "a server that is not closed": async () => void await startQuick(),

  async "a timer"() {
    await new Promise<void>((resolve) => {
      setInterval(resolve, 1);
    });
  },

  async "a port"() {
    await new Promise<void>((resolve) => createServer().listen(0, "127.0.0.1", resolve));
  },

  "a listener on a signal"() {
    const { signal, check } = countedAbort();
    signal.addEventListener("abort", () => {});
    check();
    return Promise.resolve();
  },
};
