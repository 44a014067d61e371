import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { it } from "node:test";
import { RawClient } from "./raw_client.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** A line, and its reply as text or as a pattern. */
type Vector = readonly [line: string, reply: string | RegExp];

const ERRORS: readonly Vector[] = [
  ["PUSH", "-ERR internal error"],
  ["FAIL", "-ERR internal error"],
  ["ACK", "-ERR internal error"],
  ["BEAT", "-ERR internal error"],
  ["QUEUE", "-ERR internal error"],
  ["QUEUE PAUSE", "-ERR internal error"],
  ["PUSHB", "-ERR internal error"],
  ["PING", "-ERR unknown command PING"],
  ["", "-ERR unknown command "],
  ["push {}", "-ERR unknown command push"],
  [`HELLO {"v":2}`, "-ERR unknown command HELLO"],
  ["FETCH", "-ERR must call fetch with at least one queue"],
  ["QUEUE FOO", "-ERR no such QUEUE subcommand: FOO"],
  ["QUEUE LATENCY *", "-ERR QUEUE LATENCY does not support wildcards"],
  ["BATCH NEW {}", "-ERR batch subsystem is only available in Faktory Enterprise"],
  ["TRACK GET 1", "-ERR tracking subsystem is only available in Faktory Enterprise"],
  [`BEAT {}`, "-ERR unknown worker "],
  [`BEAT {"wid":"nobody"}`, "-ERR unknown worker nobody"],
  [`BEAT {"wid":1}`, `-ERR invalid BEAT {"wid":1}`],
  [`ACK {"jid":"nobody-knows-it"}`, "+OK"],
  [`ACK {}`, "-ERR invalid ACK {}"],
  [`ACK {"jid":1}`, `-ERR invalid ACK {"jid":1}`],
  [`ACK nonsense`, "-ERR invalid ACK nonsense"],
  [`FAIL {"jid":"nobody-knows-it"}`, "-ERR Job not found nobody-knows-it"],
  [`FAIL {}`, "-ERR missing JID"],
  [`FAIL []`, "-ERR invalid FAIL []"],
  [`PUSH {"jid":"short"}`, "-ERR jobs must have a reasonable jid parameter"],
  [`PUSH {"jid":"12345678"}`, "-ERR jobs must have a jobtype parameter"],
  [`PUSH {"jid":"12345678","jobtype":"x"}`, "-ERR jobs must have an args parameter"],
  [`PUSH {"jid":"12345678","jobtype":"x","args":null}`, "-ERR jobs must have an args parameter"],
  [
    `PUSH {"jid":"12345678","jobtype":"x","args":[],"reserve_for":86401}`,
    "-ERR jobs cannot be reserved for more than one day",
  ],
  [
    `PUSH {"jid":"12345678","jobtype":"x","args":[],"queue":"a/b"}`,
    String.raw`-ERR cannot get "a/b" queue: queue names must match \A[a-zA-Z0-9._-]+\z`,
  ],
  [
    `PUSH {"jid":"12345678","jobtype":"x","args":[],"at":"2026-01-01T00:00:00"}`,
    /^-ERR invalid timestamp for 'at': "2026-01-01T00:00:00"/,
  ],
  [
    `PUSH {"jid":"12345678","jobtype":"x","args":[],"at":"2026-02-30T00:00:00Z"}`,
    /^-ERR invalid timestamp for 'at': "2026-02-30T00:00:00Z"/,
  ],
  [
    `PUSH {"jid":"12345678","jobtype":"x","args":[],"at":"2026-01-01t00:00:00z"}`,
    /^-ERR invalid timestamp for 'at': /,
  ],
  [
    `PUSH {"jid":"12345678","jobtype":"x","args":[],"retry":1.5}`,
    /^-ERR invalid JSON: json: cannot/,
  ],
  [
    `PUSH {"jid":12345678}`,
    /^-ERR invalid JSON: json: cannot unmarshal number into Go struct field/,
  ],
  [`PUSHB {}`, /^-ERR invalid JSON: json: cannot unmarshal object into Go value of type/],
  [`PUSHB []`, "{}"],
  [`PUSHB [{},{}]`, `{"":"jobs must have a reasonable jid parameter"}`],
  [`MUTATE {"cmd":"kill", "target":"dead"}`, "-ERR invalid format"],
  [`MUTATE {}`, "-ERR unknown mutate operation"],
  [`MUTATE {"cmd":"kill","target":"working"}`, "-ERR invalid target for mutation command"],
];

