import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { ServerState } from "../../src/server/server_state.ts";
import { listen } from "../../src/server/listener.ts";
import { socketLimit } from "../../src/server/socket_limit.ts";
import { RawClient } from "../contract/raw_client.ts";
import { pem } from "../pem.ts";

const limits = (count: string) => ({
  readFileSync: () =>
    `Limit                     Soft Limit           Hard Limit           Units\n` +
    `Max open files            ${count.padEnd(20)} 1048576              files\n`,
});

test("sockets leave file descriptors for the rest of the process", () => {
  assert.deepEqual(socketLimit(limits("256")), { soft: 160, hard: 192 });
  assert.deepEqual(socketLimit(limits("1048576")), { soft: 1_048_192, hard: 1_048_320 });
  const none = { soft: Infinity, hard: Infinity };
  assert.deepEqual(socketLimit({ readFileSync: () => "" }), none);
  const forbidden = () => {
    throw new Error("not permitted");
  };
  assert.deepEqual(socketLimit({ readFileSync: forbidden }), none);
});

test("at the limit, clients without a HELLO make room, and then no client does", async () => {
  const core = new ServerState({});
  const limit = { soft: 3, hard: 10 };
  const listener = await listen({ hostname: "127.0.0.1", port: 0, limit }, core);
  const url = `tcp://127.0.0.1:${listener.port}`;
  const silent = new RawClient(url);
  assert.match(await silent.line(), /^\+HI /);
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await RawClient.hello(url));
  assert.equal(await silent.line(), "EOF");
  const late = new RawClient(url);
  assert.equal(await late.line(), "EOF");
  clients.shift()!.close();
  while (core.snapshot().connections === 3) await new Promise((resolve) => setImmediate(resolve));
  clients.push(await RawClient.hello(url));
  for (const client of clients) assert.equal(await client.ask("PUSHB []"), "{}");
  for (const client of clients) client.close();
  core.close();
  await listener.close(Promise.resolve());
});

test("connections are accepted again when there is room", async () => {
  const core = new ServerState({});
  const limit = { soft: 3, hard: 4 };
  const listener = await listen({ hostname: "127.0.0.1", port: 0, limit }, core);
  const url = `tcp://127.0.0.1:${listener.port}`;
  for (let round = 0; round < 3; round++) {
    const flood = Array.from({ length: 20 }, () => new RawClient(url));
    for (const client of flood) await client.line();
    for (const client of flood) client.close();
    let client;
    while (client === undefined) client = await RawClient.hello(url).catch(() => undefined);
    assert.equal(await client.ask("PUSHB []"), "{}");
    client.close();
  }
  core.close();
  await listener.close(Promise.resolve());
});

test("TLS sockets count until they are closed, and no longer", async () => {
  const core = new ServerState({});
  const limit = { soft: 3, hard: 4 };
  const tls = { cert: pem("server"), key: pem("server.key") };
  const listener = await listen({ hostname: "localhost", port: 0, limit, tls }, core);
  const url = `tcp+tls://localhost:${listener.port}`;
  for (let round = 0; round < 10; round++) {
    const producer = await Producer.connect({ url, tls: { caCerts: [pem("ca")] } });
    await producer.info();
    await producer.close();
    while (core.snapshot().connections > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  core.close();
  await listener.close(Promise.resolve());
});
