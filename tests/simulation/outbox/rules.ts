import type { RelayReport } from "../../../src/outbox/mod.ts";
import { parseTimestamp } from "../../../src/job/timestamp.ts";
import type { Ledger } from "../ledger.ts";
import type { SimulatedProcess } from "../process.ts";
import type { Push } from "../rules/pushes.ts";
import { SHORT_PAUSE_MS } from "../server_host.ts";
import { REFUSED_TYPE } from "../server_watch.ts";
import type { DatabaseListener } from "./database.ts";
import type { DatabaseClient } from "./database_client.ts";
import type { RowState } from "./sql.ts";

/** A relay, as the rules see it. */
export interface JudgedRelay {
  readonly process: SimulatedProcess;
  readonly client: DatabaseClient;
  readonly claimSeconds: number;
  readonly pollMs: number;
  /** Longest time that it waits for a reply of Faktory, in milliseconds. */
  readonly commandTimeoutMs: number;
  /** True while its program has a transaction. */
  readonly isWriting: boolean;
  /** Simulated time at which its last transaction ended. */
  readonly wroteAt: number;
  /** Simulated time at which its stop gave up, or began while a statement failed. */
  readonly gaveUpAt: number;
}

/** The used parts of a job. */
interface WireJob {
  readonly jobtype: string;
  readonly args: readonly unknown[];
  readonly queue: string;
  readonly at?: string;
  readonly custom?: { readonly unique_for?: number };
}

/** A relay that has claimed a row. */
interface Claim {
  readonly relay: JudgedRelay;
  readonly atMs: number;
}

/** The record of a job in the outbox. */
interface Record {
  readonly jid: string;
  readonly id: number;
  readonly insertedAt: number;
  readonly isRefused: boolean;
  /** In ms since 1970; 0 for a job without a time. */
  readonly dueAt: number;
  state: "open" | "committed" | "rolled back";
  committedAt: number;
  claims: Claim[];
  /** The relay that has claimed it now. */
  claimedBy: JudgedRelay | undefined;
  /** Number of times that a relay has pushed it. */
  pushes: number;
  pushedAt: number;
  deletedAt: number;
  rejectedAt: number;
}

/** Time for which the effects of a fault last, in milliseconds. */
const RECOVERY_MS = 60_000;

/** Longest time that a relay needs for a job, after its interval, in milliseconds. */
const SOON_MS = 5000;

/** Share of the time of a claim after which a paused relay may be too late to extend it. */
const LATE_SHARE = 0.6;

/** The judge of the outbox: which of its jobs reach the server, how often, and why. */
export class OutboxRules implements DatabaseListener {
  /** Simulated time at which the clock of the database was last set. */
  clockSetAt = -Infinity;
  /** A time to which the server was paused, which is no reason for a second push. */
  stalledUntil = -Infinity;
  /** Simulated time from which there are no random faults. */
  calmFrom = Infinity;
  /** Called when a relay claims rows. */
  onClaim: () => void = () => {};
  /** Simulated time at which a relay last reported a failure. */
  #failedAt = -Infinity;
  /** Number of rows that each relay has deleted. */
  readonly #deletions = new Map<SimulatedProcess, number>();
  readonly #ledger: Ledger;
  readonly #records = new Map<string, Record>();
  readonly #byId = new Map<number, Record>();
  readonly #relays = new Map<SimulatedProcess, JudgedRelay>();
  /** The order in which each relay must push what it has claimed, and its last push. */
  readonly #turns = new Map<JudgedRelay, { readonly order: Map<Record, number>; last: number }>();
  /** True if only one relay runs at a time, with a producer that keeps the order of its calls. */
  readonly #isOrdered: boolean;
  #numbers = 0;
  /** Number of rows that have not been deleted or refused. */
  left = 0;

  constructor(ledger: Ledger, isOrdered: boolean) {
    this.#ledger = ledger;
    this.#isOrdered = isOrdered;
  }

  register(relay: JudgedRelay): void {
    this.#relays.set(relay.process, relay);
    this.#turns.set(relay, { order: new Map(), last: 0 });
  }

