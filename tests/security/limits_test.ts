import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError, VersionError } from "../../src/errors.ts";
import { dial, type DialOptions } from "../../src/connection/dial.ts";
import type { ConnectionSettings } from "../../src/connection/connection.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { parseGreeting, passwordHash } from "../../src/protocol/handshake.ts";
import { FaktoryServer } from "../../src/server/mod.ts";
import { Consumer, Producer, type Transport } from "../../mod.ts";
import { Peer } from "../connection/peer.ts";
import { RawClient } from "../contract/raw_client.ts";

/** Returns a transport whose servers send this greeting and never answer. */
function greeting(text: string): { transport: Transport; peers: Peer[] } {
  const peers: Peer[] = [];
  return {
    peers,
    transport: {
      name: "greeting",
      connect() {
        const peer = new Peer();
        peers.push(peer);
        peer.say(text);
        return Promise.resolve(peer.connection);
      },
    },
  };
}

const BEYOND = [
  "100001",
  "1e9",
  "1e300",
  "9007199254740993",
  "0",
  "-1",
  "1.5",
  '"5"',
  "[]",
  "true",
];

test("too many rounds of hashing are refused at once, and nothing is sent", async () => {
  for (const iterations of BEYOND) {
    const text = `+HI {"v":2,"i":${iterations},"s":"00"}\r\n`;
    const refused = { name: "VersionError", code: "HANDSHAKE_REFUSED" };
    const before = performance.now();
    for (
      const connect of [
        (transport: Transport) => Producer.connect({ transport, password: "x" }),
        // Also without a password, as such a server cannot be trusted.
        (transport: Transport) => Producer.connect({ transport, url: "tcp://localhost" }),
        (transport: Transport) => new Consumer({ transport, password: "x" }).run(),
        (transport: Transport) => new Consumer({ transport, password: "x" }).runOne(),
      ]
    ) {
      const { transport, peers } = greeting(text);
      await assert.rejects(connect(transport), refused, iterations);
      assert(peers.every(({ lines, isClosed }) => isClosed && lines.length === 0));
    }
    // A thousand million rounds take minutes.
    assert(performance.now() - before < 10_000, iterations);
  }
});

test("a server that asks for too many rounds on reconnection is given up for good", async () => {
  const clock = new ManualClock();
  const greetings = [`+HI {"v":2}\r\n`, `+HI {"v":2,"i":1000000000,"s":"00"}\r\n`];
  const peers: Peer[] = [];
  const transport: Transport = {
    name: "worse",
    connect() {
      const peer = new Peer();
      peers.push(peer);
      peer.say(greetings[peers.length - 1]!);
      return Promise.resolve(peer.connection);
    },
  };
  const connecting = Producer.connect({ transport, password: "x", clock });
  while (peers.length === 0) await Promise.resolve();
  await peers[0]!.received(1);
  peers[0]!.say("+OK\r\n");
  const producer = await connecting;
  const gone = new Promise<Error>((resolve) =>
    producer.on("disconnect", ({ error, retryInMs }) => {
      if (retryInMs === undefined) resolve(error);
      else setTimeout(() => clock.advance(retryInMs), 0);
    })
  );
  peers[0]!.end();
  while (clock.pending < 2) await Promise.resolve();
  // Losses of one moment are one event.
  clock.advance(10);
  assert((await gone) instanceof VersionError);
  await assert.rejects(producer.info(), { code: "HANDSHAKE_REFUSED" });
  assert.deepEqual([peers.length, clock.pending], [2, 0]);
  await producer.close();
});

test("the maximum number of rounds takes little time", () => {
  assert.equal(parseGreeting(`HI {"v":2,"i":100000,"s":"00"}`).iterations, 100_000);
  const before = performance.now();
  passwordHash("hunter2", "00", 100_000);
  assert(performance.now() - before < 5000);
});

test("a greeting of any size or depth is accepted or causes an error of the library", () => {
  const texts = [
    ...["HI", "HI ", "HI null", "HI []", "HI 2", 'HI "x"', "HI {", "HO {}", "", "\0", "HI {}{}"],
    `HI ${"[".repeat(100_000)}`,
    `HI ${'{"a":'.repeat(100_000)}`,
    `HI {"v":2,"s":${"[".repeat(5000)}${"]".repeat(5000)}}`,
    `HI {"v":2,"s":5}`,
    `HI {"v":"2"}`,
    `HI {"__proto__":{"v":2}}`,
    `HI {"v":${"9".repeat(1000)}}`,
  ];
  for (const text of texts) {
    assert.throws(
      () => parseGreeting(text),
      (error) =>
        (error instanceof ProtocolError || error instanceof VersionError) &&
        error.message.length < 1000,
      text.slice(0, 40),
    );
  }
  assert.deepEqual(parseGreeting(`HI {"v":2,"x":{"y":1},"__proto__":{"i":5}}`), { version: 2 });
});

test("an endless greeting, or replies without a command, are not stored", async () => {
  const dialTo = (transport: Transport, maxReplyBytes?: number) => {
    const options: DialOptions & ConnectionSettings = {
      ...{ transport, connectTimeoutMs: 1000, commandTimeoutMs: 1000, maxReplyBytes },
      target: { hostname: "localhost", port: 7419 },
      clock: new ManualClock(),
    };
    return dial(options);
  };
  const endless = greeting(`+HI {"s":"${"x".repeat(2000)}`);
  await assert.rejects(dialTo(endless.transport, 1000), { code: "REPLY_TOO_LARGE" });
  assert(endless.peers[0]!.isClosed);
  const claiming = greeting(`$${64 * 1024 * 1024 + 1}\r\nx`);
  await assert.rejects(dialTo(claiming.transport), { code: "REPLY_TOO_LARGE" });
  const chatty = greeting(`+HI {"v":2}\r\n${"+OK\r\n".repeat(5)}`);
  await assert.rejects(dialTo(chatty.transport), { code: "PROTOCOL_VIOLATION" });
});

test("an embedded server keeps little of unknown clients, and wants many rounds", async () => {
  await using server = await FaktoryServer.start({ port: 0, password: "x" });
  const stranger = new RawClient(server.url);
  const { i } = JSON.parse((await stranger.line()).slice("+HI ".length));
  assert(i >= 4000 && i < 8192);
  // A length prefix has no meaning from a client: the line is too long, or is not HELLO.
  stranger.write(`$99999999999\r\n`);
  assert.equal(await stranger.line(), "EOF");
  const long = new RawClient(server.url);
  await long.line();
  long.write("x".repeat(65 * 1024));
  assert.equal(await long.line(), "EOF");
  const client = await RawClient.hello(server.url);
  assert.match(await client.ask("$99999999999"), /^-ERR unknown command/);
  assert.match(await client.ask(`PUSH ${'{"args":['.repeat(20_000)}`), /^-ERR/);
  assert.equal(await client.ask("PUSHB []"), "{}");
  client.close();
});
