import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer } from "../../../mod.ts";
import { FaktoryServer, type ServerEdition } from "../../../src/server/mod.ts";
import { MemoryServer } from "../../../src/testing/mod.ts";
import { RawClient } from "../../contract/raw_client.ts";

for (const edition of [undefined, "free"] as const) {
  test(`a server of the edition ${edition} replies like the free one`, async () => {
    await using server = await FaktoryServer.start({ port: 0, edition });
    const client = await RawClient.hello(server.url);
    assert.match(await client.ask("INFO"), /"description":"Faktory"/);
    for (const [verb, name] of [["BATCH", "batch"], ["TRACK", "tracking"]]) {
      for (const rest of ["", " NEW {}", " GET x"]) {
        assert.equal(
          await client.ask(`${verb}${rest}`),
          `-ERR ${name} subsystem is only available in Faktory Enterprise`,
        );
      }
    }
    const custom = { unique_for: "x", expires_in: -1, expires_at: "x", track: 1, bid: "b-none" };
    for (const jid of ["ignored-01", "ignored-02"]) {
      const job = JSON.stringify({ jid, jobtype: "x", args: [], custom });
      assert.equal(await client.ask(`PUSH ${job}`), "+OK");
      const fetched = JSON.parse(await client.ask("FETCH default"));
      assert.deepEqual(fetched.custom, custom);
    }
    client.close();
  });
}

test("a server without a port can be an Enterprise server too, and reports it", async () => {
  await using server = await MemoryServer.start({ edition: "enterprise" });
  const { url, transport } = server;
  await using producer = await Producer.connect({ url, transport });
  assert.equal((await producer.info()).server.description, "Faktory Enterprise");
});

test("other editions are refused", async () => {
  await assert.rejects(FaktoryServer.start({ port: 0, edition: "pro" as ServerEdition }), {
    name: "ConfigError",
    code: "INVALID_OPTION",
    message: /edition/,
  });
});
