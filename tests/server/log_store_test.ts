import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LargeJob, type Payload, RawJson } from "../../src/server/payload.ts";
import { WORKING_PLACE } from "../../src/server/store/places.ts";
import type { LogStore } from "../../src/server/store/log_store.ts";
import { openLog } from "../../src/server/store/open_log.ts";
import { noSqlite, withFolder } from "./data.ts";

/** So small that segments come and go all the time. */
const SIZES = { segment: 2000, free: 6000 };

const open = (data: string) =>
  openLog(data, { sizes: SIZES, letOthersRun: () => Promise.resolve() });

/** What a log is to have: the jobs of each place in their order, and records. */
class Model {
  places = new Map<string, { row: number; text: string }[]>();
  holds = new Map<number, string>();
  records = new Map<string, string>();

  /** The same without rows, to compare. */
  get content(): unknown {
    const places = [...this.places].filter(([, jobs]) => jobs.length > 0).sort();
    return {
      places: places.map(([place, jobs]) => {
        const texts = jobs.map(({ row, text }) =>
          place === WORKING_PLACE ? `${withoutTime(text)} ${this.holds.get(row)}` : text
        );
        // Jobs with a worker have no order but that of their times.
        return [place, place === WORKING_PLACE ? texts.sort() : texts];
      }),
      records: [...this.records].sort(),
    };
  }

  static of(store: LogStore): Model {
    const model = new Model();
    for (const place of store.jobs.places()) {
      const rows = store.jobs.takeRows(place);
      model.places.set(
        place,
        rows.map((row) => ({ row, text: `${store.arena.read(row)} ${store.arena.at(row)}` })),
      );
      if (place !== WORKING_PLACE) continue;
      for (const row of rows) {
        const { at, owner } = store.jobs.hold(row);
        model.holds.set(row, `${at} ${owner}`);
      }
    }
    for (const [key, json] of store.records("table")) model.records.set(key, json);
    return model;
  }

  all(): { place: string; row: number; text: string }[] {
    return [...this.places].flatMap(([place, jobs]) => jobs.map((job) => ({ place, ...job })));
  }

  remove(row: number): string {
    for (const jobs of this.places.values()) {
      const index = jobs.findIndex((job) => job.row === row);
      if (index >= 0) return jobs.splice(index, 1)[0]!.text;
    }
    throw new Error("there is no such job");
  }

  push(place: string, row: number, text: string): void {
    const jobs = this.places.get(place);
    if (jobs === undefined) this.places.set(place, [{ row, text }]);
    else jobs.push({ row, text });
  }
}

/** The time of a job in a set is of no use once a worker has the job. */
function withoutTime(text: string): string {
  return text.slice(0, text.lastIndexOf(" "));
}

interface Action {
  readonly kind: string;
  readonly which: number;
  readonly size: number;
}

const PLACES = ["queue/a", "queue/b", "scheduled"];
let count = 0;

function act(store: LogStore, model: Model, { kind, which, size }: Action): void {
  const { arena } = store;
  const all = model.all();
  const job = all[which % Math.max(1, all.length)];
  if (kind === "add") {
    const text = `job ${++count} ${"é".repeat(size)}`;
    const bytes = new Uint8Array(size * 4).fill(0x31);
    const payload: Payload = which % 10 === 0
      ? new LargeJob(`{"${text}":`, new RawJson(bytes, `${size}-sum`), ` "${size}"}`)
      : text;
    const place = PLACES[which % PLACES.length]!;
    const at = place === "scheduled" ? which : 0;
    const row = arena.add(payload, at);
    store.add(row, place, { at, owner: "" });
    model.push(place, row, `${payload} ${at}`);
  } else if (kind === "remove" && job !== undefined) {
    model.remove(job.row);
    model.holds.delete(job.row);
    store.remove(job.row);
    arena.free(job.row);
  } else if (kind === "reserve" && job !== undefined) {
    const text = model.remove(job.row);
    model.push(WORKING_PLACE, job.row, text);
    model.holds.set(job.row, `${which} worker-${size}`);
    store.reserve(job.row, { at: which, owner: `worker-${size}` });
  } else if (kind === "record") {
    const [key, json] = [`key ${which % 20} \udc80`, `{"n":${size}}`];
    const isGone = which % 3 === 0;
    if (isGone) model.records.delete(key);
    else model.records.set(key, json);
    store.record("table", key, isGone ? undefined : json);
  } else if (kind === "removePlace") {
    const place = PLACES[which % 2]!;
    const jobs = model.places.get(place) ?? [];
    if (jobs.length === 0) return;
    store.removePlace(place);
    for (const { row } of jobs) {
      store.removed(row);
      arena.free(row);
    }
    store.placeRemoved();
    model.places.delete(place);
  } else if (kind === "clear" && which % 5 === 0) {
    arena.clear();
    store.clear();
    model.places.clear();
    model.holds.clear();
    model.records.clear();
  }
}

