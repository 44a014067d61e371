import { invalidOption } from "../connection/options.ts";
import type { Consumer } from "../consumer/consumer.ts";
import { asOutcome } from "../consumer/outcome.ts";
import { InvalidArgumentError } from "../errors.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { showText } from "../internal/show.ts";
import { systemClock } from "../internal/clock.ts";
import { encodeJob } from "../job/encode.ts";
import { createJid } from "../job/jid.ts";
import type { Job, JobInput } from "../job/job.ts";
import { WORKFLOW_PREFIX } from "../job/internal_queues.ts";
import { DEFAULT_QUEUE, queueNameFault } from "../job/queue_name.ts";
import type { Producer } from "../producer/producer.ts";
import { serverTime } from "../protocol/server_info.ts";
import { ENDED, pushesAfter, pushesOf, sendPushes } from "./pushes.ts";
import { JOIN, type JoinJob } from "./join_job.ts";
import { runJoin } from "./joiner.ts";
import { CollectionQueue } from "./collection_queue.ts";
import { countJobs, type Plan, plannedJob, planOf, stepsOf, type WorkflowNode } from "./nodes.ts";
import { jobOf, type Step, stepOf } from "./step.ts";
import { dropTokens, pushAll, removeTokens, takeTokens, tokenOf } from "./tokens.ts";

/** Options of {@linkcode Workflows.start}. */
export interface WorkflowOptions {
  /**
   * The workflow's id: 6 to 100 letters, digits, `.`, `_` and `-`. Each workflow needs a different
   * one.
   *
   * @default a new id
   */
  readonly id?: string | undefined;
  /**
   * A job to enqueue if one of the workflow's jobs is dead, is dropped after its last failure, or
   * ends with `Discard` or `Kill`. Its `custom.failed` has the `workflow`, `jid` and `type` of that
   * job.
   *
   * @default none
   */
  readonly onDead?: JobInput | undefined;
  /**
   * Number of days for which the workflow's state is kept for {@linkcode Workflows.status}. With
   * it, each job takes one more command.
   *
   * @default 0
   */
  readonly statusDays?: number | undefined;
}

const WORKFLOW_OPTIONS = {
  id: true,
  onDead: true,
  statusDays: true,
} as const satisfies OptionNames<WorkflowOptions>;

/** The state of a workflow. */
export interface WorkflowStatus {
  /**
   * `unknown`: it was started without `statusDays`, or these are over, or another program is
   * reading the state at this moment.
   */
  readonly state: "unknown" | "running" | "failed" | "succeeded";
  /** Number of jobs in the workflow. */
  readonly total: number;
  /** Number of jobs that have succeeded. */
  readonly succeeded: number;
  /**
   * The jids of the jobs that are dead or were dropped. A job that is requeued and succeeds is
   * removed from this list.
   */
  readonly failed: readonly string[];
}

/** Type of the jobs that remove a workflow's state. */
const REMOVE_STATE = "faktory.workflow.forget";

/** Largest result that is passed on, in bytes of JSON. */
const MAX_RESULT_BYTES = 65_536;

/** Prefixes of keys of a state's facts, before the path of a job that has succeeded or is dead. */
const SUCCEEDED = "ok ";
const DEAD = "dead ";

/**
 * Starts workflows and runs their jobs. Call {@linkcode Workflows.attach} for each consumer that
 * may fetch such a job. Otherwise a workflow stops at a job that this consumer runs.
 *
 * Each job of a workflow runs at least once. A node never starts before the nodes that it waits for
 * have succeeded.
 *
 * @example Start two jobs, one after the other
 * ```ts no-assert
 * import { Producer } from "@faktory-ts/faktory";
 * import { chain, Workflows } from "@faktory-ts/faktory/workflow";
 *
 * await using producer = await Producer.connect();
 * const id = await new Workflows().start(
 *   producer,
 *   chain({ type: "charge", args: [42] }, { type: "ship", args: [42] }),
 * );
 * console.log(id);
 * ```
 */
export class Workflows {
  /**
   * Enqueues the first jobs of a workflow. If it rejects, some of them may be enqueued: call it
   * again with the same nodes and the same id.
   *
   * @returns The workflow's id.
   * @throws {InvalidJobError} If one of the jobs is invalid. Nothing is enqueued.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT`.
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async start(
    // Accepts any catalogue, because the producer checks the jobs when it enqueues them.
    // deno-lint-ignore no-explicit-any
    producer: Producer<any>,
    node: WorkflowNode,
    options: WorkflowOptions = {},
  ): Promise<string> {
    checkOptionNames(options, WORKFLOW_OPTIONS, "Workflows.start");
    const { id = createJid(), onDead, statusDays = 0 } = options;
    const fault = queueNameFault(id);
    // A jid consists of the id and a path, and needs at least eight bytes.
    if (fault !== undefined || id.length < 6 || id.length > 100) {
      throw invalidOption("id", "6 to 100 letters, digits, ., _ and -", id);
    }
    if (typeof statusDays !== "number" || !(statusDays >= 0 && statusDays <= 365)) {
      throw invalidOption("statusDays", "a number from 0 to 365", statusDays);
    }
    const plan = planOf(node);
    const status = statusDays === 0 ? undefined : statusQueue(id);
    const step: Step = {
      id,
      path: "0",
      status,
      onDead: onDead === undefined ? undefined : plannedJob(onDead),
    };
    const pushes = pushesOf(plan, step);
    const queue = firstQueue(plan, producer);
    if (status !== undefined) {
      const { raw } = await producer.info();
      const at = new Date(serverTime(raw, systemClock.now()) + statusDays * 86_400_000);
      await pushAll(producer, [
        tokenOf(status, { total: countJobs(plan), steps: stepsOf(plan) }),
        encodeJob({
          ...{ jid: `${id}.forget`, type: REMOVE_STATE, args: [status], retry: 25, queue, at },
        }),
      ]);
    }
    await sendPushes(producer, pushes, queue);
    return id;
  }

  /**
   * Makes a consumer run jobs of workflows: adds middleware that starts the next node when a
   * handler has succeeded, and handlers for the workflows' own jobs. Call it before `use()`,
   * because middleware added later may change the result of a handler.
   */
  // deno-lint-ignore no-explicit-any
  attach(consumer: Consumer<any>): void {
    consumer.use(async (job, { producer, attempt }, next) => {
      const step = stepOf(job);
      if (step === undefined) return await next();
      let value: unknown;
      try {
        value = await next();
      } catch (error) {
        if (isLast(job, attempt, error)) await failed(producer, job, step);
        throw error;
      }
      const outcome = asOutcome(value);
      if (outcome === undefined) await succeeded(producer, job, step, value);
      else if (isLast(job, attempt, outcome)) await failed(producer, job, step);
      return value;
    });
    const collections = new CollectionQueue();
    consumer.register(JOIN, async (job, { producer }) => {
      const join = job.args[0] as JoinJob;
      const run = () => runJoin(producer, join, job.queue);
      await (join.everySeconds === undefined ? collections.run(join.tokens, run) : run());
    });
    consumer.register(REMOVE_STATE, async (job, { producer }) => {
      await removeTokens(producer, job.args[0] as string);
    });
  }