  inserted(row: RowState): void {
    const { jid, id, job } = row;
    const { jobtype, at, args, queue, custom } = JSON.parse(job) as WireJob;
    if (custom?.unique_for !== undefined) {
      const key = JSON.stringify([queue, ...args]);
      this.#ledger.of(jid).unique = { key, forMs: custom.unique_for * 1000, until: "success" };
    }
    const record: Record = {
      ...{
        jid,
        id,
        state: "open",
        insertedAt: this.#ledger.now,
        isRefused: jobtype === REFUSED_TYPE,
      },
      dueAt: at === undefined ? 0 : parseTimestamp(at)!.getTime(),
      ...{ committedAt: Infinity, claims: [], claimedBy: undefined, pushes: 0, pushedAt: Infinity },
      ...{ deletedAt: Infinity, rejectedAt: Infinity },
    };
    if (this.#records.has(jid)) this.#ledger.violated("the outbox makes no id twice", jid);
    this.#records.set(jid, record);
    this.#byId.set(id, record);
  }

  rolledBack({ jid }: RowState): void {
    this.#tell(jid, "its transaction is rolled back");
    this.#records.get(jid)!.state = "rolled back";
    this.#ledger.count("outbox: jobs rolled back");
  }

  committed(before: RowState | undefined, after: RowState | undefined, by: SimulatedProcess): void {
    const { jid } = (before ?? after)!;
    const record = this.#records.get(jid)!;
    const { now } = this.#ledger;
    this.#ledger.trace.add(8, (before ?? after)!.id, now);
    if (before === undefined) {
      this.#tell(jid, "its transaction is committed");
      record.state = "committed";
      record.committedAt = now;
      this.left++;
      this.#ledger.count("outbox: jobs committed");
      return;
    }
    record.claimedBy = after?.claimedBy === before.claimedBy ? record.claimedBy : undefined;
    if (after === undefined) return this.#deleted(record, by);
    if (after.error !== null && before.error === null) return this.#refused(record, after.error);
    if (after.claimedBy === null) return this.#tell(jid, `released by ${by.name}`);
    const isExtended = after.claimedBy === before.claimedBy;
    this.#tell(jid, `${isExtended ? "claimed again or extended" : "claimed"} by ${by.name}`);
    const relay = this.#relays.get(by);
    if (relay === undefined) return;
    record.claimedBy = relay;
    if (!isExtended) record.claims.push({ relay, atMs: now });
    this.#ledger.count("outbox: claims");
    this.onClaim();
    this.#turns.get(relay)!.order.set(record, 0);
  }

  /** Returns the jobs committed since `atMs` that are in the outbox and that the server accepts. */
  waiting(atMs: number): string[] {
    return [...this.#records.values()].filter((one) =>
      one.state === "committed" && one.committedAt >= atMs && !one.isRefused &&
      one.deletedAt === Infinity && one.rejectedAt === Infinity
    ).map(({ jid }) => jid);
  }

  /** Records that a relay got the rows that it has claimed: it must push them in this order. */
  claimed(relay: JudgedRelay, ids: readonly number[]): void {
    const { order } = this.#turns.get(relay)!;
    for (const id of [...ids].sort((a, b) => a - b)) {
      order.set(this.#byId.get(id)!, ++this.#numbers);
    }
  }

  /** Records that the server accepted a job. */
  pushed({ entry, isNew, isRequeued, dueInMs }: Push): void {
    const record = this.#records.get(entry.jid);
    if (record === undefined || isRequeued && entry.toRequeue > 0) return;
    const { jid, state, claims, dueAt } = record;
    const { now } = this.#ledger;
    if (state !== "committed") {
      this.#ledger.violated(
        state === "open"
          ? "a job of the outbox is pushed after its commit"
          : "a job that was rolled back is not pushed",
        jid,
      );
    }
    if (record.rejectedAt < Infinity) this.#ledger.violated("a refused job is not pushed", jid);
    this.#checkOrder(record);
    this.#checkTaken(record);
    if (record.pushes++ === 0) {
      record.pushedAt = now;
      this.#checkTime(record, dueInMs);
      this.#checkDelay(record);
      return;
    }
    this.#ledger.count("outbox: jobs pushed again");
    if (
      isNew && dueAt > 0 && dueInMs > 0 && entry.waiting > 1 && !this.#ledger.server.hasLostChanges
    ) {
      this.#ledger.violated("a scheduled job that is pushed twice is one job", jid);
    }
    const why = this.#whyAgain(claims);
    if (why !== undefined) return this.#ledger.count(`outbox: pushed again, ${why}`);
    this.#ledger.violated("a job of the outbox is pushed twice only for a reason", jid);
  }

  /** Checks that a relay reports a failure only if there was a fault. */
  failed(relay: JudgedRelay, error: unknown): void {
    const { process, client } = relay;
    // The code of a killed program runs on until the turn ends.
    if (process.isDead) return;
    const { now, server } = this.#ledger;
    this.#ledger.count("outbox: failures of relays");
    const troubledAt = Math.max(process.troubledAt, client.troubledAt, server.troubledAt);
    this.#failedAt = now;
    const { code, message } = error as { code?: string; message: string };
    const isFree = !relay.isWriting && client.troubledAt < now - RECOVERY_MS;
    if (isFree) this.#checkReleased(relay);
    // If the server refuses all jobs of a batch, the relay reports that as an outage.
    if (code === "SERVER_ERROR" || troubledAt > now - RECOVERY_MS) return;
    this.#ledger.violated("a relay fails only because of a fault", `${process.name}: ${message}`);
  }

  /** Checks the outbox at the end. `rows` are those that are left. */
  judge(rows: readonly RowState[]): void {
    for (const { jid, error, claimedBy } of rows) {
      if (error !== null && claimedBy === null) continue;
      this.#ledger.violated("no row stays in the outbox", jid);
    }
    for (const { jid, state, pushes, rejectedAt } of this.#records.values()) {
      if (state === "committed" && pushes === 0 && rejectedAt === Infinity) {
        this.#ledger.violated("a committed job of the outbox reaches the server", jid);
      }
    }
  }

  #deleted(record: Record, by: SimulatedProcess): void {
    const { jid, pushes } = record;
    this.#tell(jid, `deleted by ${by.name}`);
    if (record.rejectedAt === Infinity) this.left--;
    record.deletedAt = this.#ledger.now;
    this.#deletions.set(by, (this.#deletions.get(by) ?? 0) + 1);
    const entry = this.#ledger.of(jid);
    if (pushes === 0 && !entry.isRefusedAsEqual) {
      return this.#ledger.violated("a row is deleted after the server has its job", jid);
    }
    this.#ledger.settled(entry, "accepted");
  }

