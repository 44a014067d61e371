import type { Clock } from "../../src/internal/clock.ts";
import { JobArena } from "../../src/server/job_arena.ts";
import {
  type Hold,
  QUEUE_PLACE,
  type RestoredJobs,
  WORKING_PLACE,
} from "../../src/server/store/places.ts";
import type { SaveListener, Store } from "../../src/server/store/store.ts";
import { peekJob } from "../../src/server/stored_job.ts";
import type { Entry, Place } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import { ServerWatch } from "./server_watch.ts";
import type { Lock } from "./unique_locks.ts";

/** The table of the locks of unique jobs. */
const LOCKS = "locks";

/**
 * A store that reports every move of every job to the ledger and passes it on to the real store. It
 * also watches the commands of the server, so that the ledger notices a job that was not moved.
 */
export class SpyStore implements Store {
  readonly arena: JobArena;
  readonly jobs: RestoredJobs | undefined;
  readonly watch: ServerWatch;
  readonly #inner: Store;
  readonly #ledger: Ledger;
  /** By row. */
  readonly #entries: (Entry | undefined)[] = [];
  readonly #places: string[] = [];
  /** By row, for jobs in a set: the due time, by the server's clock. */
  readonly #dueAt: number[] = [];
  readonly #clock: Clock;

  constructor(inner: Store, ledger: Ledger, clock: Clock) {
    this.#clock = clock;
    this.#inner = inner;
    this.#ledger = ledger;
    this.watch = new ServerWatch(ledger, clock);
    ledger.locks.now = () => clock.now();
    this.arena = inner.arena ?? new JobArena();
    this.jobs = inner.jobs && this.#spied(inner.jobs);
  }

  get isDurable(): boolean {
    return this.#inner.isDurable;
  }

  get unsaved(): number {
    return this.#inner.unsaved;
  }

  add(row: number, place: string, hold?: Hold): void {
    this.#inner.add(row, place, hold);
    const { push } = this.watch;
    const entry = push?.entry ?? this.#read(row);
    this.#entries[row] = entry;
    this.#places[row] = place;
    this.#dueAt[row] = hold?.at ?? 0;
    this.watch.isPlaced = true;
    if (push !== undefined) {
      push.isQueued = place.startsWith(QUEUE_PLACE) || place === WORKING_PLACE;
    }
    if (place === WORKING_PLACE) {
      this.watch.arrived(entry, QUEUE_PLACE);
      this.#handed(entry, hold!);
    } else {
      this.watch.arrived(entry, place);
    }
  }

  reserve(row: number, hold: Hold): void {
    this.#inner.reserve(row, hold);
    // The worker has only extended its reservation.
    if (this.#places[row] === WORKING_PLACE) return;
    if (this.watch.paused.has(this.#places[row]!)) {
      this.#ledger.violated("a paused queue hands out nothing", this.#of(row).jid);
    }
    this.#places[row] = WORKING_PLACE;
    this.#handed(this.#of(row), hold);
  }

  remove(row: number): void {
    this.#inner.remove(row);
    this.#left(row);
  }

  removePlace(place: string): void {
    this.#inner.removePlace(place);
    for (const [row, entry] of this.#entries.entries()) {
      if (entry !== undefined && this.#places[row] === place) {
        this.#entries[row] = undefined;
        this.#ledger.moves.left(entry, "waiting", "removed with its queue");
      }
    }
  }

  removed(row: number): void {
    this.#inner.removed(row);
  }

  placeRemoved(): void {
    this.#inner.placeRemoved();
  }

  clear(): void {
    this.#inner.clear();
    this.#entries.length = 0;
    this.#ledger.moves.flushed();
  }

  set(table: string, key: string, json: string): void {
    this.#inner.set(table, key, json);
  }

  delete(table: string, key: string): void {
    this.#inner.delete(table, key);
  }

  all(table: string): Iterable<readonly [key: string, json: string]> {
    const records = [...this.#inner.all(table)];
    if (table === LOCKS) {
      const locks = records.map(([, json]): Lock => {
        const { value, until } = JSON.parse(json) as { value: string; until: number };
        return { entry: this.#ledger.of(value), until };
      });
      this.#ledger.locks.restore(locks);
    }
    return records;
  }

  addListener(listener: SaveListener): void {
    this.#inner.addListener(listener);
  }

  removeListener(listener: SaveListener): void {
    this.#inner.removeListener(listener);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #handed(entry: Entry, { owner }: Hold): void {
    if (this.watch.workers?.connectionsOf(owner) === 0) {
      this.#ledger.violated("only a connected worker gets a job", entry.jid);
    }
    if (this.#clock.now() > entry.expiresAt) {
      this.#ledger.violated("an expired job is not handed out", entry.jid);
    }
    this.#ledger.commands.handed(entry, owner);
  }

  #left(row: number): void {
    const { watch } = this;
    const { doing, push } = watch;
    const entry = this.#of(row);
    const place = placeOf(this.#places[row]!);
    this.#entries[row] = undefined;
    if (place === "working") {
      watch.leftFor = doing;
      if (doing === "ACK" || doing === "FAIL") this.#ledger.commands.ended(entry);
      else this.#ledger.commands.expired(entry);
      return;
    }
    switch (doing) {
      case "push":
        // A set holds no job twice.
        push!.isSameAgain = true;
        return this.#ledger.moves.left(entry, place);
      case "due":
        if (this.#dueAt[row]! > this.#clock.now()) {
          this.#ledger.violated("no job runs before its time", entry.jid);
        }
        return this.#ledger.moves.leftDue(entry);
      case "purge":
        return this.#ledger.moves.left(entry, place, "purged");
      default: {
        const why = watch.isDropped ? "expired" : "by an admin";
        watch.isDropped = false;
        return this.#ledger.moves.left(entry, place, why);
      }
    }
  }

  #of(row: number): Entry {
    return this.#entries[row] ??= this.#read(row);
  }

  #read(row: number): Entry {
    return this.#ledger.of(peekJob(this.arena.read(row)).jid);
  }

  #spied(jobs: RestoredJobs): RestoredJobs {
    return {
      places: () => jobs.places(),
      hold: (row) => jobs.hold(row),
      takeRows: (place) => {
        const rows = jobs.takeRows(place);
        for (const row of rows) {
          this.#places[row] = place;
          this.#ledger.restarts.found(this.#of(row), placeOf(place));
        }
        if (place.startsWith(QUEUE_PLACE)) {
          this.#ledger.restarts.foundInOrder(rows.map((row) => this.#of(row)));
        }
        return rows;
      },
    };
  }
}

function placeOf(place: string): Place {
  return place === WORKING_PLACE ? "working" : place === "dead" ? "dead" : "waiting";
}