  /**
   * Reads the state of a workflow that was started with `statusDays`. The state is stored in a
   * queue, from which it is taken and to which it is put back. If two programs read it at the same
   * time, one of them may see an older state, or none.
   */
  // deno-lint-ignore no-explicit-any
  async status(producer: Producer<any>, id: string): Promise<WorkflowStatus> {
    const queue = statusQueue(id);
    const size = (await producer.info()).queues[queue] ?? 0;
    if (size === 0) return { state: "unknown", total: 0, succeeded: 0, failed: [] };
    const taken = await takeTokens(producer, queue);
    if (taken.jids.length > 0) {
      await pushAll(producer, [tokenOf(queue, taken.facts)]);
      await dropTokens(producer, taken);
    }
    const paths = (prefix: string) =>
      Object.keys(taken.facts).filter((key) => key.startsWith(prefix))
        .map((key) => key.slice(prefix.length));
    const succeeded = paths(SUCCEEDED);
    const dead = paths(DEAD).filter((path) => !succeeded.includes(path));
    const total = taken.facts["total"];
    return {
      state: ENDED in taken.facts
        ? "succeeded"
        : dead.length > 0
        ? "failed"
        : typeof total === "number"
        ? "running"
        : "unknown",
      total: typeof total === "number" ? total : 0,
      succeeded: succeeded.length,
      failed: dead.map((path) => `${id}.${path}`),
    };
  }
}

/** Returns the queue of the workflow's first job, whose workers know the workflow. */
// deno-lint-ignore no-explicit-any
function firstQueue(plan: Plan, producer: Producer<any>): string {
  let node = plan;
  while (!("job" in node)) node = ("chain" in node ? node.chain : node.join)[0]!;
  const { type, queue } = node.job;
  return queue ?? producer.jobs?.[type]?.defaults.queue ?? DEFAULT_QUEUE;
}

function statusQueue(id: string): string {
  return WORKFLOW_PREFIX + id;
}

/** Starts the next node after a job. */
async function succeeded(producer: Producer, job: Job, step: Step, value: unknown): Promise<void> {
  const result = resultOf(job, value);
  const { queue, custom: { bid } } = job;
  const pushes = pushesAfter(step, { value: result, results: [result] }, { queue, bid });
  const fact = step.status === undefined
    ? []
    : [tokenOf(step.status, { [SUCCEEDED + step.path]: true })];
  await sendPushes(producer, { ...pushes, own: [...fact, ...pushes.own] }, queue);
}

/** Enqueues the job of the option `onDead`. */
async function failed(producer: Producer, job: Job, step: Step): Promise<void> {
  const { onDead, status, id, path } = step;
  if (status !== undefined) await pushAll(producer, [tokenOf(status, { [DEAD + path]: true })]);
  if (onDead === undefined) return;
  const { custom, ...more } = onDead;
  const failed = { workflow: id, jid: job.jid, type: job.type };
  const own: Step = { id: `${id}.${path}`, path: "dead" };
  const { custom: _step, ...fields } = jobOf(more, own);
  const onDeadJob = { ...fields, custom: { ...custom, failed } };
  await sendPushes(producer, { own: [], groups: [], jobs: [onDeadJob] }, job.queue);
}

/** Returns true if the job will not run again after this error or outcome. */
function isLast(job: Job, attempt: number, error: unknown): boolean {
  const kind = asOutcome(error)?.kind;
  if (kind === "snooze") return false;
  return kind === "discard" || kind === "kill" || attempt > (job.retry ?? 25);
}

/** Returns the result of a handler as JSON. */
function resultOf(job: Job, value: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw refuse(job, "it cannot be written as JSON", error);
  }
  if (text === undefined) return null;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_RESULT_BYTES) throw refuse(job, `it takes ${bytes} bytes as JSON`);
  return JSON.parse(text);
}

function refuse(job: Job, reason: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot pass on the result of the handler of ${
      showText(job.type)
    } as ${reason}: in a workflow, ` +
      `a result may have up to ${MAX_RESULT_BYTES} bytes of JSON`,
    { cause },
  );
}
