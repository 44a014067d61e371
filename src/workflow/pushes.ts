import { type EncodedJob, encodeJob } from "../job/encode.ts";
import type { JobFields } from "../job/job.ts";
import { type Producer, sendCommand } from "../producer/producer.ts";
import { batchCommit, batchNew } from "../protocol/commands/enterprise.ts";
import { isEnterprise, type ServerInfo } from "../protocol/server_info.ts";
import { checkJob, FIRST_CHECK_SECONDS, type JoinJob, joinJob } from "./join_job.ts";
import type { Plan } from "./nodes.ts";
import { jobOf, type Next, type Step } from "./step.ts";
import { WORKFLOW_PREFIX } from "../job/internal_queues.ts";
import { pushAll, tokenOf } from "./tokens.ts";

/**
 * Key of the fact that a join was started. If the tokens in the queue of a join do not have this
 * fact, the join is over.
 */
export const STARTED = "started";

/** Key of the fact that the last node of a workflow has succeeded. */
export const ENDED = "ended";

/** Key of the fact that a check of the join is scheduled. */
export const CHECKED = "checked";

/** The result of a node. */
export interface Result {
  /** The value that its handler returned; for a join, the values of its parts. */
  readonly value: unknown;
  /** The results that the next node gets. */
  readonly results: readonly unknown[];
}

/** Jobs to push, in this order. */
export interface Pushes {
  /** Tokens and jobs of the workflow itself. */
  readonly own: readonly EncodedJob[];
  readonly groups: readonly PartGroup[];
  readonly jobs: readonly JobFields[];
}

/** Parts of a join that a batch can count, because each is a single job. */
interface PartGroup {
  readonly join: JoinJob;
  readonly jobs: readonly JobFields[];
}

/**
 * Smallest number of parts for which a batch is worth its commands. Without a batch, each part
 * costs one join job.
 */
const MIN_GROUP = 2;

/** Returns the pushes that start a node. */
export function pushesOf(plan: Plan, step: Step): Pushes {
  if ("job" in plan) return { own: [], groups: [], jobs: [jobOf(plan.job, step)] };
  const { id, path, then } = step;
  if ("chain" in plan) {
    const [first, ...rest] = plan.chain;
    // The path `0.1_2` is the chain at 0.1 from its third node on.
    const [chainPath, start = "0"] = path.split("_");
    const more: Next | undefined = rest.length === 0
      ? then
      : { plan: { chain: rest }, path: `${chainPath}_${Number(start) + 1}`, then };
    return pushesOf(first!, { ...step, path: `${chainPath}.${start}`, then: more });
  }
  const { results: _results, ...own } = step;
  const tokens = `${WORKFLOW_PREFIX}${id}.${path}`;
  const join = { tokens, of: plan.join.length, step: own };
  const hasGroup = plan.join.filter(isCountable).length >= MIN_GROUP;
  const grouped: JobFields[] = [];
  const parts = plan.join.map((part, index) => {
    const isCounted = hasGroup && isCountable(part);
    const then = { ...join, index, isCounted: isCounted || undefined };
    const pushes = pushesOf(part, { ...step, path: `${path}.${index}`, then });
    if (!isCounted) return pushes;
    grouped.push(...pushes.jobs);
    return { ...pushes, jobs: [] };
  });
  return {
    own: [tokenOf(tokens, { [STARTED]: true }), ...parts.flatMap(({ own }) => own)],
    groups: [
      ...(hasGroup ? [{ join, jobs: grouped }] : []),
      ...parts.flatMap(({ groups }) => groups),
    ],
    jobs: parts.flatMap(({ jobs }) => jobs),
  };
}

/** Returns true if a batch can count the part: a single job that is not in another batch. */
function isCountable(plan: Plan): boolean {
  return "job" in plan && plan.job.custom?.["bid"] === undefined;
}

/**
 * Returns the pushes after a node has succeeded: the start of the next node, or a token for the
 * join that waits for it and a job that checks the join.
 *
 * @param job The node's job: its queue, whose workers know the workflow, and the batch that counts
 * the job, if there is one. The server enqueues the check of the join when the batch is complete.
 */
export function pushesAfter(
  step: Step,
  { value, results }: Result,
  { queue, bid }: { readonly queue: string; readonly bid?: unknown },
): Pushes {
  const { then, status } = step;
  if (then === undefined) {
    const own = status === undefined ? [] : [tokenOf(status, { [ENDED]: true })];
    return { own, groups: [], jobs: [] };
  }
  if ("plan" in then) {
    return pushesOf(then.plan, { ...step, path: then.path, then: then.then, results });
  }
  const { tokens, of } = then;
  const token = tokenOf(tokens, { [then.index]: value });
  if (then.isCounted === true && typeof bid === "string") {
    return { own: [token], groups: [], jobs: [] };
  }
  const jid = `${step.id}.${step.path}.join`;
  const check = encodeJob({ ...joinJob({ tokens, of, step: then.step }, queue), jid });
  return { own: [token, check], groups: [], jobs: [] };
}

/**
 * Sends pushes. After an error, some of them may be on the server.
 *
 * @param queue The queue for checks of joins whose parts a batch counts.
 */
export async function sendPushes(
  producer: Producer,
  { own, groups, jobs }: Pushes,
  queue: string,
): Promise<void> {
  await pushAll(producer, own);
  const info = groups.length === 0 ? undefined : await producer.info();
  if (info === undefined || !isEnterprise(info)) {
    return await pushJobs(producer, [...groups.flatMap(({ jobs }) => jobs), ...jobs]);
  }
  for (const group of groups) await pushBatch(producer, group, { queue, info });
  await pushJobs(producer, jobs);
}

/**
 * Pushes parts of a join as a batch, whose callback checks the join. The tokens still decide when
 * the join is done, because a server may miscount a job that is sent or run twice. The scheduled
 * check comes first: it completes the join if the callback never comes, for example because this
 * program crashes before the commit.
 */
async function pushBatch(
  producer: Producer,
  { join, jobs }: PartGroup,
  { queue, info }: { readonly queue: string; readonly info: ServerInfo },
): Promise<void> {
  await pushAll(producer, [
    checkJob({ ...join, everySeconds: FIRST_CHECK_SECONDS }, { queue, info }),
    tokenOf(join.tokens, { [CHECKED]: true }),
  ]);
  const description = `join of ${jobs.length} jobs: ${join.tokens}`;
  const success = joinJob(join, queue);
  const bid = await sendCommand(producer, batchNew({ description, success }));
  await pushJobs(producer, jobs.map((job) => ({ ...job, custom: { ...job.custom, bid } })));
  await sendCommand(producer, batchCommit(bid));
}

async function pushJobs(producer: Producer, jobs: readonly JobFields[]): Promise<void> {
  if (jobs.length === 0) return;
  const { failed } = await producer.enqueueMany(jobs);
  for (const error of failed.values()) {
    // If a unique job (Enterprise) like it exists, an earlier attempt has pushed it.
    if (error.code !== "NOT_UNIQUE") throw error;
  }
}