  #refused(record: Record, error: string): void {
    const { jid, isRefused, pushes } = record;
    this.#tell(jid, `refused: ${error}`);
    this.left--;
    record.rejectedAt = this.#ledger.now;
    this.#ledger.count("outbox: jobs refused");
    if (!isRefused || pushes > 0) {
      this.#ledger.violated("only a refused job gets an error", `${jid}: ${error}`);
    }
  }

  /** Checks that insertion has kept the order of the jobs. */
  inOrder(jids: readonly string[]): void {
    const ids = jids.map((jid) => this.#records.get(jid)!.id);
    if (ids.every((id, i) => i === 0 || ids[i - 1]! < id)) return;
    this.#ledger.violated("jobs are inserted in their order", jids.join(", "));
  }

  /** Checks the report of a relay that has stopped. */
  reported({ process, client, gaveUpAt }: JudgedRelay, { pushed }: RelayReport): void {
    const deleted = this.#deletions.get(process) ?? 0;
    // Of a statement that failed, or was in flight when a stop gave up, a relay does not know
    // whether it was executed.
    const isSure = client.troubledAt === -Infinity && gaveUpAt === -Infinity;
    if (!isSure || pushed === deleted) return;
    this.#ledger.violated("a relay counts its jobs", `${process.name}: ${pushed} of ${deleted}`);
  }

  /** Checks that a relay releases what it could not push, if the database works. */
  #checkReleased(relay: JudgedRelay): void {
    for (const { jid, claimedBy, claims, deletedAt } of this.#records.values()) {
      if (claimedBy !== relay || deletedAt < Infinity) continue;
      // In a transaction of the program, the release could be rolled back.
      if (relay.wroteAt >= (claims.at(-1)?.atMs ?? 0)) continue;
      this.#ledger.violated("a relay releases what it could not push", jid);
    }
  }

  /** Checks that the claims of relays that push have not expired. `rows` are those of the table. */
  checkClaims(rows: readonly RowState[], now: number): void {
    for (const { jid, claimedUntil } of rows) {
      const { claimedBy } = this.#records.get(jid)!;
      if (claimedBy === undefined || claimedBy.process.isDead || claimedUntil === null) continue;
      const { process, client } = claimedBy;
      const isCalm = client.troubledAt < this.#ledger.now - RECOVERY_MS &&
        client.pauses.every((one) => one.atMs + one.ms < this.#ledger.now - RECOVERY_MS);
      if (!isCalm || claimedUntil >= now) continue;
      this.#ledger.violated("a relay extends its claims", `${process.name}: ${jid}`);
    }
  }

  /** Checks that a relay without faults pushes a committed job soon. */
  #checkDelay({ jid, committedAt }: Record): void {
    const { now, server } = this.#ledger;
    const relays = [...this.#relays.values()].filter(({ process }) => !process.isDead);
    const troubles = relays.map(({ process, client }) =>
      Math.max(process.troubledAt, client.troubledAt)
    );
    const since = committedAt - RECOVERY_MS;
    const isCalm = Math.max(server.troubledAt, this.#failedAt, ...troubles) < since;
    const dueMs = Math.max(...relays.map(({ pollMs }) => pollMs)) + SOON_MS;
    if (committedAt < this.calmFrom || !isCalm || now - committedAt <= dueMs) return;
    this.#ledger.violated("a relay pushes a committed job soon", `${jid}: ${now - committedAt} ms`);
  }

  /** Returns the reason for which a job may be pushed again. */
  #whyAgain(claims: readonly Claim[]): string | undefined {
    const { now, server } = this.#ledger;
    // Long before the push, a fault has no effect on it.
    const first = claims[0]?.atMs ?? now;
    for (const { relay, atMs } of claims) {
      const { process, client, claimSeconds, commandTimeoutMs, gaveUpAt } = relay;
      if (process.isDead) return "as a relay died";
      const lateMs = claimSeconds * 1000 * LATE_SHARE;
      const isPaused = client.pauses.some((one) => one.atMs + one.ms >= atMs && one.ms >= lateMs);
      if (isPaused) return "as a relay was paused for longer than its claim";
      if (gaveUpAt >= atMs) return "as a relay had to stop";
      if (process.lostAt >= atMs) return "as a connection was lost";
      if (client.outageMs(atMs) >= lateMs) return "as the database was out of reach";
      const isImpatient = commandTimeoutMs < SHORT_PAUSE_MS;
      if (isImpatient && server.troubledAt >= atMs) return "as the server did not answer in time";
    }
    if (this.clockSetAt >= first) return "as the clock of the database was set";
    const { lostAt, troubledAt } = server;
    const isStall = lostAt === this.stalledUntil && troubledAt === this.stalledUntil;
    if (lostAt >= first && !isStall) return "as a connection was lost with the server";
    return undefined;
  }

  /** Checks that a relay pushes what it has claimed in the order of insertion. */
  #checkOrder(record: Record): void {
    if (!this.#isOrdered || record.pushes > 0) return;
    const relay = record.claims.at(-1)?.relay;
    if (relay === undefined) return;
    const turn = this.#turns.get(relay)!;
    const number = turn.order.get(record);
    if (number === undefined || number === 0) return;
    const { process, client } = relay;
    const { now, server } = this.#ledger;
    const troubledAt = Math.max(process.troubledAt, client.troubledAt, server.troubledAt);
    const isCalm = troubledAt < now - RECOVERY_MS;
    if (isCalm && number < turn.last) {
      this.#ledger.violated("one relay keeps the order of the rows", record.jid);
    }
    turn.last = Math.max(turn.last, number);
  }

  /** Checks that a job comes from the relay that has claimed it. */
  #checkTaken({ jid, claims }: Record): void {
    if (claims.length === 0) this.#ledger.violated("a relay pushes what it has claimed", jid);
  }

  /** Checks that the server has the time that the program has set. */
  #checkTime({ jid, dueAt }: Record, dueInMs: number): void {
    if (dueAt === 0 && dueInMs > 0) this.#ledger.violated("a job keeps its time", jid);
    const offMs = dueAt - this.#ledger.locks.now() - dueInMs;
    if (dueAt > 0 && Math.abs(offMs) > 1) {
      this.#ledger.violated("a job keeps its time", `${jid}: off by ${offMs} ms`);
    }
  }

  #tell(jid: string, what: string): void {
    this.#ledger.tell?.(jid, `outbox: ${what}`);
  }
}
