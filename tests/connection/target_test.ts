import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../src/errors.ts";
import { resolveTarget } from "../../src/connection/target.ts";

function resolve(
  options: Parameters<typeof resolveTarget>[0],
  variables: Record<string, string> = {},
) {
  return resolveTarget(options, (name) => variables[name]);
}

test("the option url replaces all variables", () => {
  const variables = {
    FAKTORY_PROVIDER: "MY_URL",
    MY_URL: "tcp://provider",
    FAKTORY_URL: "tcp://url",
  };
  assert.equal(resolve({ url: "tcp://option" }, variables).target.hostname, "option");
  assert.equal(resolve({ url: new URL("tcp://option") }, variables).target.hostname, "option");
  assert.equal(resolve({}, variables).target.hostname, "provider");
  assert.equal(resolve({}, { FAKTORY_URL: "tcp://url:1" }).target.port, 1);
  assert.equal(resolve({}, { FAKTORY_URL: "", FAKTORY_PROVIDER: "" }).target.hostname, "localhost");
  assert.deepEqual(resolve({}).target, { hostname: "localhost", port: 7419, tls: undefined });
});

test("FAKTORY_PROVIDER holds only the name of another variable", () => {
  assert.throws(() => resolve({}, { FAKTORY_PROVIDER: "MY_URL" }), {
    code: "MISSING_VARIABLE",
    message:
      'Cannot find the server as FAKTORY_PROVIDER names the variable "MY_URL", which is not set',
  });
  assert.throws(() => resolve({}, { FAKTORY_PROVIDER: "tcp://:hunter2@host" }), (error) => {
    assert(error instanceof ConfigError);
    assert(!error.message.includes("hunter2"));
    return true;
  });
  assert.throws(() => resolve({}, { FAKTORY_PROVIDER: "MY_URL", MY_URL: "nonsense" }), {
    code: "INVALID_URL",
    message: /^Cannot use the variable MY_URL as/,
  });
  assert.throws(() => resolve({}, { FAKTORY_URL: "nonsense" }), {
    message: /variable FAKTORY_URL/,
  });
});

test("the option password replaces the password in the URL", () => {
  assert.equal(resolve({ url: "tcp://:a@host" }).password, "a");
  assert.equal(resolve({ url: "tcp://:a@host", password: "b" }).password, "b");
  assert.equal(resolve({ url: "tcp://user:a@host" }).username, "user");
});

test("the URL's scheme or the option enables TLS", () => {
  assert.equal(resolve({ url: "tcp://host" }).target.tls, undefined);
  assert.deepEqual(resolve({ url: "tcp+tls://host" }).target.tls, {});
  assert.deepEqual(resolve({ url: "tcp://host", tls: true }).target.tls, {});
  assert.deepEqual(resolve({ url: "tcp://host", tls: { serverName: "x" } }).target.tls, {
    serverName: "x",
  });
  assert.equal(resolve({ url: "tcp://host", tls: false }).target.tls, undefined);
  for (
    const tls of [
      "yes",
      [],
      { caCerts: "pem" },
      { caCerts: [1] },
      { cert: "x" },
      { key: "x" },
      { serverName: 1 },
      { rejectUnauthorized: 0 },
    ]
  ) {
    assert.throws(() => resolve({ url: "tcp://host", tls: tls as never }), {
      code: "INVALID_OPTION",
    }, JSON.stringify(tls));
  }
  assert.throws(() => resolve({ url: "tcp+tls://host", tls: false }), { code: "INVALID_OPTION" });
});
