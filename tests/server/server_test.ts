import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test("the password is asked for, and its URL has it", async () => {
  await using server = await FaktoryServer.start({ port: 0, password: "p@ss/wörd" });
  await using producer = await Producer.connect({ url: server.url });
  await producer.enqueue("x");
  const url = `tcp://127.0.0.1:${server.port}`;
  await assert.rejects(Producer.connect({ url }), { code: "PASSWORD_REQUIRED" });
  await assert.rejects(Producer.connect({ url, password: "wrong" }), { code: "PASSWORD_REFUSED" });
  for (const pwdhash of [undefined, "", "AB"]) {
    const client = new RawClient(url);
    await client.line();
    client.say(`HELLO ${JSON.stringify({ v: 2, pwdhash })}`);
    assert.equal(await client.line(), "-ERR Invalid password");
    assert.equal(await client.line(), "EOF");
  }
});

test("a connection too many is told so, unasked, and let go", async () => {
  await using server = await FaktoryServer.start({ port: 0, maxConnections: 1 });
  const first = await RawClient.hello(server.url);
  const second = await RawClient.hello(server.url);
  assert.equal(await second.line(), "-ERR too many connections: 2");
  assert.equal(await second.line(), "EOF");
  assert.equal(await first.ask("PUSHB []"), "{}");
  first.close();
});

test("a server that closes ends a FETCH that waits, and every connection", async () => {
  const server = await FaktoryServer.start({ port: 0 });
  const waiting = await RawClient.hello(server.url);
  const idle = await RawClient.hello(server.url);
  waiting.say("FETCH default");
  await until(() => server.snapshot().waiting === 1);
  await Promise.all([server.close(), server.close()]);
  assert.equal(await waiting.line(), "-ERR redis: client is closed");
  assert.equal(await waiting.line(), "EOF");
  assert.equal(await idle.line(), "EOF");
});

test("what cannot be listened on is said so", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  await assert.rejects(FaktoryServer.start({ port: server.port }), {
    name: "ConfigError",
    message: `Cannot listen on 127.0.0.1:${server.port} as the port is taken`,
  });
  await assert.rejects(FaktoryServer.start({ port: 70_000 }), { code: "INVALID_OPTION" });
  await assert.rejects(FaktoryServer.start({ fetchWaitMs: 0 }), { code: "INVALID_OPTION" });
  await assert.rejects(FaktoryServer.start({ password: 1 as never }), { code: "INVALID_OPTION" });
});

test("a client that goes away while it waits strands the job that comes for it", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  const gone = await RawClient.hello(server.url);
  const producer = await RawClient.hello(server.url);
  gone.say("FETCH default");
  await until(() => server.snapshot().waiting === 1);
  gone.close();
  await producer.ask(`PUSH {"jid":"stranded1","jobtype":"x","args":[]}`);
  assert.equal(server.snapshot().working, 1);
  assert.deepEqual(server.snapshot().queues, { default: 0 });
  // Only when it has something to say to it does the server find out.
  await until(() => server.snapshot().connections === 1);
  producer.close();
});
