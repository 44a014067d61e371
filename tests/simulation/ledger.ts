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
import type { Report } from "../../mod.ts";
import { CancelRules } from "./cancel_rules.ts";
import type { Journal } from "./journal.ts";
import { OrderRules } from "./order_rules.ts";
import { RECONNECT_MS, type SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { Violation } from "./result.ts";
import { Pauses } from "./pauses.ts";
import { Trace } from "./trace.ts";
import { UniqueLocks } from "./unique_locks.ts";

/** A worker without faults for this time must have sent its heartbeats, in milliseconds. */
const FORGET_MS = 100_000;

/** Time for which a reading of the server's clock is used, in milliseconds. */
const FRESH_MS = 62_000;

/** Time for which a producer waits for the server's time, in milliseconds. */
const MEASURE_MS = 2000;

/** Largest error of the time of a job with a delay, in milliseconds. */
const DELAY_MS = 5000;

/** A stop that takes less time has waited for all replies, in milliseconds. */
const STOP_MS = 2000;

/** Longest time for which a reply is on its way, in milliseconds. */
const REPLY_MS = 200;

/** Largest error of the time at which a requeued job runs again, in milliseconds. */
const REQUEUE_MS = 3000;

/** Maximum number of violations that are kept. All violations are counted. */
const MAX_VIOLATIONS = 20;

/**
 * The judge of a world. It records for each job the result that its producer got, the place where
 * the server must have it, and the reasons for which it may run again. A contradiction is a
 * violation.
 */
export class Ledger {
  readonly trace = new Trace();
  readonly violations: Violation[] = [];
  readonly reruns: Record<string, number> = {};
  readonly counts: Record<string, number> = {};
  /** Number of copies on the server that are not dead. */
  open = 0;
  /** Number of jobs of producers that the server accepted. */
  taken = 0;
  /** A server had kept nothing, or its disk had lied. */
  hasLostJobs = false;
  /** A server had not saved its last changes when it ended. */
  hasLostChanges = false;
  /** Simulated time of the last FLUSH. */
  flushedAt = -Infinity;
  /** True if the world has workflows with joins. */
  hasJoins = false;
  /** Simulated time at which the server's clock was last set. */
  serverJumpedAt = -Infinity;
  /** Simulated time at which its clock was last set without a restart. */
  serverSetAt = -Infinity;
  /** Simulated time at which the server was last paused or down; `Infinity` while it is down. */
  serverTroubledAt = -Infinity;
  /** The same, without pauses for which clients keep their connections. */
  serverLostAt = -Infinity;
  /** Called when a job that the library itself creates is pushed again. */
  onOtherAgain: (entry: Entry) => void = () => {};
  /** Called when the server accepts a job that its worker requeues. */
  onRequeued: (worker: Worker) => void = () => {};
  /** Called when a server has lost copies of a job, as it had kept nothing or its disk had lied. */
  onLost: (entry: Entry) => void = () => {};
  /** Called with each event of a job. */
  tell: ((jid: string, what: string, atMs: number) => void) | undefined;
  /** Called with each job that is no job of a producer when it is pushed. */
  onOtherPushed: (entry: Entry) => void = () => {};
  /** Called with each BATCH command that the server has executed. */
  onBatch: (line: string) => void = () => {};
  readonly order = new OrderRules((...what) => this.violated(...what), () => this.journal);
  readonly cancels = new CancelRules(this);
  /** The locks of unique jobs. */
  readonly locks = new UniqueLocks(this);
  /** Set if the server has persistent storage. */
  journal: Journal | undefined;
  readonly pauses = new Pauses(() => this.journal);
  readonly #now: () => number;
  readonly #load: Entry[] = [];
  /** Jobs of producers whose id the library created. */
  readonly #named = new Map<string, Entry>();
  readonly #others = new Map<string, Entry>();
  /** Jobs that the server has, or whose loss is not saved. Others may be forgotten at a restart. */
  readonly #kept = new Set<Entry>();
  readonly #workers = new Map<string, Worker>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Simulated time. */
  get now(): number {
    return this.#now();
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

  /** Returns a random job of a producer; `undefined` if there is none yet. */
  anyJob(random: Random): Entry | undefined {
    return this.#load.length === 0 ? undefined : random.pick(this.#load);
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  violated(rule: string, detail: string): void {
    this.count("violations");
    if (this.violations.length >= MAX_VIOLATIONS) return;
    this.violations.push({ rule, detail, atMs: this.#now() });
  }

  /** Records that a job is about to be enqueued. Without `jid`, it gets the next id. */
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

  /** Records the result that the producer of a job got. */
  settled(entry: Entry, promised: Promised): void {
    this.tell?.(entry.jid, `its producer is told: ${promised}`, this.#now());
    entry.promised = promised;
    this.count(`enqueue ${promised}`);
    if (promised === "accepted" && this.journal?.isSaved(entry.pushedIn) === false) {
      this.violated("a confirmed job is saved", entry.jid);
    }
    if (promised === "accepted" && entry.pushes === 0) {
      // The reply was lost and the job was sent again, when an equal job had come first.
      if (entry.isRefusedAsEqual) this.count("confirmed as an equal job was there");
      else this.violated("the server has every confirmed job", entry.jid);
    }
    if ((promised === "not-sent" || promised === "refused") && entry.pushes > 0) {
      this.violated("a job that was not sent is not on the server", entry.jid);
    }
  }

  /**
   * Records that the server accepted a job. Called after the job has reached its place. If its set
   * contained exactly the same job, there is still only one.
   */
  pushed(entry: Entry, how: PushOutcome): void {
    if (entry.pushes === 0 && entry.delayMs > 0) this.#checkDelay(entry, how.dueInMs);

    this.tell?.(entry.jid, `pushed, ${JSON.stringify(how)}`, this.#now());
    const { jid, producer } = entry;
    this.trace.add(1, entry.number, this.#now());
    const isAgain = entry.pushes++ > 0;
    if (!isAgain && entry.number >= 0) this.taken++;
    if (!isAgain) entry.pushedIn = this.journal?.group ?? 0;
    if (how.isRequeued) {
      entry.requeued++;
      entry.requeuedNow++;
      entry.isRequeuedEarly = how.dueInMs < REQUEUE_MS;
      if (entry.holder !== undefined) this.onRequeued(entry.holder);
    }
    if (entry.number < 0) this.onOtherPushed(entry);
    if (!how.isPlaced) this.violated("the server has every job that it accepts", jid);
    if (entry.promised === "not-sent" || entry.promised === "refused") {
      this.violated("a job that was not sent is not on the server", jid);
    }
    if (!isAgain) return this.order.arrived(entry);
    if (how.isNew && entry.number < 0) this.onOtherAgain(entry);
    if (entry.isOnce && entry.pushes - entry.requeued > 1 && entry.toRequeue === 0) {
      return this.violated("at-most-once delivers a job once at most", jid);
    }
    if (how.isRequeued || producer === undefined || entry.toRequeue > 0) return;
    if (producer.troubledAt < entry.calledAt && this.serverTroubledAt < entry.calledAt) {
      this.violated("nothing is sent twice without a fault", jid);
    } else if (producer.lostAt < entry.calledAt && this.serverLostAt < entry.calledAt) {
      this.violated("nothing is sent twice because the server pauses", jid);
    }
  }

  /** Records that the server gave the job to a worker. */
  handed(entry: Entry, wid: string): void {
    this.tell?.(entry.jid, `handed to ${this.#workers.get(wid)?.process.name}`, this.#now());
    this.trace.add(2, entry.number, this.#now());
    if (entry.waiting === 0) {
      this.violated("only waiting jobs are fetched", entry.jid);
      this.open++;
    } else {
      entry.waiting--;
    }
    // ACK and FAIL name only the jid: they end one of two reservations, and the other one expires.
    if (entry.working++ > 0) entry.isShared = true;
    this.journal?.note(entry);
    this.locks.handed(entry);
    if (entry.handed++ > 0) this.#ranAgain(entry);
    this.#handedAgain(entry, this.#workers.get(wid));
    if (entry.holder !== undefined) entry.formerHolders.push(entry.holder);
    entry.holder = this.#workers.get(wid);
    entry.handedAt = this.#now();
    entry.acksNow = entry.requeuedNow = 0;
    entry.isStarted =
      entry.isEnded =
      entry.isRequeued =
      entry.isExcused =
        false;
  }

  /** Records that a copy has reached a place. */
  came(entry: Entry, place: Place, why?: string): void {
    this.tell?.(entry.jid, `comes to ${place}, ${why}`, this.#now());
    entry[place]++;
    this.#kept.add(entry);
    if (place !== "dead") this.open++;
    this.journal?.note(entry);
    if (why !== undefined) entry.reasons.push(why);
  }

  /** Records that a copy has left a place. With the reason `why`, it is removed from the server. */
  left(entry: Entry, place: Place, why?: string): void {
    this.tell?.(entry.jid, `leaves ${place}, ${why}`, this.#now());
    if (entry[place] === 0) {
      return this.violated("each job is in the expected place", `${entry.jid}: ${place}`);
    }
    entry[place]--;
    if (place !== "dead") this.open--;
    this.journal?.note(entry);

    if (why === undefined) return;
    entry.removed++;
    this.count(`removed: ${why}`);
  }

  /** Records that a copy leaves a set because it is due. */
  leftDue(entry: Entry): void {
    this.left(entry, "waiting");
    entry.due++;
  }

  /** Records that a due copy has reached its queue. */
  cameDue(entry: Entry): void {
    if (entry.due === 0) return this.violated("a job does not appear from nowhere", entry.jid);
    entry.due--;
    this.came(entry, "waiting");
  }

  /** Records that the server is about to execute an ACK. */
  acknowledged(jid: string, isReserved: boolean): void {
    this.#checkOnce(this.of(jid));
    this.tell?.(jid, `ACK, ${isReserved}`, this.#now());
    const entry = this.of(jid);
    this.trace.add(3, entry.number, this.#now());
    if (!isReserved) {
      this.count("ACK of a job that nobody has");
      entry.owedBy = undefined;
      if (entry.acksNow++ > 0 && entry.formerHolders.length === 0 && this.#isCalm(entry)) {
        this.violated("a result is reported once", jid);
      }
      return;
    }
    if (entry.isRequeued && entry.requeuedNow === 0 && !entry.isShared) {
      if (entry.toAcknowledge > 1 && this.#mayBeOfEarlierRun(entry)) {
        this.count("a requeued job acknowledged by what was sent again");
      } else {
        this.violated("a requeued job is enqueued before it is acknowledged", jid);
      }
    }
    entry.acksNow++;
    this.locks.succeeded(entry);
    if (++entry.acks > entry.toAcknowledge) this.#early(entry, "acknowledged");
    entry.isEnding = true;
  }

  /** Records that the server is about to execute a FAIL. */
  failed(jid: string, isReserved: boolean): void {
    this.tell?.(jid, `FAIL, ${isReserved}`, this.#now());
    const entry = this.of(jid);
    this.trace.add(4, entry.number, this.#now());
    if (!isReserved) {
      entry.owedBy = undefined;
      return this.count("FAIL of a job that nobody has");
    }
    const holders = [entry.holder, ...entry.formerHolders];
    // A stop releases jobs by FAIL, and a cancellation removes them by FAIL.
    if (
      ++entry.fails > entry.toFail && entry.cancelCalledAt === Infinity &&
      !holders.some((holder) => holder?.isStopping || holder?.isSignalled)
    ) {
      this.#early(entry, "failed");
    }
    entry.isEnding = true;
  }

  /** Checks the state after the server has executed an ACK or a FAIL. */
  carriedOut(jid: string): void {
    const entry = this.of(jid);
    if (entry.isEnding && entry.working > 0 && !entry.isShared) {
      this.violated("ACK and FAIL end a reservation", jid);
    }
    entry.isEnding = false;
  }

  /** Records that an ACK or a FAIL has ended a reservation. */
  ended(entry: Entry): void {
    entry.isEnding = false;
    entry.ends++;
    this.left(entry, "working");
  }

  /** Records that a reservation has expired. */
  expired(entry: Entry): void {
    this.tell?.(entry.jid, "its reservation ends", this.#now());
    this.trace.add(5, entry.number, this.#now());
    this.count("reservations that ended");
    entry.ends++;
    this.left(entry, "working");
    const { holder, handedAt, isShared, number } = entry;
    if (number >= 0 && !isShared && this.serverJumpedAt < handedAt) {
      holder?.reports.expired(entry.jid);
    }
    entry.why = `reservation ended: ${this.#whyExpired(entry)}`;
  }

  /** Records that a copy waits for a retry. */
  cameToRetries(entry: Entry): void {
    this.came(entry, "waiting", entry.why ?? "it failed");
    entry.why = undefined;
  }

  /** Records a FLUSH. */
  flushed(): void {
    this.pauses.clear();
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
    this.locks.clear();
    this.flushedAt = this.#now();
  }

  /** Records that another server starts. Its content is only known from the journal. */
  serverStarts(): void {
    for (const entry of this.#kept) {
      entry.before = stateOf(entry);
      if (entry.before > 0) this.tell?.(entry.jid, "the server starts again", this.#now());
      entry.waiting =
        entry.working =
        entry.dead =
        entry.due =
          0;
    }
    this.open = 0;
    this.locks.clear();
  }

  /** Records that a starting server found a job in this place. */
  restored(entry: Entry, place: Place): void {
    this.tell?.(entry.jid, `found again: ${place}`, this.#now());
    entry[place]++;
    this.#kept.add(entry);
    if (place !== "dead") this.open++;
  }

  /** Checks what a starting server has found. `isLossy`: saved changes may be lost. */
  serverStarted(isLossy: boolean): void {
    if (isLossy) this.hasLostJobs = true;
    const { journal } = this;
    if (isLossy) this.pauses.clear();
    this.order.serverStarted(isLossy);
    if (!isLossy && journal !== undefined) {
      for (const { jid } of journal.unexplained()) {
        this.violated("a restarted server has the state after some group", jid);
      }
    }
    for (const entry of this.#kept) {
      const state = stateOf(entry);
      if (!isLossy && state !== entry.saved && journal?.isOpen(entry) !== true) {
        const { jid, saved } = entry;
        this.violated("saved changes survive", `${jid}: ${saved} was saved, ${state} is there`);
      }
      entry.saved = state;
      const { before } = entry;
      entry.before = 0;
      if (state === 0) this.#kept.delete(entry);
      if (state === before) continue;
      this.hasLostChanges = true;
      this.count("jobs whose last change was not saved");
      const lost = copiesIn(before) - copiesIn(state);
      if (lost > 0) entry.removed += lost;
      if (lost > 0 && isLossy) this.onLost(entry);
      for (let i = 0; i < entry.waiting; i++) {
        entry.reasons.push("the server lost what was not saved");
      }
      // It may be acknowledged or failed again, because the server has lost the first command.
      entry.toAcknowledge++;
      entry.toFail++;
    }
  }

  /** Records a fault of the server that lasts until `untilMs`. */
  serverTroubled(untilMs: number, isShortPause = false): void {
    this.serverTroubledAt = Math.max(this.serverTroubledAt, untilMs);
    if (!isShortPause) this.serverLostAt = Math.max(this.serverLostAt, untilMs);
  }

  /** Records that the server is down, until it is up again. */
  serverDown(): void {
    this.serverTroubled(Infinity);
  }

  serverUp(): void {
    this.serverTroubledAt = this.serverLostAt = this.#now();
  }

  /** Registers a worker. */
  register(wid: string, worker: Worker): void {
    this.#workers.set(wid, worker);
  }

  /**
   * Records that a handler starts. The code of a process that was killed in the middle of an event
   * runs on until the turn ends, so its events do not count.
   */
  started(jid: string, worker: Worker): void {
    if (worker.process.isDead) return;
    this.tell?.(jid, `starts in ${worker.process.name}`, this.#now());
    const entry = this.of(jid);
    this.trace.add(6, entry.number, this.#now());
    this.count("runs");
    if (++entry.starts > entry.handed) this.violated("a job runs once for each FETCH", jid);
    this.cancels.started(entry, worker);
    if (entry.holder === worker) entry.isStarted = true;
  }

  /** Records that a handler has ended. Its result is reported next. */
  finished(jid: string, worker: Worker, result: "ACK" | "FAIL" | "requeued"): void {
    if (worker.process.isDead) return;
    this.tell?.(jid, `ends in ${worker.process.name}: ${result}`, this.#now());
    const entry = this.of(jid);
    if (result === "FAIL") entry.toFail++;
    else entry.toAcknowledge++;
    // If the server refuses the requeued job, the worker sends FAIL.
    if (result === "requeued") {
      entry.toRequeue++;
      entry.isRequeued = true;
      entry.toFail++;
    }
    if (entry.holder === worker) entry.isEnded = true;
  }

  /** Records that a worker announced a result that it cannot report, or an expired reservation. */
  excused(jid: string, worker: Worker, event: string): void {
    if (worker.process.isDead) return;
    this.tell?.(jid, `${worker.process.name} says: ${event}`, this.#now());
    const entry = this.of(jid);
    this.count(event);
    if (entry.holder === worker) entry.isExcused = true;
    if (entry.owedBy === worker) entry.owedBy = undefined;
  }

  /** Checks at the end that each late result was announced, unless its worker was killed. */
  checkAnnounced(): void {
    for (const { jid, owedBy } of this.entries()) {
      if (owedBy === undefined || owedBy.process.isDead) continue;
      this.violated(
        "each result is reported or announced as unreported",
        `${jid}, of ${owedBy.process.name}, at the end`,
      );
    }
  }

  /** Records that the server executes a FETCH of a worker. */
  fetches(wid: string): void {
    const worker = this.#workers.get(wid);
    if (worker === undefined) return;
    worker.fetchedAt = this.#now();
  }

  /** Records that the server answers a heartbeat with its signal. */
  told(wid: string): void {
    this.#workers.get(wid)?.told();
  }

  /** Checks that a consumer that has stopped left no job reserved, unless there was a fault. */
  checkStopped(worker: Worker, { unfinished, unreported }: Report): void {
    const { isCalmStop, calmFrom, stopsAt } = worker.reports;
    if (!isCalmStop) return;
    const now = this.#now();
    const listed = new Set([...unfinished, ...unreported].map(({ jid }) => jid));
    for (const { jid, holder, working, isShared, isExcused, handedAt } of this.#load) {
      if (holder !== worker || working === 0 || handedAt < calmFrom) continue;
      if (isShared || isExcused || listed.has(jid)) continue;
      // A stop that takes its full time may end while a FETCH is answered.
      if (now - stopsAt >= STOP_MS && handedAt > now - REPLY_MS) continue;
      this.violated("a stopped consumer has no reserved job", `${worker.process.name}: ${jid}`);
    }
  }

  /** Records a step of a resumable job. */
  stepped(jid: string, step: number): void {
    const entry = this.of(jid);
    if (step > entry.steps) this.violated("a resumable job skips no step", `${jid}: ${step}`);
    entry.steps = Math.max(entry.steps, step + 1);
  }

  /** Records that the server has removed a worker without heartbeats. */
  forgotten(wid: string): void {
    const worker = this.#workers.get(wid);
    if (worker === undefined || worker.process.isDead || worker.isStopping) return;
    const since = this.#now() - FORGET_MS;
    if (worker.process.troubledAt < since && this.serverTroubledAt < since) {
      this.violated("a live worker is not removed", worker.process.name);
    }
  }

  /** Returns true if there was no fault since the job was fetched. */
  #isCalm({ holder, handedAt, isShared }: Entry): boolean {
    if (holder === undefined || isShared) return false;
    return holder.process.troubledAt < handedAt && this.serverTroubledAt < handedAt;
  }

  /** Checks that a producer has calculated the time of a job by the clock of the server. */
  #checkDelay({ jid, producer, calledAt, delayMs }: Entry, dueInMs: number): void {
    const since = calledAt - FRESH_MS;
    if (producer === undefined || Math.max(this.serverSetAt, producer.jumpedAt) > since) return;
    // A producer waits two seconds for the server's time, and then uses its own.
    if (this.#now() - calledAt >= MEASURE_MS) return;
    // It measures the clock at the first call after it has connected. If the attempt to connect
    // fails, which may take 20 s, so does the measurement.
    if (producer.troubledAt > calledAt - RECONNECT_MS) return;
    if (this.serverTroubledAt > calledAt - 5000) return;
    const offMs = dueInMs - (calledAt + delayMs - this.#now());
    if (Math.abs(offMs) > DELAY_MS) {
      this.violated("a delay is counted by the server's clock", `${jid}: off by ${offMs} ms`);
    }
  }

  /** After a requeued job was fetched again, its earlier worker must not acknowledge it. */
  #handedAgain(entry: Entry, next?: Worker) {
    const { jid, number, holder, isRequeued, isRequeuedEarly, requeuedNow, handedAt } = entry;
    next?.reports.fetched(jid);
    if (holder === undefined || holder === next || number < 0) return;
    if (!isRequeued || isRequeuedEarly || requeuedNow !== 1) return;
    if (this.serverJumpedAt >= handedAt) return;
    holder.reports.handedOn(jid, this.#now() + REQUEUE_MS);
  }

  #ranAgain(entry: Entry): void {
    const reason = entry.reasons.shift();
    if (reason === undefined) this.violated("a job runs again only for a reason", entry.jid);
    else this.reruns[reason] = (this.reruns[reason] ?? 0) + 1;
  }

  /** Checks that an ACK is sent once for each run, unless there was a fault. */
  #checkOnce(entry: Entry): void {
    const { jid, number, calledAt, holder, formerHolders, toAcknowledge } = entry;
    if (++entry.ackCommands <= toAcknowledge || number < 0) return;
    const isTroubled = [holder, ...formerHolders].some((one) =>
      one !== undefined && one.process.troubledAt >= calledAt
    );
    if (isTroubled || this.serverTroubledAt >= calledAt) return;
    this.violated("a result is reported once without a fault", jid);
  }

  /**
   * An ACK or a FAIL whose reply was lost is sent again, and may then end the next run of its job,
   * because it names only the jid.
   */
  #early(entry: Entry, what: string): void {
    const { jid, number } = entry;
    // For its own jobs, the library also sends ACK and FAIL outside of handlers.
    if (number < 0) return;
    if (this.#mayBeOfEarlierRun(entry)) return this.count(`${what} by what was sent again`);
    this.violated(`a job is ${what} only after such a result`, jid);
  }

  /** Returns true if an ACK or a FAIL may come from an earlier run, sent late after a fault. */
  #mayBeOfEarlierRun({ handed, calledAt, holder, formerHolders }: Entry): boolean {
    if (handed <= 1) return false;
    return this.serverTroubledAt >= calledAt ||
      [holder, ...formerHolders].some((one) =>
        one !== undefined && one.process.troubledAt >= calledAt
      );
  }

  #whyExpired(entry: Entry): string {
    const { holder, handedAt, jid } = entry;
    if (holder === undefined) return "nobody had it";
    const { process } = holder;
    if (entry.number < 0) return "the library created it";
    if (process.isDead) return "its worker was killed";
    if (entry.cancelCalledAt < Infinity) return "it was cancelled";
    if (this.serverJumpedAt >= handedAt) return "the server's clock was set";
    if (process.pausedAt >= handedAt) return "its worker was paused";
    if (entry.isShared) return "the server had it twice";
    if (entry.isExcused) return "its worker announced an unreported result";
    const isTroubled = process.troubledAt >= handedAt || this.serverTroubledAt >= handedAt;
    if (isTroubled && (holder.isStopping || holder.isSignalled)) return "its worker was stopped";
    if (!entry.isStarted && isTroubled) return "it was lost with a connection";
    // A worker that waits for a connection announces the result after its next attempt. Checked at
    // the end.
    if (entry.isEnded && this.serverTroubledAt >= handedAt && entry.owedBy === undefined) {
      entry.owedBy = holder;
      return "its worker announces the result after its next attempt to connect";
    }
    this.violated(
      entry.isEnded
        ? "each result is reported or announced as unreported"
        : "a reservation ends only for a reason",
      `${jid}, of ${process.name}, handed out at ${handedAt}`,
    );
    return "none";
  }
}
