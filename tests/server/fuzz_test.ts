import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { RawClient } from "../contract/raw_client.ts";

/**
 * Random bytes from many clients at once, which end in any way. The server must keep running, and
 * keep nothing of them.
 */

const HELLO = '{"v":2,"wid":"fuzzer"}';
const JOB = '{"jid":"fuzzed-job","jobtype":"x","args":[1],"queue":"q"';

/** Parts that look more like commands than random bytes. */
const PIECES = [
  ...[
    "HELLO ",
    "PUSH ",
    "PUSHB ",
    "FETCH ",
    "ACK ",
    "FAIL ",
    "BEAT ",
    "QUEUE PAUSE *",
    "QUEUE REMOVE q",
  ],
  ...[
    "MUTATE ",
    "INFO",
    "FLUSH",
    "END",
    "BATCH ",
    "TRACK ",
    "FETCH q r",
    "QUEUE LATENCY q",
    "SHUTDOWN",
  ],
  ...[
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    ",",
    "\\",
    "\\u00",
    "null",
    "1e999",
    "-",
    " ",
    "\t",
    "\0",
    "\r",
  ],
  ...[
    "\n",
    "\r\n",
    "\n\n",
    "\r\r\n",
    "\xff\xfe",
    "\xc3",
    "\xe2\x82",
    "\xed\xa0\x80",
    "\xf0\x9f\x98",
  ],
  ...[
    '"__proto__"',
    '"constructor":{"prototype":{"x":1}}',
    '"jid":',
    '"wid":"fuzzer"',
    '"args":[]',
  ],
  ...[
    `\nHELLO ${HELLO}\n`,
    `\nPUSH ${JOB}}\n`,
    `\nPUSH ${JOB},"retry":-1}\n`,
    "\nFETCH q\n",
    "\nEND\n",
  ],
  ...['\nACK {"jid":"fuzzed-job"}\n', '\nFAIL {"jid":"fuzzed-job"}\n', '\nBEAT {"wid":"fuzzer"}\n'],
  ...[
    '\nMUTATE {"cmd":"requeue","target":"dead","filter":{"regexp":"*[a-*?\\\\*"}}\n',
    "[".repeat(20_000),
  ],
  ...['{"a":'.repeat(11_000), `"${"x".repeat(70_000)}"`, "a".repeat(5000)],
];

const chunk = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 })
    .map((pieces) => Buffer.from(pieces.join(""), "latin1")),
  fc.uint8Array({ minLength: 1, maxLength: 200 }),
);

const visit = fc.record({
  /** True if the client completes the handshake first. */
  isKnown: fc.boolean(),
  chunks: fc.array(chunk, { maxLength: 6 }),
  end: fc.constantFrom("cut", "finish", "stay"),
});

test("no bytes stop the server, or leave anything behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 12 }), async (visits) => {
      const clock = new ManualClock(Date.now());
      const server = await FaktoryServer.start({ port: 0, clock });
      const idle = clock.pending;
      const visitors = await Promise.all(visits.map(async ({ isKnown, chunks, end }) => {
        const client = isKnown
          ? await RawClient.hello(server.url, { wid: "fuzzer" })
          : new RawClient(server.url);
        for (const bytes of chunks) client.write(bytes);
        if (end === "cut") client.close();
        if (end === "finish") client.finish();
        return client;
      }));
      const sane = await RawClient.hello(server.url);
      assert.equal(await sane.ask("PUSHB []"), "{}");
      for (const client of visitors) client.finish();
      sane.close();
      // Handshakes that time out, and waiting FETCHes, take two seconds to end.
      while (server.snapshot().connections > 0 || clock.pending > idle) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (clock.pending > idle) clock.advance(2000);
      }
      assert.deepEqual([server.snapshot().waiting, server.snapshot().workers], [0, 0]);
      await server.close();
      assert.equal(clock.pending, 0);
    }),
    { seed: 1, numRuns: 60 },
  );
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test("names of object properties are names like any others", async () => {
  await using server = await FaktoryServer.start({ port: 0 });
  const client = await RawClient.hello(server.url);
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const fields = `"${name}":{"polluted":true}`;
    const job = `{"jid":"${name}-jid","jobtype":"${name}","queue":"${name}","args":[{${fields}}]`;
    assert.equal(await client.ask(`PUSH ${job},"custom":{${fields}},${fields},"retry":0}`), "+OK");
    const fetched = await client.ask(`FETCH ${name}`);
    assert(fetched.includes(`"args":[{${fields}}]`), fetched);
    assert(fetched.includes(`"custom":{${fields}}`), fetched);
    assert.match(await client.ask(`QUEUE LATENCY ${name}`), new RegExp(`^\\{"${name}":0\\}$`));
    assert.equal(await client.ask(`ACK {"${name}":"x"}`), `-ERR invalid ACK {"${name}":"x"}`);
    assert.equal(await client.ask(`ACK {"${name}":"x","jid":"${name}-jid"}`), "+OK");
    assert.equal(await client.ask(`ACK {"jid":"${name}"}`), "+OK");
    assert.equal(await client.ask(`FAIL {"jid":"${name}"}`), `-ERR Job not found ${name}`);
    assert.equal(await client.ask(`BEAT {"wid":"${name}"}`), `-ERR unknown worker ${name}`);
    assert.equal(await client.ask(name), `-ERR unknown command ${name}`);
    assert.equal(
      await client.ask(`QUEUE ${name} q`),
      `-ERR no such QUEUE subcommand: ${name.toUpperCase()}`,
    );
  }
  assert.equal(
    await client.ask(`PUSHB [{"jid":"__proto__"}]`),
    `{"__proto__":"jobs must have a jobtype parameter"}`,
  );
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  client.close();
});

test("an endless HELLO is cut off, and a line that is too long is refused and discarded", async () => {
  await using server = await FaktoryServer.start({ port: 0, maxLineBytes: 20 * 1024 * 1024 });
  const stranger = new RawClient(server.url);
  await stranger.line();
  stranger.write(`HELLO {"wid":"${"x".repeat(65_000)}`);
  stranger.write("x".repeat(1000));
  assert.equal(await stranger.line(), "EOF");
  const client = await RawClient.hello(server.url);
  const mebibyte = new Uint8Array(1024 * 1024).fill(0x78);
  const limits: readonly (readonly [verb: string, limit: number])[] = [
    ["", 65_536],
    ["FETCH ", 65_536],
    ["FAIL ", 1_048_576],
    ["MUTATE ", 1_048_576],
    ["PUSH ", 20_971_520],
    ["PUSHB ", 20_971_520],
  ];
  for (const [verb, limit] of limits) {
    client.write(verb);
    for (let i = 0; i < 21; i++) client.write(mebibyte);
    // The refusal is sent before the end of the line has arrived.
    assert.equal(await client.line(), `-ERR line is longer than ${limit} bytes`);
    client.write("\n");
  }
  const fits = `FETCH ${"x".repeat(65_530)}`;
  assert.equal(await client.ask(`${fits}x`), "-ERR line is longer than 65536 bytes");
  assert.equal(await client.ask(`PUSH ${" ".repeat(200_000)}`), END_OF_JSON);
  const job = (size: number) =>
    `{"jid":"large-job","jobtype":"x","args":["${"é".repeat(size)}"],"retry":0}`;
  assert.equal(await client.ask(`PUSH ${job(8 * 1024 * 1024)}`), "+OK");
  const { args } = JSON.parse(await client.ask("FETCH default"));
  assert(args[0] === "é".repeat(8 * 1024 * 1024));
  client.close();
});

const END_OF_JSON = "-ERR invalid JSON: unexpected end of JSON input";
