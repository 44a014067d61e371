import { InvalidArgumentError, InvalidJobError } from "../errors.ts";
import { encodeJob } from "../job/encode.ts";
import { explicitQueueOf, Job, type JobInput } from "../job/job.ts";

/** Nodes that run one after the other. */
export interface Chain {
  /** The nodes, in order. */
  readonly chain: readonly WorkflowNode[];
}

/** Nodes that run in parallel. The join is done when all of them are. */
export interface Join {
  /** The nodes. */
  readonly join: readonly WorkflowNode[];
}

/** A part of a workflow: a job, or the result of {@linkcode chain} or {@linkcode join}. */
export type WorkflowNode = JobInput | Chain | Join;

/**
 * Runs nodes one after the other. Each starts when the one before has succeeded.
 *
 * @example Two jobs, one after the other
 * ```ts
 * import { chain } from "@faktory-ts/faktory/workflow";
 *
 * const order = chain({ type: "charge", args: [42] }, { type: "ship", args: [42] });
 * console.assert(order.chain.length === 2);
 * ```
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` without a node.
 */
export function chain(...nodes: readonly WorkflowNode[]): Chain {
  if (nodes.length === 0) throw empty("chain");
  return { chain: nodes };
}

/**
 * Runs nodes in parallel. The join has succeeded when all of them have.
 *
 * @example Three jobs in parallel, then one
 * ```ts
 * import { chain, join } from "@faktory-ts/faktory/workflow";
 *
 * const parts = [1, 2, 3].map((part) => ({ type: "export", args: [part] }));
 * const report = chain(join(...parts), { type: "merge" });
 * console.assert(report.chain.length === 2);
 * ```
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` without a node.
 */
export function join(...nodes: readonly WorkflowNode[]): Join {
  if (nodes.length === 0) throw empty("join");
  return { join: nodes };
}

function empty(name: string): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot ${name} nothing: pass at least one job`,
  );
}

/** A job of a plan: the properties that the user set, as JSON. */
export interface PlannedJob {
  readonly type: string;
  readonly args: readonly unknown[];
  readonly queue?: string | undefined;
  readonly retry?: number | undefined;
  /** A time in RFC 3339. */
  readonly at?: string | undefined;
  readonly reserveFor?: number | undefined;
  readonly backtrace?: number | undefined;
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
}

/** A workflow, as it is stored in the `custom` of its jobs. */
export type Plan =
  | { readonly job: PlannedJob }
  | { readonly chain: readonly Plan[] }
  | { readonly join: readonly Plan[] };

/**
 * Checks every job of a workflow, and returns the workflow as JSON.
 *
 * @throws {InvalidJobError} For an invalid job, or a job with a jid.
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` for an empty list of nodes.
 */
export function planOf(node: WorkflowNode): Plan {
  if (isObject(node) && "chain" in node) return { chain: listOf(node.chain, "chain") };
  if (isObject(node) && "join" in node) return { join: listOf(node.join, "join") };
  return { job: plannedJob(node as JobInput) };
}

/** Returns the number of jobs in the plan. */
export function countJobs(plan: Plan): number {
  if ("job" in plan) return 1;
  return ("chain" in plan ? plan.chain : plan.join).reduce((sum, node) => sum + countJobs(node), 0);
}

/** Returns the type of each job in the plan by its path, as `pushesOf` makes the paths. */
export function stepsOf(plan: Plan, path = "0"): Record<string, string> {
  if ("job" in plan) return { [path]: plan.job.type };
  const nodes = "chain" in plan ? plan.chain : plan.join;
  return Object.assign({}, ...nodes.map((node, i) => stepsOf(node, `${path}.${i}`)));
}

function listOf(nodes: unknown, name: string): Plan[] {
  if (Array.isArray(nodes) && nodes.length > 0) return nodes.map(planOf);
  throw empty(name);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** @throws {InvalidJobError} */
export function plannedJob(job: JobInput): PlannedJob {
  // Encoded as the server gets it. A catalogue may fill in other properties when the job is
  // enqueued.
  const wire = JSON.parse(encodeJob(job).json);
  if (!(job instanceof Job) && job.jid !== undefined) {
    throw new InvalidJobError(
      "INVALID_JID",
      "Cannot start the workflow as one of its jobs has a jid: the workflow sets the jids of its jobs",
      { path: "jid" },
    );
  }
  return {
    type: wire.jobtype,
    args: wire.args,
    queue: job instanceof Job ? explicitQueueOf(job) : job.queue,
    retry: job.retry,
    at: wire.at,
    reserveFor: job.reserveFor,
    backtrace: job.backtrace,
    custom: wire.custom,
  };
}
