import type { EncodedJob } from "../job/encode.ts";
import type { JobFields } from "../job/job.ts";
import type { Producer } from "../producer/producer.ts";
import type { Plan } from "./nodes.ts";
import { jobOf, type Next, type Step } from "./step.ts";
import { ownJob, pushAll, tokenOf } from "./tokens.ts";

/** The type of the jobs that unite the tokens of a join. */
export const JOIN = "faktory.workflow.join";

/**
 * The fact that a join was started. Tokens without it, in the queue of a join, are of a join that
 * is over.
 */
export const STARTED = "started";

/** The fact of a workflow's state that its last node has succeeded. */
export const ENDED = "ended";

/** The arguments of a job that unites tokens. */
export interface JoinJob {
  /** The queue of the join's tokens. */
  readonly tokens: string;
  /** How many parts there are. */
  readonly of: number;
  /** The step of the join itself. */
  readonly step: Step;
  /** Of a check, which is made whatever the parts of the join do: seconds until the next one. */
  readonly everySeconds?: number;
  /** Checks in a row that have not seen the fact that the join was started. */
  readonly misses?: number;
  /** Checks so far. */
  readonly checks?: number;
  /** Whether an earlier check has seen that the join is done. */
  readonly isDone?: boolean;
}

/** What a node has come to. */
export interface Result {
  /** What its handler returned; of a join, the values of its parts. */
  readonly value: unknown;
  /** What the next node gets of it. */
  readonly results: readonly unknown[];
}

/** Jobs to push: those of the workflow itself first. */
export interface Pushes {
  readonly own: readonly EncodedJob[];
  readonly jobs: readonly JobFields[];
}

/** What starts a node. */
export function starting(plan: Plan, step: Step): Pushes {
  if ("job" in plan) return { own: [], jobs: [jobOf(plan.job, step)] };
  const { id, path, then } = step;
  if ("chain" in plan) {
    const [first, ...rest] = plan.chain;
    // `0.1_2` is the chain at 0.1 from its third node on.
    const [place, at = "0"] = path.split("_");
    const more: Next | undefined = rest.length === 0
      ? then
      : { plan: { chain: rest }, path: `${place}_${Number(at) + 1}`, then };
    return starting(first!, { ...step, path: `${place}.${at}`, then: more });
  }
  const tokens = `workflow.${id}.${path}`;
  const of = plan.join.length;
  const { results: _results, ...own } = step;
  const parts = plan.join.map((part, index) =>
    starting(part, { ...step, path: `${path}.${index}`, then: { tokens, index, of, step: own } })
  );
  return {
    own: [tokenOf(tokens, { [STARTED]: true }), ...parts.flatMap(({ own }) => own)],
    jobs: parts.flatMap(({ jobs }) => jobs),
  };
}

/**
 * What follows a node that has succeeded: the next node, or a token for the join that waits for it,
 * and a job that looks at the join.
 *
 * @param queue The queue of the node's job, whose workers know the workflow.
 */
export function advancing(step: Step, { value, results }: Result, queue: string): Pushes {
  const { then, status } = step;
  if (then === undefined) {
    return { own: status === undefined ? [] : [tokenOf(status, { [ENDED]: true })], jobs: [] };
  }
  if ("plan" in then) {
    return starting(then.plan, { ...step, path: then.path, then: then.then, results });
  }
  const look: JoinJob = { tokens: then.tokens, of: then.of, step: then.step };
  const jid = `${step.id}.${step.path}.join`;
  return {
    own: [
      tokenOf(then.tokens, { [then.index]: value }),
      ownJob({ jid, jobtype: JOIN, args: [look], queue, retry: 25 }),
    ],
    jobs: [],
  };
}

/** Pushes them; some may be there after an error. */
export async function pushThem(producer: Producer, { own, jobs }: Pushes): Promise<void> {
  await pushAll(producer, own);
  if (jobs.length === 0) return;
  const { failed } = await producer.enqueueMany(jobs);
  for (const error of failed.values()) {
    // A unique job (Enterprise) that is there already is the one that an earlier try has pushed.
    if (error.code !== "NOT_UNIQUE") throw error;
  }
}
