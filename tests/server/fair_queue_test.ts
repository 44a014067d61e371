import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { checkProof } from "../../src/server/password_proof.ts";
import { FairQueue } from "../../src/server/fair_queue.ts";

function digest(secret: string, rounds: number): string {
  let hash = createHash("sha256").update(secret).digest();
  for (let round = 1; round < rounds; round++) hash = createHash("sha256").update(hash).digest();
  return hash.toString("hex");
}

/** A queue with a manual timer. Each look at the clock advances it by a millisecond. */
function setting() {
  const turns: (() => void)[] = [];
  let now = 0;
  const queue = new FairQueue({
    later: (callback) => void turns.push(callback),
    now: () => now++,
  });
  const verdicts: [name: string, isRight: boolean][] = [];
  const check = (name: string, given: string, { address = "10.0.0.1", rounds = 1000 } = {}) =>
    queue.add(
      address,
      checkProof(
        { secret: "foobarsalt", rounds, sent: given },
        (isRight) => void verdicts.push([name, isRight]),
      ),
    );
  const names = () => verdicts.splice(0).map(([name]) => name);
  return { turns, verdicts, names, check };
}

test("a password is checked in small slices, for any number of rounds", () => {
  for (const rounds of [1, 499, 500, 501, 8095]) {
    const { turns, verdicts, check } = setting();
    check("right", digest("foobarsalt", rounds), { rounds });
    check("wrong", digest("foobarsalt", rounds + 1), { rounds });
    assert.deepEqual(verdicts, []);
    let count = 0;
    while (turns.length > 0) {
      turns.shift()!();
      count++;
    }
    assert.deepEqual(verdicts, [["right", true], ["wrong", false]]);
    assert(count > rounds / 1000, `${rounds} in ${count}`);
  }
});

test("a disconnected client is not hashed for", () => {
  const { turns, verdicts, check } = setting();
  const cancels = Array.from({ length: 100 }, (_, i) => check(`${i}`, "x", { rounds: 8000 }));
  for (const cancel of cancels) cancel();
  let count = 0;
  for (; turns.length > 0; count++) turns.shift()!();
  assert.deepEqual(verdicts, []);
  assert(count <= 100, String(count));
});

test("networks take turns, so a flood from one does not keep others out", () => {
  const { turns, names, check } = setting();
  for (let i = 0; i < 10; i++) check(`flood ${i}`, "x", { address: `2001:db8:1:1::${i}` });
  for (const address of ["2001:db8:1:2::1", "::ffff:10.0.0.2", "10.0.0.2"]) {
    check(address, "x", { address });
  }
  while (turns.length > 0) turns.shift()!();
  assert.deepEqual(names().slice(0, 5), [
    ...["flood 0", "2001:db8:1:2::1", "::ffff:10.0.0.2", "10.0.0.2", "flood 1"],
  ]);
});

test("in a long queue of one network the newest goes first, in a short one the oldest", () => {
  const { turns, names, check } = setting();
  for (let i = 0; i < 16; i++) check(`${i}`, "x");
  while (turns.length > 0) turns.shift()!();
  assert.deepEqual(names(), Array.from({ length: 16 }, (_, i) => `${i}`));
  for (let i = 0; i < 500; i++) check(`wrong ${i}`, "x");
  check("right", digest("foobarsalt", 1000));
  while (turns.length > 0) turns.shift()!();
  const all = names();
  assert.equal(all.indexOf("right"), 0);
  assert.equal(all.length, 501);
});
