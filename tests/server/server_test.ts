import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it, test } from "node:test";
import { Producer } from "../../mod.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test("the password is required, and the URL contains it", async () => {
  await using server = await FaktoryServer.start({ port: 0, password: "p@ss/wörd" });
  await using producer = await Producer.connect({ url: server.url });
  await producer.enqueue("x");
  const url = `tcp://127.0.0.1:${server.port}`;
  await assert.rejects(Producer.connect({ url }), { code: "PASSWORD_REQUIRED" });
  await assert.rejects(Producer.connect({ url, password: "wrong" }), { code: "PASSWORD_REFUSED" });
  const wrong = url.replace("//", "//:wrong@");
  const refused = `Cannot connect to 127.0.0.1:${server.port} as the server refuses the password`;
  await assert.rejects(Producer.connect({ url: wrong }), {
    code: "PASSWORD_REFUSED",
    message: `${refused} in the option url`,
  });
  await assert.rejects(Producer.connect({ url: wrong, password: "wr0ng" }), { message: refused });
  await assert.rejects(Producer.connect({ url: url.replace("//", "//secret@") }), {
    code: "PASSWORD_REQUIRED",
    message:
      /the URL has only a user name: write a colon before the password, tcp:\/\/:password@host$/,
  });
  for (const pwdhash of [undefined, "", "AB"]) {
    const client = new RawClient(url);
    await client.line();
    client.say(`HELLO ${JSON.stringify({ v: 2, pwdhash })}`);
    assert.equal(await client.line(), "-ERR Invalid password");
    assert.equal(await client.line(), "EOF");
  }
});

test("a connection above the limit is refused and closed", async () => {
  await using server = await FaktoryServer.start({ port: 0, maxConnections: 1 });
  const first = await RawClient.hello(server.url);
  const second = await RawClient.hello(server.url);
  assert.equal(await second.line(), "-ERR too many connections: 2");
  assert.equal(await second.line(), "EOF");
  assert.equal(await first.ask("PUSHB []"), "{}");
  first.close();
});