/** The bytes on the wire. */
export function wireContract(subject: Subject): void {
  it("replies to invalid lines like the reference server", async () => {
    const client = await RawClient.hello(subject.url);
    for (const [line, reply] of ERRORS) {
      if (subject.edition === "enterprise" && /^(BATCH|TRACK)/.test(line)) continue;
      const got = await client.ask(line);
      if (typeof reply === "string") assert.equal(got, reply, line);
      else assert.match(got, reply, line);
    }
    client.close();
  });

  it("closes without a reply if the first line is not a HELLO", async () => {
    for (const line of ["hello {}", "PUSH {}", "HELLO", "HELLO nonsense", `HELLO {"pid":"x"}`]) {
      const client = new RawClient(subject.url);
      assert.match(await client.line(), /^\+HI \{"v":2/);
      client.say(line);
      assert.equal(await client.line(), "EOF", line);
      client.close();
    }
  });

  it("parses a job like Go", async () => {
    const queue = freshQueue();
    const client = await RawClient.hello(subject.url);
    const sent =
      `{"Unknown":1,"backtrace":0,"jid":"go-${queue}","jobtype":"<b>&\\u00e9","args":[1.0,1e21,` +
      `{"b":1,"a":[0.1]},"\\ud800",12345678901234567890],"queue":"${queue}","retry":0,"custom":{},` +
      `"created_at":"whatever"}`;
    assert.equal(await client.ask(`PUSH ${sent}`), "+OK");
    const job = await client.ask(`FETCH ${queue}`);
    assert.equal(
      job.replace(/"enqueued_at":"[^"]+"/, `"enqueued_at":""`),
      `{"retry":0,"jid":"go-${queue}","queue":"${queue}","jobtype":"\\u003cb\\u003e\\u0026é",` +
        `"created_at":"whatever","enqueued_at":"","args":[1,1e+21,{"a":[0.1],"b":1},"\ufffd",` +
        `12345678901234567000]}`,
    );
    assert.equal(await client.ask(`ACK {"jid":"go-${queue}"}`), "+OK");
    client.close();
  });

  it("wakes a client that waits for any of several queues", async () => {
    const [high, low] = [freshQueue(), freshQueue()];
    const consumer = await RawClient.hello(subject.url);
    const producer = await RawClient.hello(subject.url);
    consumer.say(`FETCH ${high} ${low}`);
    const jid = `woken-${low}`;
    const job = `{"jid":"${jid}","jobtype":"x","args":[],"queue":"${low}","retry":0}`;
    assert.equal(await producer.ask(`PUSH ${job}`), "+OK");
    assert.match(await consumer.reply(), /"jid":"woken-/);
    assert.equal(await producer.ask(`ACK {"jid":"${jid}"}`), "+OK");
    consumer.close();
    producer.close();
  });

  it("replies to pipelined commands in order, including a waiting FETCH", async () => {
    const queue = freshQueue();
    const client = await RawClient.hello(subject.url);
    const count = 20_000;
    let text = "";
    for (let i = 0; i < count; i++) {
      text += `PUSH {"jid":"pipelined-${i}","jobtype":"x","args":[],"queue":"${queue}"}\r\n`;
    }
    client.write(`${text}QUEUE REMOVE ${queue}\r\nFETCH ${queue}\r\nPUSHB []\r\nEND\r\n`);
    for (let i = 0; i <= count; i++) assert.equal(await client.reply(), "+OK");
    assert.equal(await client.reply(), "$-1");
    assert.equal(await client.reply(), "{}");
    assert.equal(await client.reply(), "EOF");
  });

  it("accepts lines that end with LF alone, and lines that are split anywhere", async () => {
    const client = await RawClient.hello(subject.url);
    client.write("PUSHB []\n");
    assert.equal(await client.reply(), "{}");
    const queue = freshQueue();
    const bytes = Buffer.from(
      `PUSH {"jid":"cut-${queue}","jobtype":"ü€😀","args":[],"queue":"${queue}"}\r\n`,
    );
    for (const byte of bytes) client.write(Uint8Array.of(byte));
    assert.equal(await client.reply(), "+OK");
    assert.match(await client.ask(`FETCH ${queue}`), /"jobtype":"ü€😀"/);
    await client.ask(`ACK {"jid":"cut-${queue}"}`);
    client.close();
  });

  it("sends a worker's state with each BEAT, and never takes it back", async () => {
    const wid = freshQueue();
    const client = await RawClient.hello(subject.url, { wid, hostname: "h", pid: 1, labels: [] });
    assert.equal(await client.ask(`BEAT {"wid":"${wid}"}`), "+OK");
    const quiet = `{"state":"quiet"}`;
    assert.equal(await client.ask(`BEAT {"wid":"${wid}","current_state":"quiet"}`), quiet);
    assert.equal(await client.ask(`BEAT {"wid":"${wid}","current_state":""}`), quiet);
    const terminate = `{"state":"terminate"}`;
    assert.equal(await client.ask(`BEAT {"wid":"${wid}","current_state":"terminate"}`), terminate);
    assert.equal(await client.ask(`BEAT {"wid":"${wid}","current_state":"quiet"}`), terminate);
    client.close();
  });
}
