import type { SimulatedProcess } from "./process.ts";

/** What the producer was told of a job. */
export type Promised = "nothing" | "had" | "not-sent" | "unknown" | "refused";

/** Where a job of the server is. */
export type Place = "waiting" | "working" | "dead";

/** What is known of one job. */
export interface Entry {
  readonly jid: string;
  /** Its number among the jobs of the load; -1 for others. */
  readonly number: number;
  /** Who enqueues it, and when that began, in the world's time. */
  producer: SimulatedProcess | undefined;
  calledAt: number;
  /** It has to arrive in the order of its producer's calls. */
  isOrdered: boolean;
  /** It must not be there twice. */
  isOnce: boolean;
  promised: Promised;
  /** Times that the server took it from somebody. */
  pushes: number;
  /** Of these, those by a worker that puts it off; and how often workers wanted to. */
  putOff: number;
  toPutOff: number;
  /** Copies of it by their place, as they have to be. */
  waiting: number;
  working: number;
  dead: number;
  /** Copies on their way from a set to their queue. */
  due: number;
  /** Why copies came back after the first, in their order: each explains one more run. */
  readonly reasons: string[];
  /** Why its reservation ended, until it is tried again. */
  why: string | undefined;
  handed: number;
  starts: number;
  /** Runs whose handler ended in a way that asks for ACK, and in a way that asks for FAIL. */
  toAcknowledge: number;
  toFail: number;
  acks: number;
  /** ACKs, of those too that came when nobody had it. */
  ackCommands: number;
  fails: number;
  /** Where its copies were when the server ended. */
  before: number;
  /** Where its copies are for sure, whatever happens to the server; see `Journal`. */
  saved: number;
  /** The group that its first push was saved with. */
  pushedIn: number;
  /** Two copies of it were with workers at the same time. */
  isShared: boolean;
  /** The server was told to take it from its worker, and has not. */
  mustEnd: boolean;
  /** Copies that somebody removed. */
  removed: number;
  /** The worker that has it, or had it last; and whoever had it before. */
  holder: Worker | undefined;
  readonly formerHolders: Worker[];
  handedAt: number;
  /** Of the last time that it was handed out. */
  isStarted: boolean;
  isEnded: boolean;
  isPutOff: boolean;
  isExcused: boolean;
  /** Since it was handed out last. */
  acksNow: number;
  putOffNow: number;
  /** Its handler threw what is no outcome. */
  hasThrown: boolean;
  /** Steps of a resumable job that were done. */
  steps: number;
}

/** A worker, as far as the ledger has to know it. */
export interface Worker {
  readonly process: SimulatedProcess;
  /** It was told to stop, by us or by the server. */
  readonly isStopping: boolean;
  readonly isSignalled: boolean;
}

/** How the ids of the jobs of the load begin. */
export const PREFIX = "job-";

/** The id of a job of the load. */
export function jidOf(number: number): string {
  return PREFIX + String(number).padStart(8, "0");
}

/** What became of a push. */
export interface PushOutcome {
  readonly isThere: boolean;
  /** It was not the very same as one in its set. */
  readonly isNew: boolean;
  /** Its worker puts it off. */
  readonly isPutOff: boolean;
}

/** Where the copies of a job are, as one number. */
export function stateOf({ waiting, working, dead }: Entry): number {
  return waiting + 100 * working + 10_000 * dead;
}

/** How many copies there are. */
export function copiesIn(state: number): number {
  return state % 100 + Math.floor(state / 100) % 100 + Math.floor(state / 10_000);
}

/** A job of which nothing is known yet. */
export function newEntry(jid: string, number: number): Entry {
  return {
    jid,
    number,
    producer: undefined,
    calledAt: 0,
    isOrdered: false,
    isOnce: false,
    promised: "nothing",
    pushes: 0,
    putOff: 0,
    toPutOff: 0,
    before: 0,
    saved: 0,
    pushedIn: 0,
    isShared: false,
    mustEnd: false,
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
    isPutOff: false,
    isExcused: false,
    acksNow: 0,
    putOffNow: 0,
    hasThrown: false,
    steps: 0,
  };
}
