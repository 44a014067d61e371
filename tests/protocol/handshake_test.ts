import assert from "node:assert/strict";
import { it } from "node:test";
import { ProtocolError, VersionError } from "../../src/errors.ts";
import { helloPayload, parseGreeting, passwordHash } from "../../src/protocol/handshake.ts";

it("hashes a password like the server", () => {
  assert.equal(
    passwordHash("foobar", "55104dc76695721d", 1545),
    "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30",
  );
});

it("parses a greeting", () => {
  assert.deepEqual(parseGreeting('HI {"v":2}'), { version: 2 });
  assert.deepEqual(parseGreeting('HI {"v":2,"i":4000,"s":"ab"}'), {
    version: 2,
    iterations: 4000,
    salt: "ab",
  });
});

it("refuses another version and too many hash rounds", () => {
  const code = (wanted: string) => (error: unknown) =>
    error instanceof VersionError && error.code === wanted;
  assert.throws(() => parseGreeting('HI {"v":3}'), code("UNSUPPORTED_VERSION"));
  assert.throws(
    () => parseGreeting('HI {"v":2,"i":1000000000,"s":"a"}'),
    code("HANDSHAKE_REFUSED"),
  );
  for (const text of ["HTTP/1.1", "HI", "HI []", "HI {"]) {
    assert.throws(() => parseGreeting(text), ProtocolError, text);
  }
});

it("identifies itself without the absent properties", () => {
  assert.deepEqual(
    JSON.parse(helloPayload({ version: 2, wid: "w", pid: 7, labels: ["a"], hostname: undefined })),
    { v: 2, wid: "w", pid: 7, labels: ["a"] },
  );
});
