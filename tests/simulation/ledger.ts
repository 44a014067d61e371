import {
  copiesIn,
  type Entry,
  jidOf,
  newEntry,
  type Place,
  PREFIX,
  type Promised,
  type PushOutcome,
  stateOf,
  type Worker,
} from "./entry.ts";
import type { Journal } from "./journal.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Violation } from "./result.ts";
import { Trace } from "./trace.ts";

/** A worker that was without trouble for this long has sent its heartbeats, in milliseconds. */
const FORGET_MS = 100_000;

/** Violations that are kept; all are counted. */
const MAX_VIOLATIONS = 20;

/**
 * The judge of a world: knows of each job what its producer was promised, where the server has to
 * have it, and why it runs again. Whatever contradicts that is a violation.
 */
export class Ledger {
  readonly trace = new Trace();
  readonly violations: Violation[] = [];
  readonly reruns: Record<string, number> = {};
  readonly counts: Record<string, number> = {};
  /** Copies that are with the server and not dead. */
  open = 0;
  /** Jobs of the load that the server took. */
  taken = 0;
  /** A server had kept nothing, or its disk had lied. */
  hasLostJobs = false;
  /** When the server's clock was last set, in the world's time. */
  serverJumpedAt = -Infinity;
  /** When it last was paused or gone. */
  serverTroubledAt = -Infinity;
  /** Hears of a job of the library's own that comes once more. */
  onOtherAgain: (entry: Entry) => void = () => {};
  /** Hears of everything that happens to a job. */
  tell: ((jid: string, what: string, atMs: number) => void) | undefined;
  /** There where the server keeps what it has. */
  journal: Journal | undefined;
  readonly #now: () => number;
  readonly #load: Entry[] = [];
  /** Jobs whose id was made by the library. */
  readonly #named = new Map<string, Entry>();
  readonly #others = new Map<string, Entry>();
  readonly #workers = new Map<string, Worker>();
  /** Producers that keep the order of their calls, each with its last job that came. */
  readonly #ordered = new Map<SimulatedProcess, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** All jobs. */
  *entries(): IterableIterator<Entry> {
    yield* this.#load;
    yield* this.#others.values();
  }

