import { type Consumer, type Job, Producer } from "../../mod.ts";
import { chain, join, resultsOf, type WorkflowNode, Workflows } from "../../src/workflow/mod.ts";
import type { ServerState } from "../../src/server/server_state.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { whenWorkflowOpen } from "./rules/world.ts";
import type { Timeline } from "./timeline.ts";

export interface FlowsParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly queues: readonly string[];
}

/** One workflow: parallel parts of one or two jobs each, and a last job after all parts. */
interface Flow {
  readonly id: string;
  readonly parts: number;
  /** Parts whose last handler has succeeded. */
  readonly done: Set<number>;
  lastRuns: number;
}

/** Starts the workflows of a world, runs their jobs, and checks the order of the runs. */
export class Flows {
  readonly #parts: FlowsParts;
  readonly #flows = new Map<string, Flow>();
  /** The workflows of which a server has lost jobs. */
  readonly #lost = new Set<string>();
  /** Number of lost jobs that were looked at. */
  #seen = 0;
  readonly #process: SimulatedProcess;
  #starting = 0;

  constructor(parts: FlowsParts) {
    this.#parts = parts;
    this.#process = new SimulatedProcess("starter of workflows", parts.timeline);
  }

  /** Number of `start` calls in progress. */
  get starting(): number {
    return this.#starting;
  }

  /** Starts `count` workflows, one every `everyMs` milliseconds. */
  async start(count: number, everyMs: number): Promise<void> {
    this.#starting++;
    for (let i = 0; i < count; i++) {
      const flow = this.#flow(i);
      const node = this.#nodeOf(flow);
      while (!await this.#start(node, flow.id)) await this.#process.sleep(everyMs);
      await this.#process.sleep(everyMs);
    }
    this.#starting--;
  }

  /**
   * Starts a workflow. Returns false if that failed: the server may have some of its jobs, so the
   * program has to start it again with the same id.
   */
  async #start(node: WorkflowNode, id: string): Promise<boolean> {
    const { network, ledger } = this.#parts;
    try {
      await using producer = await Producer.connect({
        url: "tcp://simulated:7419",
        transport: network.transport(this.#process),
        clock: this.#process,
        connections: 1,
        reconnect: { attempts: Infinity },
      });
      await new Workflows().start(producer, node, { id });
      return true;
    } catch {
      ledger.count("starts of workflows that failed");
      return false;
    }
  }

  /** Makes a consumer run jobs of workflows. */
  attach(consumer: Consumer): void {
    new Workflows().attach(consumer);
    consumer.register("part", (job) => {
      const [id, part, isLast] = job.args as [string, number, boolean];
      if (isLast) this.#flows.get(id)!.done.add(part);
      return part;
    });
    consumer.register("last", (job) => this.#last(job));
  }

  /**
   * Returns the number of tokens, marks and checks of joins that a server keeps because it has lost
   * jobs of their workflows. A join job that runs while the server restarts puts its tokens back:
   * they wait for parts, or for a check, that the server no longer has.
   */
  countLeft({ context: { manager } }: ServerState): number {
    const { lost } = this.#parts.ledger;
    for (; this.#seen < lost.length; this.#seen++) {
      const id = idOf(lost[this.#seen]!.jid.replace("faktory.workflow.", ""));
      if (id !== undefined) this.#lost.add(id);
    }
    let left = 0;
    for (const id of this.#lost) {
      const tokens = `faktory.workflow.${id}.0.0`;
      const marks = tokens.replace("workflow", "workflow-marks");
      for (const queue of [tokens, marks]) left += manager.queues.sizeOf(queue) ?? 0;
      left += this.#parts.ledger.of(`${tokens}.check`).waiting;
    }
    return left;
  }

  /** Checks the workflows at the end. */
  judge(): void {
    const { ledger } = this.#parts;
    const gone = new Set<string>();
    for (const { jid, removed, dead } of ledger.entries()) {
      const id = idOf(jid);
      if (id !== undefined && removed + dead > 0) gone.add(id);
    }
    for (const { id, lastRuns } of this.#flows.values()) {
      ledger.count("workflows");
      if (lastRuns === 0) ledger.judge(whenWorkflowOpen, { id, hasLostJob: gone.has(id) });
    }
  }

  #flow(number: number): Flow {
    const { random } = this.#parts;
    const id = `flow-${String(number).padStart(4, "0")}`;
    const flow: Flow = {
      id,
      parts: random.between(1, 12),
      done: new Set(),
      lastRuns: 0,
    };
    this.#flows.set(id, flow);
    return flow;
  }

  #nodeOf({ id, parts }: Flow): WorkflowNode {
    const { random, queues } = this.#parts;
    const queue = random.pick(queues);
    const job = (args: unknown[]) => ({ type: "part", args, queue, retry: 25, reserveFor: 60 });
    const all = Array.from(
      { length: parts },
      (_, part) =>
        random.chance(0.3)
          ? chain(job([id, part, false]), job([id, part, true]))
          : job([id, part, true]),
    );
    const last = { type: "last", args: [id], queue, retry: 25, reserveFor: 60 };
    return chain(join(...all as [WorkflowNode, ...WorkflowNode[]]), last);
  }

  #last(job: Job): void {
    const { ledger } = this.#parts;
    const flow = this.#flows.get(job.args[0] as string)!;
    flow.lastRuns++;
    if (flow.done.size < flow.parts) {
      ledger.violated("the job after a join runs after it", flow.id);
    }
    const results = JSON.stringify(resultsOf(job));
    const due = JSON.stringify(Array.from({ length: flow.parts }, (_, part) => part));
    if (results !== due) {
      ledger.violated("a join passes on the result of each part", `${flow.id}: ${results}`);
    }
  }
}

/** Returns the id of the workflow that a job belongs to. */
function idOf(jid: string): string | undefined {
  return /^flow-\d+/.exec(jid)?.[0];
}
