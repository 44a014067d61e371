import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { it } from "node:test";
import { RawClient } from "./raw_client.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** Payloads of PUSH, and the error after `-ERR invalid JSON: `. */
const NO_JSON: readonly (readonly [payload: string, fault: string])[] = [
  ["", "unexpected end of JSON input"],
  ["{", "unexpected end of JSON input"],
  [`{"a"`, "unexpected end of JSON input"],
  [`{"a":1,`, "unexpected end of JSON input"],
  [`"`, "unexpected end of JSON input"],
  [`{"a":"€`, "unexpected end of JSON input"],
  ["x", "invalid character 'x' looking for beginning of value"],
  ["'", String.raw`invalid character '\'' looking for beginning of value`],
  ["é", "invalid character 'Ã' looking for beginning of value"],
  ["😀", "invalid character 'ð' looking for beginning of value"],
  ["\ufeff{}", "invalid character 'ï' looking for beginning of value"],
  ["\0", String.raw`invalid character '\x00' looking for beginning of value`],
  ["\x7f", String.raw`invalid character '\x7f' looking for beginning of value`],
  ["[1,]", "invalid character ']' looking for beginning of value"],
  [`{"a":1,}`, "invalid character '}' looking for beginning of object key string"],
  ["{a", "invalid character 'a' looking for beginning of object key string"],
  [`{"a" 1}`, "invalid character '1' after object key"],
  [`{"a":1 2}`, "invalid character '2' after object key:value pair"],
  ["[1 2]", "invalid character '2' after array element"],
  ["[1}", "invalid character '}' after array element"],
  ["{} x", "invalid character 'x' after top-level value"],
  [`{}"`, `invalid character '"' after top-level value`],
  ["{}\\", String.raw`invalid character '\\' after top-level value`],
  ["01", "invalid character '1' after top-level value"],
  [`"\t"`, String.raw`invalid character '\t' in string literal`],
  [`"\x01"`, String.raw`invalid character '\x01' in string literal`],
  [`"\\x"`, "invalid character 'x' in string escape code"],
  [`"\\`, "invalid character ' ' in string escape code"],
  [`"\\u12g4"`, "invalid character 'g' in \\u hexadecimal character escape"],
  ["tru", "invalid character ' ' in literal true (expecting 'e')"],
  ["nulx", "invalid character 'x' in literal null (expecting 'l')"],
  ["falsx", "invalid character 'x' in literal false (expecting 'e')"],
  ["-", "invalid character ' ' in numeric literal"],
  ["1.x", "invalid character 'x' after decimal point in numeric literal"],
  ["1e+x", "invalid character 'x' in exponent of numeric literal"],
  ["[".repeat(10_001), "invalid character '[' exceeded max depth"],
  ['{"a":'.repeat(10_001), "invalid character '{' exceeded max depth"],
  ["1", cannot("number", "value of type client.Job")],
  [`"s"`, cannot("string", "value of type client.Job")],
  ["true", cannot("bool", "value of type client.Job")],
  ["[".repeat(10_000) + "]".repeat(10_000), cannot("array", "value of type client.Job")],
  [`{"retry":1.0}`, cannot("number 1.0", "struct field Job.retry of type int")],
  [`{"retry":1e2}`, cannot("number 1e2", "struct field Job.retry of type int")],
  [`{"retry":"x"}`, cannot("string", "struct field Job.retry of type int")],
  [
    `{"retry":9223372036854775808}`,
    cannot("number 9223372036854775808", "struct field Job.retry of type int"),
  ],
  [`{"jid":true,"retry":"x"}`, cannot("bool", "struct field Job.jid of type string")],
  [`{"jid":1,"jid":"x"}`, cannot("number", "struct field Job.jid of type string")],
  [`{"JID":{"a":1}}`, cannot("object", "struct field Job.jid of type string")],
  [`{"j\\u0069d":[]}`, cannot("array", "struct field Job.jid of type string")],
  [`{"bac\u212atrace":"x"}`, cannot("string", "struct field Job.backtrace of type int")],
  [`{"args":{}}`, cannot("object", "struct field Job.args of type []interface {}")],
  [`{"args":[{"a":1e999}]}`, cannot("number 1e999", "struct field Job.args of type float64")],
  [`{"custom":[]}`, cannot("array", "struct field Job.custom of type map[string]interface {}")],
  [`{"failure":1}`, cannot("number", "struct field Job.failure of type client.Failure")],
  [
    `{"failure":{"backtrace":[1]}}`,
    cannot("number", "struct field Failure.failure.backtrace of type string"),
  ],
  [
    `{"failure":{"retry_count":1.5}}`,
    cannot("number 1.5", "struct field Failure.failure.retry_count of type int"),
  ],
];

function cannot(value: string, place: string): string {
  return `json: cannot unmarshal ${value} into Go ${place}`;
}

