import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SlotList, type SlotMember } from "../../src/internal/slot_list.ts";

interface Member extends SlotMember {
  readonly name: string;
}

function member(name: string): Member {
  return { name, slot: -1, number: 0 };
}

function names(list: SlotList<Member>): string[] {
  return list.all().map(({ name }) => name);
}

test("a slot list returns its members in the order in which they were added", () => {
  const list = new SlotList<Member>();
  const [a, b, c, d] = ["a", "b", "c", "d"].map(member) as [Member, Member, Member, Member];
  for (const each of [a, b, c]) list.add(each);
  assert.equal(list.delete(a), true);
  list.add(d);
  assert.equal(d.slot, 0, "the slot is used again");
  assert.deepEqual(names(list), ["b", "c", "d"]);
  assert.equal(list.size, 3);
});

test("a member is removed from a slot list once", () => {
  const list = new SlotList<Member>();
  const [a, b] = [member("a"), member("b")];
  assert.equal(list.delete(a), false);
  list.add(a);
  assert.equal(list.delete(a), true);
  list.add(b);
  assert.equal(list.delete(a), false, "its slot is another's now");
  assert.deepEqual(names(list), ["b"]);
});

test("members may be added and removed during iteration", () => {
  const list = new SlotList<Member>();
  for (const name of ["a", "b", "c"]) list.add(member(name));
  const seen: string[] = [];
  for (const each of list) {
    seen.push(each.name);
    list.delete(each);
    list.add(member(`${each.name}2`));
  }
  assert.deepEqual(seen, ["a", "b", "c"]);
  assert.deepEqual(names(list), ["a2", "b2", "c2"]);
});

test("a slot list holds the same members as a set", () => {
  fc.assert(fc.property(fc.array(fc.nat(20)), (picks) => {
    const list = new SlotList<Member>();
    const set = new Set<Member>();
    const members = Array.from({ length: 21 }, (_, i) => member(`${i}`));
    for (const pick of picks) {
      const each = members[pick]!;
      if (set.has(each)) {
        assert.equal(list.delete(each), set.delete(each));
      } else {
        list.add(each);
        set.add(each);
      }
      assert.equal(list.size, set.size);
    }
    assert.deepEqual(list.all(), [...set]);
  }));
});
