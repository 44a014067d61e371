import type { SimulatedProcess } from "./process.ts";
import type { UniqueTerms } from "./unique_locks.ts";
import type { Worker } from "./worker.ts";

/**
 * The result of enqueuing a job, as its producer got it: none yet, accepted (`accepted`), not sent,
 * unknown, or refused.
 */
export type Promised = "nothing" | "accepted" | "not-sent" | "unknown" | "refused";

/** The place of a job on the server. */
export type Place = "waiting" | "working" | "dead";

/** The record of one job. */
export class Entry {
  readonly jid: string;
  /** Its number among the jobs of producers; -1 for a job that the library creates itself. */
  readonly number: number;
  /** The process that enqueues it, and the simulated time of the call. */
  producer: SimulatedProcess | undefined;
  calledAt = 0;
  /** Its delay, in milliseconds, if it has one. */
  delayMs = 0;
  /** True if it must arrive in the order of its producer's calls. */
  isOrdered = false;
  /** True if the server must not get it twice. */
  isOnce = false;
  promised: Promised = "nothing";
  /** Number of times that the server accepted it. */
  pushes = 0;
  /** Number of pushes by which workers requeued it, and the number that they intended. */
  requeued = 0;
  toRequeue = 0;
  /** Expected number of its copies in each place. */
  waiting = 0;
  working = 0;
  dead = 0;
  /** Number of copies that have left a set and not reached their queue. */
  due = 0;
  /** Reasons of later copies, in order. Each reason allows one more run. */
  readonly reasons: string[] = [];
  /** Reason for which its reservation ended, until it is retried. */
  why: string | undefined;
  handed = 0;
  starts = 0;
  /** Number of runs after which the worker must send ACK, and FAIL. */
  toAcknowledge = 0;
  toFail = 0;
  acks = 0;
  /** Number of ACKs, including those that arrived when no worker had the job. */
  ackCommands = 0;
  fails = 0;
  /** State of its copies when the server ended; see {@linkcode stateOf}. */
  before = 0;
  /** State of its copies that is saved and so survives a crash of the server; see `Journal`. */
  saved = 0;
  /** Number of its last arrival on a queue, among the arrivals of all jobs. */
  queuedAt = 0;
  /** Number of the store group that contains its first push. */
  pushedIn = 0;
  /** True if two workers had copies of it at the same time. */
  isShared = false;
  /** True if the server got an ACK or a FAIL but has not ended the reservation yet. */
  isEnding = false;
  /** Number of copies that an admin removed. */
  removed = 0;
  /** The worker that has it or had it last, and the workers that had it before. */
  holder: Worker | undefined;
  readonly formerHolders: Worker[] = [];
  handedAt = 0;
  /** State of its last run: started, ended, requeued, or excused from reporting. */
  isStarted = false;
  isEnded = false;
  isRequeued = false;
  isExcused = false;
  /** The worker that must still announce its result, as the reservation ended during a fault. */
  owedBy: Worker | undefined;
  /** Number of ACKs and of requeues since a worker last fetched it. */
  acksNow = 0;
  requeuedNow = 0;
  /** True if it came back too early, as its worker did not know the time of the server. */
  isRequeuedEarly = false;
  /** True if its handler threw an error that is not an outcome. */
  hasThrown = false;
  /** Number of completed steps of a resumable job. */
  steps = 0;
  /** Number of reservations that have ended. */
  ends = 0;
  /** Set for a unique job, and the time at which its lock ends, by the server's clock. */
  unique: UniqueTerms | undefined;
  lockedUntil = 0;
  /** True if the server refused it as another job had the lock. */
  isRefusedAsEqual = false;
  /** The time after which it expires, in ms after it is due, or the time itself as a `Date`. */
  expires: number | Date | undefined;
  /** Time at which its last copy expires, by the server's clock. */
  expiresAt = Infinity;
  /** Simulated time at which `cancel` was called, and at which it was confirmed. */
  cancelCalledAt = Infinity;
  cancelledAt = Infinity;

  constructor(jid: string, number: number) {
    this.jid = jid;
    this.number = number;
  }
}

/** Prefix of the ids of the jobs that producers enqueue. */
export const PREFIX = "job-";

/** Returns the id of a job that a producer enqueues. */
export function jidOf(number: number): string {
  return PREFIX + String(number).padStart(8, "0");
}

/** Encodes the number of copies of a job in each place as one number. */
export function stateOf({ waiting, working, dead }: Entry): number {
  return waiting + 100 * working + 10_000 * dead;
}

/** Returns the number of copies in a state. */
export function copiesIn(state: number): number {
  return state % 100 + Math.floor(state / 100) % 100 + Math.floor(state / 10_000);
}

/** Records that no copy of a job is on the server. */
export function clearCopies(entry: Entry): void {
  entry.waiting =
    entry.working =
    entry.dead =
    entry.due =
      0;
}
