import assert from "node:assert/strict";
import { connect } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";
import { pem } from "../pem.ts";

test("it starts and stops hundreds of times, and leaves nothing behind", async () => {
  const begin = performance.now();
  const before = resources();
  for (let i = 0; i < 300; i++) {
    const server = await FaktoryServer.start({ port: 0 });
    if (i % 10 === 0) {
      const client = await RawClient.hello(server.url, { wid: "w" });
      client.say("FETCH default");
      while (server.snapshot().waiting === 0) {
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await server.close();
      assert.equal(await client.line(), "-ERR redis: client is closed");
      assert.equal(await client.line(), "EOF");
    } else {
      await server.close();
    }
    const again = await FaktoryServer.start({ port: server.port });
    await again.close();
  }
  // A wait for a timer, such as two seconds for a FETCH, would take longer.
  const each = (performance.now() - begin) / 600;
  assert(each < 500, `${each} ms each`);
  // The runtime may still have sockets to close.
  for (let turns = 0; turns < 1000 && resources().length > before.length; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(resources().length <= before.length, `${before} before, ${resources()} after`);
});

/** Counts the sockets and timers, if the runtime reports them. */
function resources(): string[] {
  return process.getActiveResourcesInfo?.().filter((name) => /TCP|Timeout/.test(name)) ?? [];
}

test("a client that does not read does not prevent its close", async () => {
  const server = await FaktoryServer.start({ port: 0 });
  const socket = connect({ host: "127.0.0.1", port: server.port });
  socket.on("error", () => {});
  socket.pause();
  socket.write(`HELLO {"v":2}\n${"INFO\n".repeat(200_000)}`);
  const job = `{"jid":"large-job","jobtype":"x","args":["${"x".repeat(1_000_000)}"]}`;
  const other = await RawClient.hello(server.url);
  for (let i = 0; i < 20; i++) await other.ask(`PUSH ${job}`);
  socket.write("FETCH default\n".repeat(20));
  while (server.snapshot().connections < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  await server.close();
  socket.destroy();
});

test("it accepts clients with TLS, and no others", async () => {
  const [ca, cert, key] = await Promise.all(["ca", "server", "server.key"].map(pem));
  await using server = await FaktoryServer.start({
    port: 0,
    hostname: "localhost",
    password: "secret",
    tls: { cert: cert!, key: key! },
  });
  assert.match(server.url, /^tcp\+tls:\/\/:secret@localhost:\d+$/);
  const tls = { caCerts: [ca!] };
  await using producer = await Producer.connect({ url: server.url, tls });
  await producer.enqueue("greet", ["world"]);
  const consumer = new Consumer({ url: server.url, tls });
  const greeted: unknown[] = [];
  consumer.register("greet", (job) => void greeted.push(job.args[0]));
  assert.equal(await consumer.runOne(), true);
  assert.deepEqual(greeted, ["world"]);
  await assert.rejects(Producer.connect({ url: server.url }), { code: "TLS_CERTIFICATE" });
  const plain = new RawClient(`tcp://localhost:${server.port}`);
  plain.write("HELLO {}\r\n\r\n");
  assert.notEqual((await plain.line()).slice(0, 3), "+HI");
  plain.close();
  assert.deepEqual(server.snapshot().queues, { default: 0 });
});

test("a client that never begins TLS does not prevent its close", async () => {
  const [cert, key] = await Promise.all(["server", "server.key"].map(pem));
  const server = await FaktoryServer.start({ port: 0, tls: { cert: cert!, key: key! } });
  const silent = new RawClient(`tcp://127.0.0.1:${server.port}`);
  silent.write("\x16");
  const tls = { caCerts: [pem("ca")] };
  await using producer = await Producer.connect({ url: server.url, tls });
  await producer.info();
  await server.close();
  assert.equal(await silent.line(), "EOF");
});

test("a client that sends something other than TLS, or nothing, is disconnected", async () => {
  const [ca, cert, key] = await Promise.all(["ca", "server", "server.key"].map(pem));
  await using server = await FaktoryServer.start({ port: 0, tls: { cert: cert!, key: key! } });
  await using producer = await Producer.connect({ url: server.url, tls: { caCerts: [ca!] } });
  const others = ["", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "HELLO {}\r\n"];
  await Promise.all(others.map(async (bytes) => {
    const client = new RawClient(`tcp://127.0.0.1:${server.port}`);
    client.write(bytes);
    // Reads TLS's error message, if there is one.
    while (await client.line() !== "EOF");
  }));
  // The time limit of TLS ends with the handshake.
  await producer.info();
});

test("an invalid certificate or key is reported", async () => {
  const [cert, key, other] = await Promise.all(["server", "server.key", "client.key"].map(pem));
  for (const tls of [{ cert: "x", key: key! }, { cert: cert!, key: other! }]) {
    await assert.rejects(FaktoryServer.start({ port: 0, tls }), {
      code: "INVALID_OPTION",
      message: /^Cannot listen as the option tls is not a certificate with its key: /,
    });
  }
  for (const tls of [null, "x", { cert: cert! }, { cert: new Uint8Array(1), key: key! }]) {
    await assert.rejects(FaktoryServer.start({ port: 0, tls: tls as never }), {
      code: "INVALID_OPTION",
      message: /tls/,
    });
  }
});

test("a command that arrives during the close is refused", async () => {
  const server = await FaktoryServer.start({ port: 0 });
  const client = await RawClient.hello(server.url);
  client.say("FETCH default", "PUSHB []");
  while (server.snapshot().waiting === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  await server.close();
  assert.equal(await client.line(), "-ERR redis: client is closed");
  assert.equal(await client.line(), "-ERR shutdown in progress");
  assert.equal(await client.line(), "EOF");
});
