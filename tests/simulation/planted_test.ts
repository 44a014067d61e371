import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { plant, plantedRooms } from "./planted/rooms.ts";

const ROOT = new URL("../../", import.meta.url);

test("every planted fault fits the sources: there are at least 40, each with a name of its own", () => {
  const all = plantedRooms.flatMap(({ faults }) => faults);
  assert(all.length >= 40);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  const faults = all.flatMap((fault) => {
    const source = readFileSync(new URL(fault.file, ROOT), "utf8");
    try {
      return plant(source, fault) === source ? [`"${fault.name}" changes nothing`] : [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
  assert.deepEqual(faults, []);
});
