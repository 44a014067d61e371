import { marshal } from "../go/encode.ts";
import { GoError } from "../go/error.ts";
import { CodedError } from "../hooks.ts";
import type { StoredJob } from "../stored_job.ts";
import { copyText, RawJson } from "../payload.ts";
import type { ExpiringTable } from "./expiring_table.ts";

/**
 * Unique jobs: a job with `unique_for` holds a lock on its type, arguments and queue. No other such
 * job is accepted while it does.
 *
 * Known from the wiki, and from clients that are tested against Faktory Enterprise: what makes two
 * jobs equal; the lock lasts for `unique_for` seconds, plus the delay of a scheduled job; it is
 * released when the job succeeds, or when it is fetched with `unique_until: "start"`; a job that
 * waits for a retry holds it; deleting a job from the retries by hand does not release it; a job
 * without `unique_for` ignores locks; the reply.
 *
 * Guessed: a dead or dropped job holds the lock like one that is retried; a job cannot take the
 * lock twice, so a PUSH that is sent again is refused; a run releases only the lock of its own job;
 * invalid values are refused.
 */
export class Unique {
  /** The jid of each lock's holder. */
  readonly #locks: ExpiringTable<string>;

  constructor(locks: ExpiringTable<string>) {
    this.#locks = locks;
  }

  /**
   * @throws {CodedError} `NOTUNIQUE` if another job holds the lock.
   * @throws {GoError} if the job's options are invalid.
   */
  check(job: StoredJob): void {
    if (!wantsLock(job)) return;
    readSeconds(job.custom);
    const until = job.custom["unique_until"] ?? "success";
    if (until !== "success" && until !== "start") throw new GoError("invalid unique_until");
    if (this.#locks.get(keyOf(job)) !== undefined) {
      throw new CodedError("NOTUNIQUE", "Job not unique");
    }
  }

  /** Takes the lock for a job that was checked and is due at `from`. */
  lock(job: StoredJob, from: number): void {
    if (!wantsLock(job)) return;
    this.#locks.set(keyOf(job), copyText(job.jid), from + readSeconds(job.custom) * 1000);
  }

  /** Called when a worker fetches the job. */
  started(job: StoredJob): void {
    if (job.custom?.["unique_until"] === "start") this.#unlock(job);
  }

  /** Called when the job has succeeded. */
  succeeded(job: StoredJob): void {
    this.#unlock(job);
  }

  #unlock(job: StoredJob): void {
    if (!wantsLock(job)) return;
    const key = keyOf(job);
    // The lock may have expired, and another job may hold it now.
    if (this.#locks.get(key) === job.jid) this.#locks.delete(key);
  }
}

/** A job with `unique_for`. */
type UniqueJob = StoredJob & { readonly custom: Record<string, unknown> };

function wantsLock(job: StoredJob): job is UniqueJob {
  return (job.custom?.["unique_for"] ?? undefined) !== undefined;
}

function readSeconds({ unique_for }: Record<string, unknown>): number {
  if (typeof unique_for === "number" && unique_for > 0) return unique_for;
  throw new GoError("invalid unique_for, must be a number of seconds");
}

function keyOf({ jobtype, args, queue }: StoredJob): string {
  // For large arguments, the checksum is enough.
  return marshal([queue, jobtype, args instanceof RawJson ? args.sum : args ?? []]);
}
