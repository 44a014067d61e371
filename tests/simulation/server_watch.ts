import type { Clock } from "../../src/internal/clock.ts";
import type { Enterprise } from "../../src/server/enterprise/enterprise.ts";
import type { Fetches } from "../../src/server/fetches.ts";
import { WORKFLOW_PREFIX } from "../../src/job/internal_queues.ts";
import { GoError } from "../../src/server/go/error.ts";
import type { Manager } from "../../src/server/manager.ts";
import type { Queues } from "../../src/server/queues.ts";
import type { ServerState } from "../../src/server/server_state.ts";
import type { Workers } from "../../src/server/workers.ts";
import { QUEUE_PLACE } from "../../src/server/store/places.ts";
import { peekJob, type StoredJob } from "../../src/server/stored_job.ts";
import type { Entry } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import { whenTokensAwaited } from "./rules/runs.ts";

/** The simulated server refuses jobs of this type. */
export const REFUSED_TYPE = "refused";

/** An action of the server. */
export type Doing = "push" | "ACK" | "FAIL" | "due" | "requeue" | "purge" | undefined;

/** A push, and its effects so far. */
export interface Push {
  readonly entry: Entry;
  /** True if the worker that has the job pushes it. */
  readonly isRequeued: boolean;
  /** True if its set already had exactly the same job. */
  isSameAgain: boolean;
  isQueued: boolean;
}

/**
 * Watches the commands that a server executes, and tells the ledger of them. `SpyStore` asks it by
 * which action of the server a job moves.
 */
export class ServerWatch {
  doing: Doing;
  push: Push | undefined;
  /** True if the job of the present action has reached a place. */
  isPlaced = false;
  workers: Workers | undefined;
  /** Place that the last job moved to, and the action by which the last job left its worker. */
  cameTo: string | undefined;
  leftFor: Doing;
  /** True if the job that leaves its queue next has expired. */
  isDropped = false;
  /** Places of the paused queues. */
  readonly paused = new Set<string>();
  /** True while the server puts a job on a queue, or hands it to a FETCH that waits for one. */
  #isEnqueuing = false;
  readonly #ledger: Ledger;
  readonly #clock: Clock;

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  watch({ context: { manager, enterprise }, workers }: ServerState): void {
    this.workers = workers;
    this.#watchJobs(manager);
    this.#watchQueues(manager.queues);
    this.#watchFetches(manager.fetches);
    // The manager calls the same object as its hooks.
    if (enterprise !== undefined) this.#watchTerms(enterprise as Enterprise);
    for (const set of Object.values(manager.sets)) {
      const { takeUntil } = set;
      const doing = set === manager.sets.dead ? "purge" : "due";
      set.takeUntil = (at, max) => this.#do(doing, () => takeUntil.call(set, at, max));
    }
  }

