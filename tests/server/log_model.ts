import fc from "fast-check";
import { LargeJob, type Payload, RawJson } from "../../src/server/payload.ts";
import { WORKING_PLACE } from "../../src/server/store/places.ts";
import type { LogStore } from "../../src/server/store/log_store.ts";

/** The expected content of a log: the jobs of each place in order, and the records. */
export class Model {
  places = new Map<string, { row: number; text: string }[]>();
  holds = new Map<number, string>();
  records = new Map<string, string>();

  /** The content without rows, for comparison. */
  get content(): string {
    const places = [...this.places].filter(([, jobs]) => jobs.length > 0).sort();
    return JSON.stringify({
      places: places.map(([place, jobs]) => {
        const texts = jobs.map(({ row, text }) =>
          place === WORKING_PLACE ? `${withoutTime(text)} ${this.holds.get(row)}` : text
        );
        // Jobs with a worker have no order other than that of their times.
        return [place, place === WORKING_PLACE ? texts.sort() : texts];
      }),
      records: [...this.records].sort(),
    });
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

/** The time of a job in a set no longer matters when a worker has the job. */
function withoutTime(text: string): string {
  return text.slice(0, text.lastIndexOf(" "));
}

/** A step of a test. */
export interface Action {
  readonly kind: string;
  readonly which: number;
  readonly size: number;
}

const PLACES = ["queue/a", "queue/b", "scheduled"];
let count = 0;

/** Changes a log and its model in the same way. */
export function act(store: LogStore, model: Model, { kind, which, size }: Action): void {
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

/** Random steps. */
export const action: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom(
    ...["add", "add", "add", "remove", "remove", "reserve", "record", "removePlace", "clear"],
    ...["add", "add", "remove", "commit", "commit", "commit", "commit"],
    ...["reopen", "kill", "power", "power", "full"],
  ),
  which: fc.nat(10_000),
  size: fc.nat(80),
});
