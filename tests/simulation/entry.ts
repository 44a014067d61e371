import type { SimulatedProcess } from "./process.ts";
import type { ReportRules } from "./reports.ts";
import type { UniqueTerms } from "./unique_locks.ts";

/**
 * The result of enqueuing a job, as its producer got it: none yet, accepted (`accepted`), not sent,
 * unknown, or refused.
 */
export type Promised = "nothing" | "accepted" | "not-sent" | "unknown" | "refused";

/** The place of a job on the server. */
export type Place = "waiting" | "working" | "dead";

/** The record of one job. */
export interface Entry {
  readonly jid: string;
  /** Its number among the jobs of producers; -1 for a job that the library creates itself. */
  readonly number: number;
  /** The process that enqueues it, and the simulated time of the call. */
  producer: SimulatedProcess | undefined;
  calledAt: number;
  /** Its delay, in milliseconds, if it has one. */
  delayMs: number;
  /** True if it must arrive in the order of its producer's calls. */
  isOrdered: boolean;
  /** True if the server must not get it twice. */
  isOnce: boolean;
  promised: Promised;
  /** Number of times that the server accepted it. */
  pushes: number;
  /** Number of pushes by which workers requeued it, and the number that they intended. */
  requeued: number;
  toRequeue: number;
  /** Expected number of its copies in each place. */
  waiting: number;
  working: number;
  dead: number;
  /** Number of copies that have left a set and not reached their queue. */
  due: number;
  /** Reasons of later copies, in order. Each reason allows one more run. */
  readonly reasons: string[];
  /** Reason for which its reservation ended, until it is retried. */
  why: string | undefined;
  handed: number;
  starts: number;
  /** Number of runs after which the worker must send ACK, and FAIL. */
  toAcknowledge: number;
  toFail: number;
  acks: number;
  /** Number of ACKs, including those that arrived when no worker had the job. */
  ackCommands: number;
  fails: number;
  /** State of its copies when the server ended; see {@linkcode stateOf}. */
  before: number;
  /** State of its copies that is saved and so survives a crash of the server; see `Journal`. */
  saved: number;
  /** Number of its last arrival on a queue, among the arrivals of all jobs. */
  queuedAt: number;
  /** Number of the store group that contains its first push. */
  pushedIn: number;
  /** True if two workers had copies of it at the same time. */
  isShared: boolean;
  /** True if the server got an ACK or a FAIL but has not ended the reservation yet. */
  isEnding: boolean;
  /** Number of copies that an admin removed. */
  removed: number;
  /** The worker that has it or had it last, and the workers that had it before. */
  holder: Worker | undefined;
  readonly formerHolders: Worker[];
  handedAt: number;
  /** State of its last run: started, ended, requeued, or excused from reporting. */
  isStarted: boolean;
  isEnded: boolean;
  isRequeued: boolean;
  isExcused: boolean;
  /** The worker that must still announce its result, as the reservation ended during a fault. */
  owedBy: Worker | undefined;
  /** Number of ACKs and of requeues since a worker last fetched it. */
  acksNow: number;
  requeuedNow: number;
  /** True if it came back too early, as its worker did not know the time of the server. */
  isRequeuedEarly: boolean;
  /** True if its handler threw an error that is not an outcome. */
  hasThrown: boolean;
  /** Number of completed steps of a resumable job. */
  steps: number;
  /** Number of reservations that have ended. */
  ends: number;
  /** Set for a unique job, and the time at which its lock ends, by the server's clock. */
  unique: UniqueTerms | undefined;
  lockedUntil: number;
  /** True if the server refused it as another job had the lock. */
  isRefusedAsEqual: boolean;
  /** The time after which it expires, in ms after it is due, or the time itself as a `Date`. */
  expires: number | Date | undefined;
  /** Time at which its last copy expires, by the server's clock. */
  expiresAt: number;
  /** Simulated time at which `cancel` was called, and at which it was confirmed. */
  cancelCalledAt: number;
  cancelledAt: number;
}

/** The properties of a worker that the ledger uses. */
export interface Worker {
  readonly process: SimulatedProcess;
  /** True if the simulation stops it; `isSignalled` if the server asked it to stop. */
  readonly isStopping: boolean;
  readonly isSignalled: boolean;
  readonly reports: ReportRules;
  /** Simulated time at which the server last executed a FETCH of it. */
  fetchedAt: number;
  /** Called when the server answers a heartbeat with its signal to go quiet or to terminate. */
  told(): void;
  /** Returns the signal of a running handler. */
  signalOf(jid: string): AbortSignal | undefined;
}

/** Prefix of the ids of the jobs that producers enqueue. */
export const PREFIX = "job-";

/** Returns the id of a job that a producer enqueues. */
export function jidOf(number: number): string {
  return PREFIX + String(number).padStart(8, "0");
}

/** The result of a push. */
export interface PushOutcome {
  readonly isPlaced: boolean;
  /** False if its set already contained exactly the same job. */
  readonly isNew: boolean;
  /** True if its worker requeues it. */
  readonly isRequeued: boolean;
  /** Time until it is due by the server's clock, in milliseconds. */
  readonly dueInMs: number;
}

/** Encodes the number of copies of a job in each place as one number. */
export function stateOf({ waiting, working, dead }: Entry): number {
  return waiting + 100 * working + 10_000 * dead;
}

/** Returns the number of copies in a state. */
export function copiesIn(state: number): number {
  return state % 100 + Math.floor(state / 100) % 100 + Math.floor(state / 10_000);
}

/** Creates the record of a new job. */
export function newEntry(jid: string, number: number): Entry {
  return {
    jid,
    number,
    producer: undefined,
    calledAt: 0,
    delayMs: 0,
    isOrdered: false,
    isOnce: false,
    promised: "nothing",
    pushes: 0,
    requeued: 0,
    toRequeue: 0,
    before: 0,
    saved: 0,
    queuedAt: 0,
    pushedIn: 0,
    isShared: false,
    isEnding: false,
    waiting: 0,
    working: 0,
    dead: 0,
    due: 0,
    reasons: [],
    why: undefined,
    handed: 0,
    starts: 0,
    toAcknowledge: 0,
    toFail: 0,
    acks: 0,
    ackCommands: 0,
    fails: 0,
    removed: 0,
    holder: undefined,
    formerHolders: [],
    handedAt: 0,
    isStarted: false,
    isEnded: false,
    isRequeued: false,
    isExcused: false,
    owedBy: undefined,
    acksNow: 0,
    requeuedNow: 0,
    isRequeuedEarly: false,
    hasThrown: false,
    steps: 0,
    ends: 0,
    unique: undefined,
    lockedUntil: 0,
    isRefusedAsEqual: false,
    expires: undefined,
    expiresAt: Infinity,
    cancelCalledAt: Infinity,
    cancelledAt: Infinity,
  };
}
