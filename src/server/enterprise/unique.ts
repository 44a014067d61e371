import { marshal } from "../go/encode.ts";
import { GoError } from "../go/error.ts";
import { CodedError } from "../hooks.ts";
import type { StoredJob } from "../stored_job.ts";
import { owned, RawJson } from "../payload.ts";
import type { Shelf } from "./records.ts";

/**
 * Unique jobs: while a job with `unique_for` holds the lock of its type, arguments and queue, no
 * other such job comes in.
 *
 * Known from the wiki and from clients that are tested against Faktory Enterprise: what makes two
 * jobs the same; that the lock lasts for `unique_for` seconds, and a scheduled job's for its delay
 * as well; that it is let go once the job has succeeded, or with `unique_until: "start"` as soon as
 * it is fetched; that a job which waits to be retried holds it; that taking a job out of the
 * retries by hand does not let it go; that a job without `unique_for` passes by; the reply.
 *
 * Guessed: that a job which died or was dropped holds it like one that is retried; that a job
 * cannot take the lock twice, which is then also the answer to a PUSH that is sent again; that a
 * run lets go of nobody's lock but its own job's; that values which mean nothing are refused.
 */
export class Unique {
  /** Who holds each lock: a jid. */
  readonly #locks: Shelf<string>;

  constructor(locks: Shelf<string>) {
    this.#locks = locks;
  }

  /**
   * @throws {CodedError} `NOTUNIQUE` where another job holds the lock.
   * @throws {GoError} where what the job wants means nothing.
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
    this.#locks.set(keyOf(job), owned(job.jid), from + readSeconds(job.custom) * 1000);
  }

  /** A worker has it. */
  started(job: StoredJob): void {
    if (job.custom?.["unique_until"] === "start") this.#unlock(job);
  }

  /** It is done. */
  succeeded(job: StoredJob): void {
    this.#unlock(job);
  }

  #unlock(job: StoredJob): void {
    if (!wantsLock(job)) return;
    const key = keyOf(job);
    // The job's own may have run out, and another job may have it now.
    if (this.#locks.get(key) === job.jid) this.#locks.delete(key);
  }
}

/** A job that asks for a lock. */
type UniqueJob = StoredJob & { readonly custom: Record<string, unknown> };

function wantsLock(job: StoredJob): job is UniqueJob {
  return (job.custom?.["unique_for"] ?? undefined) !== undefined;
}

function readSeconds({ unique_for }: Record<string, unknown>): number {
  if (typeof unique_for === "number" && unique_for > 0) return unique_for;
  throw new GoError("invalid unique_for, must be a number of seconds");
}

function keyOf({ jobtype, args, queue }: StoredJob): string {
  // Of large arguments the checksum will do.
  return marshal([queue, jobtype, args instanceof RawJson ? args.sum : args ?? []]);
}