  of(jid: string): Entry {
    if (jid.startsWith(PREFIX)) return this.#load[Number(jid.slice(PREFIX.length))]!;
    let entry = this.#named.get(jid) ?? this.#others.get(jid);
    if (entry === undefined) this.#others.set(jid, entry = newEntry(jid, -1));
    return entry;
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  violated(rule: string, detail: string): void {
    this.count("violations");
    if (this.violations.length >= MAX_VIOLATIONS) return;
    this.violations.push({ rule, detail, atMs: this.#now() });
  }

  /** A job is about to be enqueued, with an id of the load unless it has one. */
  called(producer: SimulatedProcess, jid?: string): Entry {
    const number = this.#load.length;
    const entry = newEntry(jid ?? jidOf(number), number);
    if (jid !== undefined) {
      if (this.#named.has(jid)) this.violated("no id is made twice", jid);
      this.#named.set(jid, entry);
    }
    entry.producer = producer;
    entry.calledAt = this.#now();
    this.#load.push(entry);
    return entry;
  }

  /** Its producer was told. */
  settled(entry: Entry, promised: Promised): void {
    this.tell?.(entry.jid, `its producer is told: ${promised}`, this.#now());
    entry.promised = promised;
    this.count(`enqueue ${promised}`);
    if (promised === "had" && this.journal?.isSaved(entry.pushedIn) === false) {
      this.violated("a promise is made for what is saved", entry.jid);
    }
    if (promised === "had" && entry.pushes === 0) {
      this.violated("what a producer was promised, the server has", entry.jid);
    }
    if ((promised === "not-sent" || promised === "refused") && entry.pushes > 0) {
      this.violated("what was not sent is not there", entry.jid);
    }
  }

  /**
   * The server took a job, after it came to its place; what was the very same as one in its set is
   * there once.
   */
  pushed(entry: Entry, how: PushOutcome): void {
    this.tell?.(entry.jid, `pushed, ${JSON.stringify(how)}`, this.#now());
    const { jid, producer } = entry;
    this.trace.add(1, entry.number, this.#now());
    const isAgain = entry.pushes++ > 0;
    if (!isAgain && entry.number >= 0) this.taken++;
    if (!isAgain) entry.pushedIn = this.journal?.group ?? 0;
    if (how.isPutOff) {
      entry.putOff++;
      entry.putOffNow++;
    }
    if (!how.isThere) this.violated("what the server takes, it has", jid);
    if (entry.promised === "not-sent" || entry.promised === "refused") {
      this.violated("what was not sent is not there", jid);
    }
    if (!isAgain) return this.#checkOrder(entry);
    if (how.isNew && entry.number < 0) this.onOtherAgain(entry);
    if (entry.isOnce && entry.pushes - entry.putOff > 1 && entry.toPutOff === 0) {
      return this.violated("at most once is at most once", jid);
    }
    if (how.isPutOff || producer === undefined || entry.toPutOff > 0) return;
    if (producer.troubledAt < entry.calledAt && this.serverTroubledAt < entry.calledAt) {
      this.violated("nothing is sent again over a connection that is whole", jid);
    }
  }

  /** The server gave the job to a worker. */
  handed(entry: Entry, wid: string): void {
    this.tell?.(entry.jid, `handed to ${this.#workers.get(wid)?.process.name}`, this.#now());
    this.trace.add(2, entry.number, this.#now());
    if (entry.waiting === 0) {
      this.violated("only what waits is handed out", entry.jid);
      this.open++;
    } else {
      entry.waiting--;
    }
    // ACK and FAIL go by the jid: they end one of two, and the server takes the other one back.
    if (entry.working++ > 0) entry.isShared = true;
    this.journal?.note(entry);
    if (entry.handed++ > 0) this.#ranAgain(entry);
    if (entry.holder !== undefined) entry.formerHolders.push(entry.holder);
    entry.holder = this.#workers.get(wid);
    entry.handedAt = this.#now();
    entry.acksNow = entry.putOffNow = 0;
    entry.isStarted =
      entry.isEnded =
      entry.isPutOff =
      entry.isExcused =
        false;
  }

  /** A copy comes to a place. */
  came(entry: Entry, place: Place, why?: string): void {
    this.tell?.(entry.jid, `comes to ${place}, ${why}`, this.#now());
    entry[place]++;
    if (place !== "dead") this.open++;
    this.journal?.note(entry);
    if (why !== undefined) entry.reasons.push(why);
  }

  /** A copy leaves a place, to be seen no more where there is a reason. */
  left(entry: Entry, place: Place, why?: string): void {
    this.tell?.(entry.jid, `leaves ${place}, ${why}`, this.#now());
    if (entry[place] === 0) {
      return this.violated("each job is where it has to be", `${entry.jid}: ${place}`);
    }
    entry[place]--;
    if (place !== "dead") this.open--;
    this.journal?.note(entry);

    if (why === undefined) return;
    entry.removed++;
    this.count(`removed: ${why}`);
  }

  /** A copy leaves a set as its time has come. */
  leftDue(entry: Entry): void {
    this.left(entry, "waiting");
    entry.due++;
  }

  /** A copy comes to its queue, where nobody has pushed it. */
  cameDue(entry: Entry): void {
    if (entry.due === 0) return this.violated("a job comes from somewhere", entry.jid);
    entry.due--;
    this.came(entry, "waiting");
  }

  /** The server is about to carry out an ACK. */
  acknowledged(jid: string, hadIt: boolean): void {
    this.#checkOnce(this.of(jid));
    this.tell?.(jid, `ACK, ${hadIt}`, this.#now());
    const entry = this.of(jid);
    this.trace.add(3, entry.number, this.#now());
    if (!hadIt) {
      this.count("ACK of a job that nobody has");
      if (entry.acksNow++ > 0 && entry.formerHolders.length === 0 && this.#isCalm(entry)) {
        this.violated("a result is reported once", jid);
      }
      return;
    }
    if (entry.isPutOff && entry.putOffNow === 0 && !entry.isShared) {
      this.violated("a job that is put off is enqueued before it is acknowledged", jid);
    }
    entry.acksNow++;
    if (++entry.acks > entry.toAcknowledge) this.#early(entry, "acknowledged");
    entry.mustEnd = true;
  }

  /** The server is about to carry out a FAIL. */
  failed(jid: string, hadIt: boolean): void {
    this.tell?.(jid, `FAIL, ${hadIt}`, this.#now());
    const entry = this.of(jid);
    this.trace.add(4, entry.number, this.#now());
    if (!hadIt) return this.count("FAIL of a job that nobody has");
    const holders = [entry.holder, ...entry.formerHolders];
    // A stop gives jobs back by FAIL.
    if (
      ++entry.fails > entry.toFail &&
      !holders.some((holder) => holder?.isStopping || holder?.isSignalled)
    ) {
      this.#early(entry, "failed");
    }
    entry.mustEnd = true;
  }

  /** The server has carried out an ACK or a FAIL. */
  carriedOut(jid: string): void {
    const entry = this.of(jid);
    if (entry.mustEnd && entry.working > 0 && !entry.isShared) {
      this.violated("ACK and FAIL end a reservation", jid);
    }
    entry.mustEnd = false;
  }

  /** The server takes a job from its worker, by ACK or FAIL. */
  ended(entry: Entry): void {
    entry.mustEnd = false;
    this.left(entry, "working");
  }

  /** The server takes a job from its worker as its reservation is over. */
  expired(entry: Entry): void {
    this.tell?.(entry.jid, "its reservation ends", this.#now());
    this.trace.add(5, entry.number, this.#now());
    this.count("reservations that ended");
    this.left(entry, "working");
    entry.why = `reservation ended: ${this.#whyExpired(entry)}`;
  }

  /** A copy waits to be tried again. */
  cameToRetries(entry: Entry): void {
    this.came(entry, "waiting", entry.why ?? "it failed");
    entry.why = undefined;
  }

  /** Nothing is left of anything. */
  flushed(): void {
    for (const entry of this.entries()) {
      const { waiting, working, dead, due } = entry;
      const all = waiting + working + dead + due;
      if (all === 0) continue;
      this.tell?.(entry.jid, "flushed", this.#now());
      entry.removed += all;
      this.open -= waiting + working;
      this.count("removed: flushed", all);
      entry.waiting =
        entry.working =
        entry.dead =
        entry.due =
          0;
      entry.reasons.length = 0;
      this.journal?.note(entry);
    }
  }

  /** Another server starts, of which nothing is known but what the journal says. */
  serverStarts(): void {
    for (const entry of this.entries()) {
      entry.before = stateOf(entry);
      if (entry.before > 0) this.tell?.(entry.jid, "the server starts again", this.#now());
      entry.waiting =
        entry.working =
        entry.dead =
        entry.due =
          0;
    }
    this.open = 0;
  }

  /** A server that starts found a job in this place. */
  restored(entry: Entry, place: Place): void {
    this.tell?.(entry.jid, `found again: ${place}`, this.#now());
    entry[place]++;
    if (place !== "dead") this.open++;
  }

  /** It has found everything; `isLossy`: what was saved may be gone. */
  serverStarted(isLossy: boolean): void {
    if (isLossy) this.hasLostJobs = true;
    const { journal } = this;
    if (!isLossy && journal !== undefined) {
      for (const { jid } of journal.unexplained()) {
        this.violated("a server finds what some group had left", jid);
      }
    }
    for (const entry of this.entries()) {
      const state = stateOf(entry);
      if (!isLossy && state !== entry.saved && journal?.isOpen(entry) !== true) {
        const { jid, saved } = entry;
        this.violated("what was saved survives", `${jid}: ${saved} was saved, ${state} is there`);
      }
      entry.saved = state;
      if (state === entry.before) continue;
      this.count("jobs whose last change was not saved");
      const lost = copiesIn(entry.before) - copiesIn(state);
      if (lost > 0) entry.removed += lost;
      for (let i = 0; i < entry.waiting; i++) {
        entry.reasons.push("the server lost what was not saved");
      }
      // It may be ended once more, as the first time is forgotten.
      entry.toAcknowledge++;
      entry.toFail++;
    }
  }

  /** A worker of this id is there. */
  register(wid: string, worker: Worker): void {
    this.#workers.set(wid, worker);
  }

  /** A handler begins. */
  started(jid: string, worker: Worker): void {
    this.tell?.(jid, `starts in ${worker.process.name}`, this.#now());
    const entry = this.of(jid);
    this.trace.add(6, entry.number, this.#now());
    this.count("runs");
    if (++entry.starts > entry.handed) this.violated("a job runs once for each FETCH", jid);
    if (entry.holder === worker) entry.isStarted = true;
  }

  /** A handler ended, and its result is about to be reported. */
  finished(jid: string, worker: Worker, result: "ACK" | "FAIL" | "put off"): void {
    this.tell?.(jid, `ends in ${worker.process.name}: ${result}`, this.#now());
    const entry = this.of(jid);
    if (result === "FAIL") entry.toFail++;
    else entry.toAcknowledge++;
    // If the server refuses to take it back, it fails.
    if (result === "put off") {
      entry.toPutOff++;
      entry.isPutOff = true;
      entry.toFail++;
    }
    if (entry.holder === worker) entry.isEnded = true;
  }

  /** A worker says that it cannot report a result, or that the reservation ends before. */
  excused(jid: string, worker: Worker, event: string): void {
    this.tell?.(jid, `${worker.process.name} says: ${event}`, this.#now());
    const entry = this.of(jid);
    this.count(event);
    if (entry.holder === worker) entry.isExcused = true;
  }

  /** A resumable job does a step. */
  stepped(jid: string, step: number): void {
    const entry = this.of(jid);
    if (step > entry.steps) this.violated("a resumable job skips no step", `${jid}: ${step}`);
    entry.steps = Math.max(entry.steps, step + 1);
  }

  /** The server forgot a worker, as it has not heard of it. */
  forgotten(wid: string): void {
    const worker = this.#workers.get(wid);
    if (worker === undefined || worker.process.isDead || worker.isStopping) return;
    const since = this.#now() - FORGET_MS;
    if (worker.process.troubledAt < since && this.serverTroubledAt < since) {
      this.violated("a worker that lives is not forgotten", worker.process.name);
    }
  }

  /** Whether nothing went wrong since the job was handed out. */
  #isCalm({ holder, handedAt, isShared }: Entry): boolean {
    if (holder === undefined || isShared) return false;
    return holder.process.troubledAt < handedAt && this.serverTroubledAt < handedAt;
  }

  #ranAgain(entry: Entry): void {
    const reason = entry.reasons.shift();
    if (reason === undefined) this.violated("a job runs again only for a reason", entry.jid);
    else this.reruns[reason] = (this.reruns[reason] ?? 0) + 1;
  }

  /** An ACK is sent once for each run, unless something happens to a connection. */
  #checkOnce(entry: Entry): void {
    const { jid, number, calledAt, holder, formerHolders, toAcknowledge } = entry;
    if (++entry.ackCommands <= toAcknowledge || number < 0) return;
    const isTroubled = [holder, ...formerHolders].some((one) =>
      one !== undefined && one.process.troubledAt >= calledAt
    );
    if (isTroubled || this.serverTroubledAt >= calledAt) return;
    this.violated("a result is reported once over a connection that is whole", jid);
  }

  /**
   * An ACK or a FAIL that is sent again, as its reply was lost, may meet the next run of its job:
   * both go by the jid.
   */
  #early(entry: Entry, what: string): void {
    const { jid, number, handed, calledAt, holder, formerHolders } = entry;
    // Jobs of the library's own are ended by what it does, and not by handlers alone.
    if (number < 0) return;
    const isTroubled = [holder, ...formerHolders].some((one) =>
      one !== undefined && one.process.troubledAt >= calledAt
    );
    if (handed > 1 && (isTroubled || this.serverTroubledAt >= calledAt)) {
      return this.count(`${what} by what was sent again`);
    }
    this.violated(`only what ended so is ${what}`, jid);
  }

  /** Jobs of a producer that keeps the order of its calls come in that order. */
  #checkOrder(entry: Entry): void {
    const { producer, number, isOrdered } = entry;
    if (producer === undefined || !isOrdered) return;
    if (number < (this.#ordered.get(producer) ?? -1)) {
      this.violated("ordered calls arrive in their order", entry.jid);
    }
    this.#ordered.set(producer, number);
  }

  #whyExpired(entry: Entry): string {
    const { holder, handedAt, jid } = entry;
    if (holder === undefined) return "nobody had it";
    const { process } = holder;
    if (entry.number < 0) return "it is a job of the library's own";
    if (process.isDead) return "its worker was killed";
    if (this.serverJumpedAt >= handedAt) return "the server's clock was set";
    if (process.pausedAt >= handedAt) return "its worker was paused";
    if (entry.isShared) return "it was there twice";
    if (entry.isExcused) return "its worker could not report, and said so";
    const isTroubled = process.troubledAt >= handedAt || this.serverTroubledAt >= handedAt;
    if (isTroubled && (holder.isStopping || holder.isSignalled)) return "its worker was stopped";
    if (!entry.isStarted && isTroubled) return "it was lost with a connection";
    this.violated(
      entry.isEnded
        ? "each result is reported, or it is said that it is not"
        : "a reservation ends only for a reason",
      `${jid}, of ${process.name}, handed out at ${handedAt}`,
    );
    return "none";
  }
}
