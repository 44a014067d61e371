import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../src/errors.ts";
import { parseUrl, type ServerUrl } from "../../src/transport/url.ts";

const plain = { hostname: "localhost", port: 7419, tls: false };

const URLS: [text: string, meaning: ServerUrl][] = [
  ["tcp://localhost", plain],
  ["tcp://localhost:7419", plain],
  ["tcp://localhost:7419/", plain],
  ["TCP://localhost", plain],
  ["tcp://localhost:1", { ...plain, port: 1 }],
  ["tcp://localhost:65535", { ...plain, port: 65535 }],
  ["tcp+tls://jobs.example.com:1234", { hostname: "jobs.example.com", port: 1234, tls: true }],
  ["tcp://:secret@localhost", { ...plain, password: "secret" }],
  ["tcp://user:secret@localhost", { ...plain, username: "user", password: "secret" }],
  ["tcp://user@localhost", { ...plain, username: "user" }],
  ["tcp://:p%40ss%2F%3A%23w%C3%B6rd@localhost", { ...plain, password: "p@ss/:#wörd" }],
  ["tcp://:a:b@localhost", { ...plain, password: "a:b" }],
  ["tcp://:@localhost", plain],
  ["tcp://127.0.0.1", { ...plain, hostname: "127.0.0.1" }],
  ["tcp://[::1]", { ...plain, hostname: "::1" }],
  ["tcp+tls://:x@[2001:db8::1]:99", {
    hostname: "2001:db8::1",
    port: 99,
    tls: true,
    password: "x",
  }],
  ["tcp://faktory_1:7419", { ...plain, hostname: "faktory_1" }],
  [" tcp://localhost:7419\r\n", plain],
  ["tcp://[fe80::1%25eth0]:7419", { ...plain, hostname: "fe80::1%eth0" }],
  ["tcp://[fe80::1%en0]", { ...plain, hostname: "fe80::1%en0" }],
  ["tcp://bücher.example", { ...plain, hostname: "xn--bcher-kva.example" }],
  [String(new URL("tcp://bücher.example:7419")), { ...plain, hostname: "xn--bcher-kva.example" }],
];

for (const [text, meaning] of URLS) {
  test(`parses ${text}`, () => assert.deepEqual(parseUrl(text), meaning));
}

const REFUSED: [text: string, message: RegExp][] = [
  ["", /not have the form/],
  ["localhost:7419", /not have the form/],
  ["http://localhost", /scheme is neither tcp nor tcp\+tls: got "http"/],
  ["tls://localhost", /got "tls"/],
  ["tcp://", /no host/],
  ["tcp://:7419", /no host/],
  ["tcp://::1", /no host|IPv6/],
  ["tcp://[::1", /no host|IPv6|neither/],
  ["tcp://[zz]", /neither a name nor an IP address/],
  ["tcp://[::1%]", /neither a name nor an IP address/],
  ["tcp://[::1%eth0/x]", /neither a name|path|host/],
  ["tcp://[::1%e%20h]", /neither a name nor an IP address/],
  ["tcp://bü cher.example", /neither a name nor an IP address/],
  ["tcp://a b", /neither a name nor an IP address/],
  ["tcp://localhost:0", /port/],
  ["tcp://localhost:65536", /port/],
  ["tcp://localhost:x", /port/],
  ["tcp://localhost:", /port/],
  ["tcp://localhost/0", /path/],
  ["tcp://localhost#x", /fragment/],
  ["tcp://localhost?pool=5&tls=1", /got "pool", "tls"/],
  ["tcp://localhost/?timeout=5", /got "timeout"/],
  ["tcp://:100%@localhost", /%/],
  ["tcp://:hunter2/x@localhost", /before the @/],
  ["tcp://:hunter2?x@localhost", /before the @/],
];

for (const [text, message] of REFUSED) {
  test(`refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseUrl(text), (error) => {
      assert(error instanceof ConfigError);
      assert.equal(error.code, "INVALID_URL");
      assert.match(error.message, message);
      assert(!`${error.stack}`.includes("hunter2"));
      return true;
    }));
}

test("does not show a password in the wrong place of a URL", () => {
  for (
    const text of [
      "tcp://:hunter2",
      "tcp://localhost:hunter2",
      "hunter2",
      "tcp://:x@y@localhost:hunter2",
      "tcp://localhost/hunter2",
      "tcp://:%ZZhunter2@localhost",
    ]
  ) {
    assert.throws(
      () => parseUrl(text),
      (error) => !String((error as Error).stack).includes("hunter2"),
    );
  }
});