const action = fc.record({
  kind: fc.constantFrom(
    ...["add", "add", "add", "remove", "remove", "reserve", "record", "removePlace", "clear"],
    ...["add", "add", "remove", "commit", "commit", "commit", "commit", "reopen", "crash"],
  ),
  which: fc.nat(10_000),
  size: fc.nat(80),
});

function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name !== "lock") copyFileSync(join(from, name), join(to, name));
  }
}

/** Undoes the end of what was written to a file since a copy of it was made. */
function tear(before: string, after: string, which: number): void {
  const bytes = readFileSync(after);
  const old = Buffer.alloc(bytes.length);
  if (existsSync(before)) readFileSync(before).copy(old);
  const from = bytes.findIndex((byte, at) => byte !== old[at]);
  if (from < 0) return;
  const to = bytes.findLastIndex((byte, at) => byte !== old[at]);
  const at = from + which % (to - from + 1);
  old.copy(bytes, at, at);
  writeFileSync(after, bytes);
}

async function commitAll(store: LogStore): Promise<void> {
  await store.commit();
  // What is to be done behind it is done or not, as if others changed something meanwhile.
  if (count % 2 === 0 && store.hasWork) await store.commit();
  // A segment is read by the system.
  await new Promise((resolve) => setImmediate(resolve));
}

describe("a log", { skip: noSqlite }, () => {
  it("has all that was saved, whatever happened to it, and is never longer than it may be", () =>
    withFolder((folder) =>
      fc.assert(
        fc.asyncProperty(
          fc.array(action, { minLength: 100, maxLength: 400 }),
          async (actions) => {
            const [data, copy] = [join(folder, "data"), join(folder, "copy")];
            rmSync(data, { recursive: true, force: true });
            let store = await open(data);
            let model = new Model();
            for (const next of actions) {
              const { kind, which } = next;
              if (kind === "commit") {
                await commitAll(store);
              } else if (kind === "reopen") {
                await store.commit();
                await store.close();
                store = await open(data);
                const kept = Model.of(store);
                assert.deepEqual(kept.content, model.content);
                model = kept;
              } else if (kind === "crash") {
                await commitAll(store);
                copyFolder(data, copy);
                const saved = model.content;
                act(store, model, { ...next, kind: "add" });
                await store.commit();
                copyFolder(data, `${copy}2`);
                // What was written last is there in part, or not at all. Files go only once it is
                // there.
                for (const name of readdirSync(copy)) {
                  const after = join(`${copy}2`, name);
                  if (!existsSync(after)) copyFileSync(join(copy, name), after);
                }
                for (const name of readdirSync(data).filter((name) => name.endsWith(".log"))) {
                  tear(join(copy, name), join(`${copy}2`, name), which);
                }
                const torn = await open(`${copy}2`);
                assert.deepEqual(Model.of(torn).content, saved);
                torn.abandon();
              } else {
                act(store, model, next);
              }
            }
            store.abandon();
          },
        ),
        { seed: 1, numRuns: 6, endOnFailure: true },
      )
    ));

  it("keeps what comes to a queue that was removed, once nothing is left of what had been there", () =>
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
      // So that what says that they were removed is in another segment.
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

  it("gives the disk back what is not needed, and keeps what is", () =>
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
