import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import fc from "fast-check";
import { iteratedSha256 } from "../../src/internal/iterated_sha256.ts";
import { parameters } from "../properties.ts";

/** Computes the same with the runtime's own hash. */
function native(data: Uint8Array, rounds: number): string {
  let hash = data;
  for (let round = 0; round < rounds; round++) {
    hash = createHash("sha256").update(hash).digest();
  }
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

it("hashes the examples of FIPS 180-4", () => {
  const hash = (text: string) => iteratedSha256(new TextEncoder().encode(text), 1);
  assert.equal(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(
    hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  );
  assert.equal(
    hash("a".repeat(1_000_000)),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  );
});

it("hashes data of each length near a block boundary like the runtime", () => {
  for (let length = 0; length <= 200; length++) {
    const data = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    assert.equal(iteratedSha256(data, 2), native(data, 2), `${length} bytes`);
  }
});

it("hashes any data any number of times like the runtime", () => {
  const data = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 64 }));
  fc.assert(
    fc.property(data, fc.integer({ min: 1, max: 50 }), (bytes, rounds) => {
      assert.equal(iteratedSha256(bytes, rounds), native(bytes, rounds));
    }),
    parameters("iterated SHA-256", 300),
  );
});

it("accepts a part of a buffer, and does not change the data", () => {
  const buffer = Uint8Array.from({ length: 100 }, (_, i) => i);
  const part = buffer.subarray(10, 80);
  assert.equal(iteratedSha256(part, 3), native(part.slice(), 3));
  assert.deepEqual([...buffer], Array.from({ length: 100 }, (_, i) => i));
});
