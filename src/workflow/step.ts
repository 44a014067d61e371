import type { Job, JobFields } from "../job/job.ts";
import type { Plan, PlannedJob } from "./nodes.ts";

/** What follows a node. */
export type Next =
  /** Another node, and what follows that. */
  | { readonly plan: Plan; readonly path: string; readonly then?: Next | undefined }
  /** A join, by the queue of its tokens, that waits for the node. */
  | {
    readonly tokens: string;
    /** Which of the parts the node is, and how many there are. */
    readonly index: number;
    readonly of: number;
    /** The step of the join itself. */
    readonly step: Step;
    /** Whether a batch counts the node, on a server that has batches. */
    readonly isCounted?: true | undefined;
  };

/** What each job of a workflow has in its `custom`, under {@linkcode KEY}. */
export interface Step {
  /** The workflow's id. */
  readonly id: string;
  /** Where in the workflow the job is, such as `0.2`. Its jid is made of the id and the path. */
  readonly path: string;
  readonly then?: Next | undefined;
  /** What the node before returned; of a join, what each part returned. */
  readonly results?: readonly unknown[] | undefined;
  /** The job to enqueue if one of the workflow's jobs is dead or dropped. */
  readonly onDead?: PlannedJob | undefined;
  /** The queue that keeps the workflow's state; none if nobody asks for it. */
  readonly status?: string | undefined;
}

const KEY = "workflow";

/** The step that a job is; `undefined` if it belongs to no workflow. */
export function stepOf(job: Job): Step | undefined {
  const step = job.custom[KEY] as Partial<Step> | null | undefined;
  if (typeof step !== "object" || step === null) return undefined;
  return typeof step.id === "string" && typeof step.path === "string" ? step as Step : undefined;
}

/**
 * Returns what the jobs before this one in its workflow returned: one result after a job, the
 * results of all parts in their order after a join, none for the first job of a workflow. What is
 * not JSON, such as `undefined`, is `null`.
 *
 * @example The result of the step before
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
// Any arguments: it is called by typed handlers, too.
// deno-lint-ignore no-explicit-any
export function resultsOf(job: Job<any>): readonly unknown[] {
  return stepOf(job)?.results ?? [];
}

/** A job of a user's, whose jid depends on the workflow and the path alone. */
export function jobOf({ at, custom, ...planned }: PlannedJob, step: Step): JobFields {
  return {
    ...planned,
    jid: `${step.id}.${step.path}`,
    at: at === undefined ? undefined : new Date(at),
    // Without the properties that are undefined.
    custom: { ...custom, [KEY]: JSON.parse(JSON.stringify(step)) },
  };
}
