import type { Clock } from "../../src/internal/clock.ts";
import { GoError } from "../../src/server/go/error.ts";
import { JobArena } from "../../src/server/job_arena.ts";
import type { Manager } from "../../src/server/manager.ts";
import {
  type Hold,
  QUEUE_PLACE,
  type RestoredJobs,
  WORKING_PLACE,
} from "../../src/server/store/places.ts";
import type { SaveListener, Store } from "../../src/server/store/store.ts";
import { peekJob, type StoredJob } from "../../src/server/stored_job.ts";
import type { Workers } from "../../src/server/workers.ts";
import type { Entry, Place } from "./entry.ts";
import type { Ledger } from "./ledger.ts";

/** The simulated server refuses jobs of this type. */
export const REFUSED_TYPE = "refused";

/** The present action of the server. */
type Doing = "push" | "ACK" | "FAIL" | "due" | "requeue" | "purge" | undefined;

/**
 * A store that reports every move of every job to the ledger and passes it on to the real store. It
 * also watches the commands of the server, so that the ledger notices a job that was not moved.
 */
export class SpyStore implements Store {
  readonly arena: JobArena;
  readonly jobs: RestoredJobs | undefined;
  readonly #inner: Store;
  readonly #ledger: Ledger;
  /** By row. */
  readonly #entries: (Entry | undefined)[] = [];
  readonly #places: string[] = [];
  /** By row, for jobs in a set: the due time, by the server's clock. */
  readonly #dueAt: number[] = [];
  readonly #paused = new Set<string>();
  readonly #clock: Clock;
  #workers: Workers | undefined;
  #doing: Doing;
  /** Place that the last job moved to, and the action by which the last job left its worker. */
  #cameTo: string | undefined;
  #leftFor: Doing;
  /** The job of the present push, and the effects of the push so far. */
  #pushed: Entry | undefined;
  #isThere = false;
  #isSameAgain = false;
  #isQueued = false;
  #isRequeued = false;

  constructor(inner: Store, ledger: Ledger, clock: Clock) {
    this.#clock = clock;
    this.#inner = inner;
    this.#ledger = ledger;
    this.arena = inner.arena ?? new JobArena();
    this.jobs = inner.jobs && this.#spied(inner.jobs);
  }