test("close ends a waiting FETCH, and all connections", async () => {
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

test("an address that cannot be used is reported", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  await assert.rejects(FaktoryServer.start({ port: server.port }), {
    name: "ConfigError",
    message: `Cannot listen on 127.0.0.1:${server.port} as the port is taken`,
  });
  await assert.rejects(FaktoryServer.start({ port: 70_000 }), { code: "INVALID_OPTION" });
  await assert.rejects(FaktoryServer.start({ fetchWaitMs: 0 }), { code: "INVALID_OPTION" });
  await assert.rejects(FaktoryServer.start({ password: 1 as never }), { code: "INVALID_OPTION" });
});

describe("a client that disconnects while it waits for a job gets none", () => {
  const leave = {
    "by closing its connection": (client: RawClient) => client.close(),
    "by a reset": (client: RawClient) => client.reset(),
    "while quiet": (client: RawClient) => client.close(),
  };
  for (const [name, go] of Object.entries(leave)) {
    it(name, async () => {
      await using server = await FaktoryServer.start({ port: 0, fetchWaitMs: 1_000_000 });
      const gone = await RawClient.hello(server.url, { wid: "w" });
      const producer = await RawClient.hello(server.url);
      if (name === "while quiet") await gone.ask(`BEAT {"wid":"w","current_state":"quiet"}`);
      gone.say("FETCH default");
      await until(() => server.snapshot().waiting === 1);
      go(gone);
      await until(() => server.snapshot().waiting === 0);
      await until(() => server.snapshot().connections === 1);
      await producer.ask(`PUSH {"jid":"stranded1","jobtype":"x","args":[]}`);
      assert.equal(server.snapshot().working, 0);
      assert.deepEqual(server.snapshot().queues, { default: 1 });
      producer.close();
    });
  }

  it("a client that half-closes is answered at once", async () => {
    await using server = await FaktoryServer.start({ port: 0, fetchWaitMs: 1_000_000 });
    const client = await RawClient.hello(server.url);
    client.say("FETCH default", "FETCH other", "END");
    await until(() => server.snapshot().waiting === 1);
    client.finish();
    assert.equal(await client.line(), "$-1");
    assert.equal(await client.line(), "$-1");
    assert.equal(await client.line(), "EOF");
  });
});

test("a first line that is not a HELLO gets the greeting first, even if it was there before", async () => {
  await using server = await FaktoryServer.start({ port: 0, password: "secret" });
  for (const line of ["PUSH {}", "", "HELLO {", "x".repeat(70_000)]) {
    const client = new RawClient(server.url);
    client.say(line);
    assert.match(await client.line(), /^\+HI /, line.slice(0, 10));
    assert.equal(await client.line(), "EOF");
  }
});

test("a flood of wrong passwords delays nobody, and correct passwords are accepted", async () => {
  await using server = await FaktoryServer.start({ port: 0, password: "secret" });
  const inside = await RawClient.hello(server.url);
  const wrong = Array.from({ length: 200 }, () => new RawClient(server.url));
  await Promise.all(wrong.map((client) => client.line()));
  for (const client of wrong) client.say(`HELLO {"v":2,"pwdhash":"${"ab".repeat(32)}"}`);
  let refused = 0;
  const all = Promise.all(wrong.map(async (client) => {
    assert.equal(await client.line(), "-ERR Invalid password");
    refused++;
  }));
  assert.equal(await inside.ask("PUSHB []"), "{}");
  const right = await RawClient.hello(server.url);
  assert.equal(await right.ask("PUSHB []"), "{}");
  assert(refused < 100, `${refused} were checked before`);
  await all;
  for (const client of [inside, right, ...wrong]) client.close();
});

test("a large HELLO is parsed when it is its client's turn", async () => {
  await using server = await FaktoryServer.start({ port: 0, password: "secret" });
  const labels = Array.from({ length: 5000 }, (_, i) => `${i}`);
  const client = await RawClient.hello(server.url, { wid: "w", labels });
  assert.equal(await client.ask("PUSHB []"), "{}");
  assert.equal(server.snapshot().workers, 1);
  const wrong = new RawClient(server.url);
  wrong.say(`HELLO ${JSON.stringify({ labels, v: "2" })}`, "PUSH {}");
  assert.match(await wrong.line(), /^\+HI /);
  assert.equal(await wrong.line(), "EOF");
  client.close();
});

test("clients without a HELLO make room for others", async () => {
  await using server = await FaktoryServer.start({ port: 0, maxConnections: 1 });
  const silent: RawClient[] = [];
  for (let i = 0; i <= 100; i++) {
    silent.push(new RawClient(server.url));
    assert.match(await silent[i]!.line(), /^\+HI /);
  }
  assert.equal(await silent[0]!.line(), "EOF");
  const client = await RawClient.hello(server.url);
  assert.equal(await client.ask("PUSHB []"), "{}");
  for (const other of [client, ...silent]) other.close();
});

test("TCP checks that idle clients are still there", {
  skip: existsSync("/proc/net/tcp") ? false : "only Linux shows the timers of connections",
}, async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  const client = await RawClient.hello(server.url);
  const port = server.port.toString(16).toUpperCase().padStart(4, "0");
  // The connection's timer, in hundredths of a second. Kind 2 is keep-alive.
  const timer = new RegExp(`^ *\\d+: [0-9A-F]+:${port} \\S+ 01 \\S+ (\\d\\d):([0-9A-F]+)`, "m");
  const seen = () => timer.exec(readFileSync("/proc/net/tcp", "utf8"));
  await until(() => seen()?.[1] === "02" && parseInt(seen()![2]!, 16) <= 1500);
  client.close();
});

test("the uptime is not affected by changes of the time of day", async () => {
  const clock = new ManualClock();
  let elapsed = 0;
  const set = Object.assign(Object.create(clock), {
    now: () => clock.now(),
    after: (ms: number, callback: () => void) => clock.after(ms, callback),
    elapsed: () => elapsed,
  });
  await using server = await FaktoryServer.start({ port: 0, clock: set });
  const client = await RawClient.hello(server.url, { wid: "w" });
  elapsed = 90_000;
  clock.advance(-3_600_000);
  assert.equal(JSON.parse(await client.ask("INFO")).server.uptime, 90);
  await client.ask(`BEAT {"wid":"w"}`);
  // Moving the time of day by an hour does not make workers silent.
  clock.advance(3_600_000);
  assert.equal(server.snapshot().workers, 1);
  elapsed += 61_000;
  clock.advance(15_000);
  assert.equal(server.snapshot().workers, 0);
  client.close();
});