  #watchJobs(manager: Manager): void {
    const { push, acknowledge, fail, requeue } = manager;
    manager.push = (job) => {
      const isRequeued = manager.reservationOf(job.jid) !== undefined;
      this.#pushed(job, isRequeued, () => push.call(manager, job));
    };
    manager.acknowledge = (jid) => {
      const isReserved = manager.reservationOf(jid) !== undefined;
      this.#ledger.commands.acknowledged(jid, isReserved);
      this.#do("ACK", () => acknowledge.call(manager, jid));
      this.#ledger.commands.executed(jid);
    };
    manager.fail = (failure) => {
      const { jid } = failure;
      const job = manager.reservationOf(jid)?.job;
      const due = job && placeFailed(job);
      this.#ledger.commands.failed(jid, job !== undefined);
      this.cameTo = this.leftFor = undefined;
      this.#do("FAIL", () => fail.call(manager, failure));
      // After a FLUSH, only the worker still has the job.
      if (this.leftFor === "FAIL" && due !== this.cameTo) {
        this.#ledger.violated("a failed job moves to the right set", `${jid}: ${this.cameTo}`);
      }
      this.#ledger.commands.executed(jid);
    };
    manager.requeue = (payload) => {
      this.isPlaced = false;
      this.#do("requeue", () => requeue.call(manager, payload));
      if (!this.isPlaced) {
        this.#ledger.violated("an admin's requeued job is on its queue", peekJob(payload).jid);
      }
    };
  }

  #watchFetches(fetches: Fetches): void {
    const { fetch } = fetches;
    fetches.fetch = (names, wid, onWait) => {
      this.#ledger.runs.fetches(wid);
      const reply = fetch.call(fetches, names, wid, onWait);
      const [queue = ""] = names;
      if (reply instanceof Promise && queue.startsWith(WORKFLOW_PREFIX)) {
        this.#ledger.judge(whenTokensAwaited, { queue });
      }
      return reply;
    };
  }

  /** A push of a client, or of the server for a callback of a batch, during another command. */
  #pushed(job: StoredJob, isRequeued: boolean, run: () => void): void {
    if (job.jobtype === REFUSED_TYPE) throw new GoError("no such job in this world");
    const ledger = this.#ledger;
    const { cameTo, leftFor } = this;
    const entry = ledger.of(job.jid);
    const push: Push = this.push = {
      entry,
      isRequeued,
      isSameAgain: false,
      isQueued: false,
    };
    this.isPlaced = false;
    const dueInMs = job.at === "" ? 0 : Date.parse(job.at) - this.#clock.now();
    try {
      this.#do("push", run);
    } finally {
      this.push = undefined;
      Object.assign(this, { cameTo, leftFor });
    }
    if (dueInMs > 1 && push.isQueued) {
      ledger.violated("no job runs before its time", job.jid);
    }
    const { isPlaced } = this;
    ledger.commands.pushed({ entry, isPlaced, isNew: !push.isSameAgain, isRequeued, dueInMs });
  }

  /** Checks the time after which the server will drop the job. */
  #checkExpiry(entry: Entry, { custom }: StoredJob, dueAt: number): void {
    const { expires, jid } = entry;
    const expiresAt = Date.parse(custom?.["expires_at"] as string);
    const due = expires instanceof Date ? expires.getTime() : dueAt + expires!;
    // A job that its worker requeues keeps its time.
    if (entry.pushes === 0 && Math.abs(expiresAt - due) > 1) {
      this.#ledger.violated("a job expires at its time", `${jid}: at ${expiresAt}, not ${due}`);
    }
    entry.expiresAt = entry.pushes === 0 ? expiresAt : Math.max(entry.expiresAt, expiresAt);
  }

  /** Watches which jobs the server refuses as not unique, and which it drops as expired. */
  #watchTerms(enterprise: Enterprise): void {
    const { pushing, fetching } = enterprise;
    const ledger = this.#ledger;
    enterprise.pushing = (job, at) => {
      const entry = ledger.of(job.jid);
      try {
        pushing.call(enterprise, job, at);
      } catch (error) {
        if (String(error).includes("NOTUNIQUE")) ledger.locks.refused(entry);
        throw error;
      }
      // Before the server hands the job to a FETCH that waits for one.
      const dueAt = at ?? this.#clock.now();
      if (entry.expires !== undefined) this.#checkExpiry(entry, job, dueAt);
      ledger.locks.accepted(entry, dueAt);
    };
    enterprise.fetching = (job) => {
      if (fetching.call(enterprise, job)) return true;
      const entry = ledger.of(job.jid);
      const isExpired = this.#clock.now() > Date.parse(job.custom?.["expires_at"] as string);
      if (entry.expires === undefined || !isExpired) {
        ledger.violated("only expired jobs are dropped", job.jid);
      }
      if (!this.#isEnqueuing) {
        // Its removal from the queue follows.
        this.isDropped = true;
        return false;
      }
      // It was to go to a FETCH that waits, so it reaches no queue.
      this.isPlaced = true;
      this.arrived(entry, QUEUE_PLACE);
      ledger.moves.left(entry, "waiting", "expired");
      return false;
    };
  }

  /** Follows which queues are paused. A pause that was saved survives a restart. */
  #watchQueues(queues: Queues): void {
    const { pauses } = this.#ledger;
    const { push, pause, resume, remove } = queues;
    for (const name of pauses.lost((name) => queues.isPaused(name))) {
      this.#ledger.violated("a saved pause survives", name);
    }
    for (const name of queues.names()) {
      if (queues.isPaused(name)) this.paused.add(QUEUE_PLACE + name);
    }
    queues.push = (name, payload) => {
      this.#isEnqueuing = true;
      try {
        push.call(queues, name, payload);
      } finally {
        this.#isEnqueuing = false;
      }
    };
    queues.pause = (name) => {
      pause.call(queues, name);
      if (!queues.isPaused(name)) return;
      this.paused.add(QUEUE_PLACE + name);
      pauses.begin(name);
    };
    queues.resume = (name) => {
      resume.call(queues, name);
      this.paused.delete(QUEUE_PLACE + name);
      pauses.end(name);
    };
    queues.remove = (name) => {
      this.paused.delete(QUEUE_PLACE + name);
      pauses.end(name);
      return remove.call(queues, name);
    };
  }

  /** Tells the ledger why a job has come to a place. */
  arrived(entry: Entry, place: string): void {
    const ledger = this.#ledger;
    this.cameTo = place;
    if (place.startsWith(QUEUE_PLACE)) ledger.moves.queued(entry);
    if (place === "dead") return ledger.moves.came(entry, "dead");
    if (place === "retries") return ledger.moves.cameToRetries(entry);
    switch (this.doing) {
      case "push": {
        const { isRequeued, isSameAgain } = this.push!;
        const isAgain = entry.pushes > 0 && !isSameAgain;
        const why = isRequeued ? "requeued by its worker" : "enqueued again";
        return ledger.moves.came(entry, "waiting", isAgain ? why : undefined);
      }
      case "requeue":
        return ledger.moves.came(entry, "waiting", "requeued by an admin");
      default:
        return ledger.moves.cameDue(entry);
    }
  }

  #do<T>(doing: Doing, run: () => T): T {
    const before = this.doing;
    this.doing = doing;
    try {
      return run();
    } finally {
      this.doing = before;
    }
  }
}

/** Returns the set for a job after another failure; `undefined` if the job is dropped. */
function placeFailed({ retry, failure }: StoredJob): string | undefined {
  if (retry === 0) return undefined;
  const count = failure === undefined ? 0 : Number(failure.retry_count) + 1;
  return count < retry ? "retries" : "dead";
}
