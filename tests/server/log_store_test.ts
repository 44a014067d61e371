import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { WORKING_PLACE } from "../../src/server/store/places.ts";
import type { LogStore } from "../../src/server/store/log_store.ts";
import { openLog } from "../../src/server/store/open_log.ts";
import { noSqlite, withFolder } from "./data.ts";

/** So small that segments change all the time. */
const SIZES = { segment: 2000, free: 6000 };

const open = (data: string) =>
  openLog(data, { sizes: SIZES, letOthersRun: () => Promise.resolve() });

async function commitAll(store: LogStore): Promise<void> {
  await store.commit();
  if (store.hasWork) await store.commit();
  // The system reads a segment.
  await new Promise((resolve) => setImmediate(resolve));
}

describe("a log", { skip: noSqlite }, () => {
  it("keeps jobs that arrive after a queue was removed, when no trace of the earlier ones is left", () =>
    withFolder(async (folder) => {
      const data = join(folder, "data");
      const push = (store: LogStore) => {
        const row = store.arena.add("x".repeat(500));
        store.add(row, "queue/q", { at: 0, owner: "" });
        return row;
      };
      let store = await open(data);
      const rows = Array.from({ length: 20 }, () => push(store));
      await store.commit();
      // Puts the record of the removal into another segment.
      store.record("table", "key", "1");
      await store.commit();
      store.removePlace("queue/q");
      for (const row of rows) {
        store.removed(row);
        store.arena.free(row);
      }
      store.placeRemoved();
      for (let i = 0; i < 3; i++) await store.commit();
      assert(!readdirSync(data).includes("00000001.log"));
      for (let i = 0; i < 3; i++) {
        await store.close();
        store = await open(data);
        assert.equal(store.jobs.takeRows("queue/q").length, i);
        push(store);
        await store.commit();
      }
      await store.close();
    }));

  it("frees disk space that is not needed, and keeps the rest", () =>
    withFolder(async (folder) => {
      const data = join(folder, "data");
      const store = await open(data);
      const kept = [3, 500, 1200].map((i) => ({ i, row: 0 }));
      const rows: number[] = [];
      for (let i = 0; i < 2000; i++) {
        const row = store.arena.add(`job ${i}`);
        store.add(row, "queue/q", { at: 0, owner: "" });
        const one = kept.find((one) => one.i === i);
        if (one === undefined) rows.push(row);
        else one.row = row;
        if (i % 20 === 19) await store.commit();
      }
      assert(readdirSync(data).length > 30);
      for (const row of rows) {
        store.remove(row);
        store.arena.free(row);
      }
      store.reserve(kept[1]!.row, { at: 7, owner: "w" });
      const size = () =>
        readdirSync(data).reduce((sum, name) => sum + statSync(join(data, name)).size, 0);
      while (size() > 2 * SIZES.free) await commitAll(store);
      await store.close();
      const again = await open(data);
      assert.deepEqual(again.jobs.takeRows("queue/q").map((row) => again.arena.read(row)), [
        "job 3",
        "job 1200",
      ]);
      const [row] = again.jobs.takeRows(WORKING_PLACE);
      assert.deepEqual(again.jobs.hold(row!), { at: 7, owner: "w" });
      assert.equal(again.arena.read(row!), "job 500");
      await again.close();
    }));
});
