import { type Consumer, type Job, type JobContext, Producer } from "../../mod.ts";
import type { JobFields } from "../../src/job/job.ts";
import type { Batch } from "../../src/producer/batches.ts";
import type { Entry } from "./entry.ts";
import type { FoundRule, Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface BatchesParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly queues: readonly string[];
}

/** A batch with its jobs. */
interface BatchRecord {
  readonly id: string;
  readonly hasComplete: boolean;
  readonly hasSuccess: boolean;
  /** The ids of its jobs. */
  readonly members: string[];
  /** A batch inside it, which must end first. */
  child: BatchRecord | undefined;
  /**
   * `filling` until a program begins to commit it; `unknown` until the program that opened it has
   * the confirmation.
   */
  state: "filling" | "unknown" | "committed";
}

/** Types of the jobs of batches and of their callbacks. */
const MEMBER = "member";
const CALLBACK = "callback";

/** Prefix of the ids of batches, and so of the ids of their jobs. */
const PREFIX = "batch-";

/** Largest number of jobs of a batch. */
const MAX_MEMBERS = 12;

/**
 * Opens the batches of a world (Enterprise), runs their jobs, and checks that a callback never
 * comes before the jobs that it waits for, and always comes in the end.
 */
export class BatchesOfWorld {
  readonly #parts: BatchesParts;
  readonly #batches = new Map<string, BatchRecord>();
  /** The jobs whose handler has succeeded. */
  readonly #done = new Set<string>();
  readonly #process: SimulatedProcess;
  #starting = 0;

