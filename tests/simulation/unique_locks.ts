import type { Entry } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import { whenEqualAccepted } from "./rules/pushes.ts";

/** The terms of a unique job. */
export interface UniqueTerms {
  /** Equal for jobs with the same type, arguments and queue. */
  readonly key: string;
  readonly forMs: number;
  readonly until: "success" | "start";
}

/** The lock of a unique job. */
export interface Lock {
  readonly entry: Entry;
  /** In ms since 1970, by the server's clock. */
  readonly until: number;
}

/** The judge of unique jobs: the locks that the server must have. */
export class UniqueLocks {
  /** Returns the time of the server, in ms since 1970. */
  now: () => number = () => 0;
  readonly #ledger: Ledger;
  readonly #locks = new Map<string, Lock>();
  readonly #byKey = new Map<string, Entry[]>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Checks a job that the server accepted. `dueAt` is its time, by the server's clock. */
  accepted(entry: Entry, dueAt: number): void {
    const { unique, jid } = entry;
    if (unique === undefined) return;
    const { key, forMs } = unique;
    if (this.#holder(key) !== undefined) {
      this.#ledger.violated("a job is refused while an equal job has the lock", jid);
    }
    const equal = this.#byKey.get(key) ?? [];
    const others = equal.filter((one) => one !== entry);
    for (const other of others) {
      this.#ledger.judge(whenEqualAccepted, { entry: other, serverNow: this.now() });
    }
    this.#byKey.set(key, [...others.filter((one) => one.waiting + one.working > 0), entry]);
    entry.lockedUntil = dueAt + forMs;
    this.#locks.set(key, { entry, until: entry.lockedUntil });
  }

  /** Checks a job that the server refused as not unique. */
  refused(entry: Entry): void {
    const { unique, jid } = entry;
    entry.isRefusedAsEqual = true;
    // If it is sent again after a lost reply, it may be accepted behind later jobs.
    entry.isOrdered = false;
    this.#ledger.count("jobs refused as not unique");
    if (unique !== undefined && this.#holder(unique.key) !== undefined) return;
    this.#ledger.violated("a unique job is refused only if an equal job has the lock", jid);
  }

  /** Records that a worker got the job. */
  handed(entry: Entry): void {
    if (entry.unique?.until === "start") this.#release(entry);
  }

  /** Records that the job was acknowledged. */
  succeeded(entry: Entry): void {
    this.#release(entry);
  }

  clear(): void {
    this.#locks.clear();
  }

  /** Takes over the locks that a starting server has read: the last changes may be lost. */
  restore(locks: readonly Lock[]): void {
    this.#locks.clear();
    for (const lock of locks) {
      if (lock.until > this.now()) this.#locks.set(lock.entry.unique!.key, lock);
    }
  }

  #holder(key: string): Entry | undefined {
    const lock = this.#locks.get(key);
    if (lock === undefined || lock.until > this.now()) return lock?.entry;
    // The server forgets it too, and does not have it again if its clock is set back.
    this.#locks.delete(key);
    return undefined;
  }

  #release(entry: Entry): void {
    const { unique } = entry;
    if (unique === undefined || this.#holder(unique.key) !== entry) return;
    this.#locks.delete(unique.key);
    entry.lockedUntil = 0;
  }
}