  /** Watches the commands that the manager executes. */
  watch(manager: Manager, workers: Workers): void {
    this.#workers = workers;
    this.#watchPauses(manager);
    const { fetches } = manager;
    const { fetch } = fetches;
    fetches.fetch = (names, wid, onWait) => {
      this.#ledger.fetches(wid);
      return fetch.call(fetches, names, wid, onWait);
    };
    const { push, acknowledge, fail, requeue } = manager;
    manager.push = (job) => {
      if (job.jobtype === REFUSED_TYPE) throw new GoError("no such job in this world");
      const entry = this.#pushed = this.#ledger.of(job.jid);
      this.#isRequeued = manager.reservationOf(job.jid) !== undefined;
      this.#isThere = this.#isSameAgain = this.#isQueued = false;
      const dueInMs = job.at === "" ? 0 : Date.parse(job.at) - this.#clock.now();
      const isLater = job.at !== "" && Date.parse(job.at) > this.#clock.now() + 1;
      this.#do("push", () => push.call(manager, job));
      if (isLater && this.#isQueued) {
        this.#ledger.violated("no job runs before its time", job.jid);
      }
      this.#pushed = undefined;
      this.#ledger.pushed(entry, {
        isThere: this.#isThere,
        isNew: !this.#isSameAgain,
        isRequeued: this.#isRequeued,
        dueInMs,
      });
    };
    manager.acknowledge = (jid) => {
      const hadIt = manager.reservationOf(jid) !== undefined;
      this.#ledger.acknowledged(jid, hadIt);
      this.#do("ACK", () => acknowledge.call(manager, jid));
      this.#ledger.carriedOut(jid);
    };
    manager.fail = (failure) => {
      const job = manager.reservationOf(failure.jid)?.job;
      const due = job && placeFailed(job);
      this.#ledger.failed(failure.jid, job !== undefined);
      this.#cameTo = this.#leftFor = undefined;
      this.#do("FAIL", () => fail.call(manager, failure));
      // After a FLUSH, only the worker still has the job.
      if (this.#leftFor === "FAIL" && due !== this.#cameTo) {
        const { jid } = failure;
        this.#ledger.violated("a failed job moves to the right set", `${jid}: ${this.#cameTo}`);
      }
      this.#ledger.carriedOut(failure.jid);
    };
    manager.requeue = (payload) => {
      this.#isThere = false;
      this.#do("requeue", () => requeue.call(manager, payload));
      if (!this.#isThere) {
        this.#ledger.violated("an admin's requeued job is on its queue", peekJob(payload).jid);
      }
    };
    for (const set of Object.values(manager.sets)) {
      const { takeUntil } = set;
      const doing = set === manager.sets.dead ? "purge" : "due";
      set.takeUntil = (at, max) => this.#do(doing, () => takeUntil.call(set, at, max));
    }
  }

  /** Follows which queues are paused. A pause that was saved survives a restart. */
  #watchPauses({ queues }: Manager): void {
    const { pauses } = this.#ledger;
    const { pause, resume, remove } = queues;
    for (const name of pauses.lost((name) => queues.isPaused(name))) {
      this.#ledger.violated("a saved pause survives", name);
    }
    for (const name of queues.names()) {
      if (queues.isPaused(name)) this.#paused.add(QUEUE_PLACE + name);
    }
    queues.pause = (name) => {
      pause.call(queues, name);
      if (!queues.isPaused(name)) return;
      this.#paused.add(QUEUE_PLACE + name);
      pauses.begin(name);
    };
    queues.resume = (name) => {
      resume.call(queues, name);
      this.#paused.delete(QUEUE_PLACE + name);
      pauses.end(name);
    };
    queues.remove = (name) => {
      this.#paused.delete(QUEUE_PLACE + name);
      pauses.end(name);
      return remove.call(queues, name);
    };
  }

  get isDurable(): boolean {
    return this.#inner.isDurable;
  }

  get unsaved(): number {
    return this.#inner.unsaved;
  }

  add(row: number, place: string, hold?: Hold): void {
    this.#inner.add(row, place, hold);
    const entry = this.#pushed ?? this.#read(row);
    this.#entries[row] = entry;
    this.#places[row] = place;
    this.#isThere = true;
    this.#dueAt[row] = hold?.at ?? 0;
    this.#isQueued = place.startsWith(QUEUE_PLACE) || place === WORKING_PLACE;
    if (place === WORKING_PLACE) {
      this.#arrived(entry, QUEUE_PLACE);
      this.#handed(entry, hold!);
    } else {
      this.#arrived(entry, place);
    }
  }

  reserve(row: number, hold: Hold): void {
    this.#inner.reserve(row, hold);
    // The worker has only extended its reservation.
    if (this.#places[row] === WORKING_PLACE) return;
    if (this.#paused.has(this.#places[row]!)) {
      this.#ledger.violated("a paused queue hands out nothing", this.#of(row).jid);
    }
    this.#places[row] = WORKING_PLACE;
    this.#handed(this.#of(row), hold);
  }

  #handed(entry: Entry, { owner }: Hold): void {
    if (this.#workers?.connectionsOf(owner) === 0) {
      this.#ledger.violated("only a connected worker gets a job", entry.jid);
    }
    this.#ledger.handed(entry, owner);
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
        this.#ledger.left(entry, "waiting", "removed with its queue");
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
    this.#ledger.flushed();
  }

  set(table: string, key: string, json: string): void {
    this.#inner.set(table, key, json);
  }

  delete(table: string, key: string): void {
    this.#inner.delete(table, key);
  }

  all(table: string): Iterable<readonly [key: string, json: string]> {
    return this.#inner.all(table);
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

  #do<T>(doing: Doing, run: () => T): T {
    const before = this.#doing;
    this.#doing = doing;
    try {
      return run();
    } finally {
      this.#doing = before;
    }
  }

  #arrived(entry: Entry, place: string): void {
    this.#cameTo = place;
    if (place.startsWith(QUEUE_PLACE)) this.#ledger.queued(entry);
    if (place === "dead") return this.#ledger.came(entry, "dead");
    if (place === "retries") return this.#ledger.cameToRetries(entry);
    switch (this.#doing) {
      case "push": {
        const isAgain = entry.pushes > 0 && !this.#isSameAgain;
        const why = this.#isRequeued ? "requeued by its worker" : "enqueued again";
        return this.#ledger.came(entry, "waiting", isAgain ? why : undefined);
      }
      case "requeue":
        return this.#ledger.came(entry, "waiting", "requeued by an admin");
      default:
        return this.#ledger.cameDue(entry);
    }
  }

  #left(row: number): void {
    const entry = this.#of(row);
    const place = placeOf(this.#places[row]!);
    this.#entries[row] = undefined;
    if (place === "working") {
      this.#leftFor = this.#doing;
      if (this.#doing === "ACK" || this.#doing === "FAIL") this.#ledger.ended(entry);
      else this.#ledger.expired(entry);
      return;
    }
    switch (this.#doing) {
      case "push":
        // A set holds no job twice.
        this.#isSameAgain = true;
        return this.#ledger.left(entry, place);
      case "due":
        if (this.#dueAt[row]! > this.#clock.now()) {
          this.#ledger.violated("no job runs before its time", entry.jid);
        }
        return this.#ledger.leftDue(entry);
      case "purge":
        return this.#ledger.left(entry, place, "purged");
      default:
        return this.#ledger.left(entry, place, "by an admin");
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
          this.#ledger.restored(this.#of(row), placeOf(place));
        }
        if (place.startsWith(QUEUE_PLACE)) {
          this.#ledger.restoredInOrder(rows.map((row) => this.#of(row)));
        }
        return rows;
      },
    };
  }
}

function placeOf(place: string): Place {
  return place === WORKING_PLACE ? "working" : place === "dead" ? "dead" : "waiting";
}

/** Returns the set for a job after another failure; `undefined` if the job is dropped. */
function placeFailed({ retry, failure }: StoredJob): string | undefined {
  if (retry === 0) return undefined;
  const count = failure === undefined ? 0 : Number(failure.retry_count) + 1;
  return count < retry ? "retries" : "dead";
}