  constructor(parts: BatchesParts) {
    this.#parts = parts;
    this.#process = new SimulatedProcess("opener of batches", parts.timeline);
    parts.ledger.pushWatchers.push(({ entry }) => this.#checkCallback(entry));
  }

  /** Number of `start` calls in progress. */
  get starting(): number {
    return this.#starting;
  }

  /** Opens `count` batches, one every `everyMs` milliseconds. */
  async start(count: number, everyMs: number): Promise<void> {
    this.#starting++;
    const { ledger } = this.#parts;
    for (let i = 0; i < count; i++) {
      try {
        await using producer = await this.#connect();
        await this.#open(producer, `${PREFIX}${String(i).padStart(4, "0")}`);
      } catch {
        ledger.count("batches that were not opened");
      }
      await this.#process.sleep(everyMs);
    }
    this.#starting--;
  }

  /** Makes a consumer run the jobs and the callbacks of batches. */
  attach(consumer: Consumer, process: SimulatedProcess): void {
    consumer.register(MEMBER, (job, context) => this.#member(job, context, process));
    consumer.register(CALLBACK, (job) => void this.#done.add(job.jid));
  }

  /**
   * True if all callbacks that are due have run. A batch waits half an hour for a batch inside it
   * that was never committed: its twin, if a reply was lost.
   */
  get areOver(): boolean {
    for (const batch of this.#batches.values()) {
      if (
        this.#isCounted(batch) && !this.#dueNames(batch).every((name) => this.#ran(batch, name))
      ) {
        return false;
      }
    }
    return true;
  }

  /** Checks the batches at the end, when all jobs have ended. */
  judge(): void {
    const { ledger } = this.#parts;
    for (const batch of this.#batches.values()) {
      ledger.count("batches");
      if (batch.state !== "committed") continue;
      if (!this.#isCounted(batch)) {
        ledger.count("batches that lost a job");
        continue;
      }
      for (const name of this.#dueNames(batch)) {
        if (this.#ran(batch, name)) ledger.count(`callbacks "${name}" that were due`);
        else ledger.violated(`a batch calls "${name}" in the end`, `${batch.id}.${name}`);
      }
    }
  }

  #connect(): Promise<Producer> {
    return Producer.connect({
      url: "tcp://simulated:7419",
      transport: this.#parts.network.transport(this.#process),
      clock: this.#process,
      connections: 1,
      reconnect: { attempts: Infinity },
    });
  }

  async #open(producer: Producer, id: string, parent?: Batch): Promise<void> {
    const { random } = this.#parts;
    const callbacks = random.pick(["complete", "success", "both"]);
    const batch: BatchRecord = {
      id,
      hasComplete: callbacks !== "success",
      hasSuccess: callbacks !== "complete",
      members: [],
      child: undefined,
      state: "filling",
    };
    this.#batches.set(id, batch);
    const callback = (name: string): JobFields => ({
      ...{ jid: `${id}.${name}`, type: CALLBACK, args: [id, name] },
      ...{ queue: random.pick(this.#parts.queues), retry: 25, reserveFor: 60 },
    });
    await producer.batches.open({
      parentBid: parent?.bid,
      complete: batch.hasComplete ? callback("complete") : undefined,
      success: batch.hasSuccess ? callback("success") : undefined,
    }, async (open) => {
      for (let left = random.int(MAX_MEMBERS); left > 0; left--) {
        await open.enqueue(this.#memberOf(batch));
      }
      if (parent === undefined && random.chance(0.3)) {
        const id = `${batch.id}.inner`;
        // Before it is opened, so that no callback of this batch may come first.
        await this.#open(producer, id, open);
        batch.child = this.#batches.get(id);
      }
      batch.state = "unknown";
    });
    batch.state = "committed";
  }

  #memberOf(batch: BatchRecord): JobFields {
    const { random, queues } = this.#parts;
    const jid = `${batch.id}.${String(batch.members.length).padStart(3, "0")}`;
    batch.members.push(jid);
    const kind = random.pick(["works", "works", "works", "waits", "fails once", "fails", "adds"]);
    return {
      jid,
      type: MEMBER,
      args: [kind, batch.id],
      queue: random.pick(queues),
      retry: kind === "fails" ? random.int(2) : 9,
      reserveFor: 60,
    };
  }

  async #member(job: Job, { producer }: JobContext, process: SimulatedProcess): Promise<void> {
    const [kind, id] = job.args as [string, string];
    switch (kind) {
      case "fails":
        throw new Error("it fails");
      case "fails once":
        if (job.failure === undefined) throw new Error("it fails once");
        break;
      case "waits":
        await process.sleep(200);
        break;
      case "adds":
        await this.#add(producer, job, this.#batches.get(id)!);
    }
    this.#done.add(job.jid);
  }

  /** Adds a job to the batch of a running job. */
  async #add(producer: Producer, { jid, queue, custom }: Job, batch: BatchRecord): Promise<void> {
    const more: JobFields = {
      ...{ jid: `${jid}.more`, type: MEMBER, args: ["works", batch.id], queue },
      ...{ retry: 25, reserveFor: 60 },
    };
    await producer.batches.reopen(custom!["bid"] as string, async (open) => {
      if (!batch.members.includes(more.jid!)) batch.members.push(more.jid!);
      await open.enqueue(more);
      // The commit that follows is one for the program that opened the batch too.
      if (batch.state === "filling") batch.state = "unknown";
    });
  }

  /** Checks that a callback is due when the server enqueues it. */
  #checkCallback({ jid, pushes, requeued }: Entry): void {
    const [, id, name] = /^(batch-\d+(?:\.inner)?)\.(complete|success)$/.exec(jid) ?? [];
    if (id === undefined) return;
    const { ledger } = this.#parts;
    const batch = this.#batches.get(id)!;
    const violated = (rule: FoundRule) => ledger.violated(rule, jid);
    ledger.count("callbacks of batches");
    if (batch.state === "filling") violated("a batch calls nobody before its commit");
    // A server that has lost unsaved changes may enqueue it again.
    if (pushes - requeued > 1 && !ledger.server.hasLostChanges) violated("a callback comes once");
    const isDone = (name: string) => this.#done.has(name);
    if (name === "success" && batch.hasComplete && !isDone(`${id}.complete`)) {
      violated('a batch calls "success" after "complete"');
    }
    const isDue = name === "success" ? isDone : (jid: string) => ledger.of(jid).ends > 0;
    // A server that ended may have lost a job that it had not confirmed.
    const isGone = ({ pushes, removed }: Entry) => pushes === 0 || removed > 0;
    const there = (jid: string) => isGone(ledger.of(jid)) || isDue(jid);
    if (!batch.members.every(there)) {
      const isSuccess = name === "success";
      violated(`a batch calls "${isSuccess ? "success" : "complete"}" when its jobs have ended`);
    }
    const { child } = batch;
    if (child === undefined || child.state !== "committed") return;
    const isChildOver = name === "success" && child.hasSuccess
      ? isDone(`${child.id}.success`)
      : !child.hasComplete || isDone(`${child.id}.complete`);
    if (!isChildOver) violated("a batch waits for the batch inside it");
  }

  #areMembers({ members, child }: BatchRecord, are: (jid: string) => boolean): boolean {
    return members.every(are) && (child === undefined || this.#areMembers(child, are));
  }

  /** Returns true if the server counts the jobs of a batch, and has lost none of them. */
  #isCounted(batch: BatchRecord): boolean {
    return batch.state === "committed" && !this.#parts.ledger.server.hasLostJobs &&
      !this.#hasLost(batch);
  }

  /** Returns true if a job was removed, or ran twice at the same time, with one result for both. */
  #hasLost({ id, members, child }: BatchRecord): boolean {
    const jids = [`${id}.complete`, `${id}.success`, ...members];
    const isLost = ({ removed, isShared }: Entry) => removed > 0 || isShared;
    return jids.some((jid) => isLost(this.#parts.ledger.of(jid))) ||
      child !== undefined && this.#hasLost(child);
  }

  /** Returns the callbacks of a batch that are due when its jobs have ended. */
  #dueNames(batch: BatchRecord): ("complete" | "success")[] {
    const hasSucceeded = () => this.#areMembers(batch, (jid) => this.#done.has(jid));
    return [
      ...batch.hasComplete ? ["complete"] as const : [],
      ...batch.hasSuccess && hasSucceeded() ? ["success"] as const : [],
    ];
  }

  #ran({ id }: BatchRecord, name: string): boolean {
    return this.#done.has(`${id}.${name}`);
  }
}
