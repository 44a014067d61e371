import type { Job, JobFields } from "../job/job.ts";
import type { Plan, PlannedJob } from "./nodes.ts";

/** The continuation after a node. */
export type Next =
  /** Another node, and the continuation after it. */
  | { readonly plan: Plan; readonly path: string; readonly then?: Next | undefined }
  /** A join that waits for the node, by the queue of its tokens. */
  | {
    readonly tokens: string;
    /** Index of the node among the parts, and the number of parts. */
    readonly index: number;
    readonly of: number;
    /** The step of the join itself. */
    readonly step: Step;
    /** True if a batch counts the node, on a server that has batches. */
    readonly isCounted?: true | undefined;
  };

/** The data in the `custom` of each job of a workflow, under {@linkcode KEY}. */
export interface Step {
  /** The workflow's id. */
  readonly id: string;
  /**
   * The position of the job in the workflow, such as `0.2`. Its jid consists of the id and the path.
   */
  readonly path: string;
  readonly then?: Next | undefined;
  /** The result of the node before; after a join, the results of all parts. */
  readonly results?: readonly unknown[] | undefined;
  /** The job to enqueue if one of the workflow's jobs is dead or dropped. */
  readonly onDead?: PlannedJob | undefined;
  /** The queue that stores the workflow's state; `undefined` if it is not stored. */
  readonly status?: string | undefined;
}

const KEY = "workflow";

/** Returns the step of a job; `undefined` if it belongs to no workflow. */
export function stepOf(job: Job): Step | undefined {
  const step = job.custom[KEY] as Partial<Step> | null | undefined;
  if (typeof step !== "object" || step === null) return undefined;
  return typeof step.id === "string" && typeof step.path === "string" ? step as Step : undefined;
}

/**
 * Returns the results of the jobs before this one in its workflow: one after a job, those of all
 * parts in order after a join, none for the first job of a workflow. A value that is not JSON, such
 * as `undefined`, becomes `null`.
 *
 * @example Use the result of the job before
 * ```ts
 * import { Consumer } from "@faktory-ts/faktory";
 * import { resultsOf } from "@faktory-ts/faktory/workflow";
 *
 * new Consumer().register("ship", (job) => {
 *   const [invoice] = resultsOf(job);
 *   console.log(`shipped, see ${invoice}`);
 * });
 * ```
 */
// Any arguments, because typed handlers call it too.
// deno-lint-ignore no-explicit-any
export function resultsOf(job: Job<any>): readonly unknown[] {
  return stepOf(job)?.results ?? [];
}

/** Returns a job of the user, with a jid that depends only on the workflow and the path. */
export function jobOf({ at, custom, ...planned }: PlannedJob, step: Step): JobFields {
  return {
    ...planned,
    jid: `${step.id}.${step.path}`,
    at: at === undefined ? undefined : new Date(at),
    // Removes the properties that are undefined.
    custom: { ...custom, [KEY]: JSON.parse(JSON.stringify(step)) },
  };
}