/** Payloads of MUTATE, and the reply. */
const NO_OPERATION: readonly (readonly [payload: string, reply: string])[] = [
  ["", "-ERR unexpected end of JSON input"],
  ["x", "-ERR invalid character 'x' looking for beginning of value"],
  ["null", "-ERR unknown mutate operation"],
  ["[]", `-ERR ${cannot("array", "value of type client.Operation")}`],
  [
    `{"target":1}`,
    `-ERR ${cannot("number", "struct field Operation.target of type client.Structure")}`,
  ],
  [
    `{"filter":{"jids":[1]}}`,
    `-ERR ${cannot("number", "struct field JobFilter.filter.jids of type string")}`,
  ],
];

/** Lines with invalid UTF-8, and the bytes of their replies. */
const BYTES: readonly (readonly [line: string, reply: string])[] = [
  ["PUSH \xff", "-ERR invalid JSON: invalid character 'ÿ' looking for beginning of value"],
  ["P\xc3(\x80 {}", "-ERR unknown command P\xc3(\x80"],
  ["ACK \xf0\x9f\x98", "-ERR invalid ACK \xf0\x9f\x98"],
  ["FAIL \xe2\x82{\r", "-ERR invalid FAIL \xe2\x82{\r"],
  ["\xef\xbb\xbfINFO", "-ERR unknown command \xef\xbb\xbfINFO"],
  ['BEAT {"wid":"\xff\xfe"}', "-ERR unknown worker \xef\xbf\xbd\xef\xbf\xbd"],
];

/** JSON and bytes, as a server written in Go returns them. */
export function jsonContract(subject: Subject): void {
  it("reports invalid JSON and invalid jobs with Go's texts", async () => {
    const client = await RawClient.hello(subject.url);
    for (const [payload, fault] of NO_JSON) {
      const reply = Buffer.from(await client.ask(`PUSH ${payload}`), "latin1").toString();
      assert.equal(reply, `-ERR invalid JSON: ${fault}`, payload.slice(0, 80));
    }
    assert.equal(await client.ask("PUSH null"), "-ERR jobs must have a reasonable jid parameter");
    for (const [payload, reply] of NO_OPERATION) {
      assert.equal(await client.ask(`MUTATE ${payload}`), reply);
    }
    assert.equal(
      await client.ask("PUSHB [[]]"),
      `-ERR invalid JSON: ${cannot("array", "value of type client.Job")}`,
    );
    client.close();
  });

  it("repeats invalid UTF-8 unchanged in its replies", async () => {
    const client = await RawClient.hello(subject.url);
    for (const [line, reply] of BYTES) {
      client.write(Buffer.from(`${line}\r\n`, "latin1"));
      const got = await client.reply();
      const text = reply.includes("ÿ") ? Buffer.from(reply).toString("latin1") : reply;
      assert.equal(got, text);
    }
    client.close();
  });

  it("writes numbers, strings and keys like Go", async () => {
    const queue = freshQueue();
    const client = await RawClient.hello(subject.url);
    const pushed = [
      `{"jid":"json-${queue}","jobtype":"\\u0000\\u007f\\b\\u2028<\\/\\"","retry":-0,"queue":"${queue}"`,
      `"created_at":"c","args":[-0,1e-6,1e-7,0.1e2,5e-324,123456789012345678901234,"\\ud83d\\ude00"`,
      `"\\udc00","",{"b":1,"a":1,"10":1,"9":1,"__proto__":{"constructor":null},"a":2},[],{}]`,
      `"custom":{"__proto__":1,"z":{"y":[]}},"Reserve_For":-9007199254740993,"backtrace":9223372036854775807}`,
    ].join(",");
    assert.equal(await client.ask(`PUSH ${pushed}`), "+OK");
    const job = await client.ask(`FETCH ${queue}`);
    assert.equal(
      job.replace(/"enqueued_at":"[^"]+"/, `"enqueued_at":""`),
      `{"retry":0,"custom":{"__proto__":1,"z":{"y":[]}},"jid":"json-${queue}","queue":"${queue}",` +
        `"jobtype":"\\u0000\u007f\\b\\u2028\\u003c/\\"","created_at":"c","enqueued_at":"","args":[` +
        `-0,0.000001,1e-7,10,5e-324,1.2345678901234569e+23,"😀","\ufffd","",` +
        `{"10":1,"9":1,"__proto__":{"constructor":null},"a":2,"b":1},[],{}],"reserve_for":-9007199254740993,` +
        `"backtrace":9223372036854775807}`,
    );
    assert.equal(await client.ask(`ACK {"jid":"json-${queue}"}`), "+OK");
    client.close();
  });

  it("accepts values that are nested as deeply as Go allows", async () => {
    const queue = freshQueue();
    const client = await RawClient.hello(subject.url);
    const args = "[".repeat(9999) + "]".repeat(9999);
    const job = `{"jid":"deep-${queue}","jobtype":"x","queue":"${queue}","retry":0,"args":${args}}`;
    assert.equal(await client.ask(`PUSH ${job}`), "+OK");
    assert((await client.ask(`FETCH ${queue}`)).endsWith(`"args":${args}}`));
    assert.equal(await client.ask(`ACK {"jid":"deep-${queue}"}`), "+OK");
    client.close();
  });
}
