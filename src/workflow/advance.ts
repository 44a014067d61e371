import { type EncodedJob, encodeJob } from "../job/encode.ts";
import type { JobFields } from "../job/job.ts";
import { type Producer, sendCommand } from "../producer/producer.ts";
import { batchCommit, batchNew } from "../protocol/commands/enterprise.ts";
import { isEnterprise, type ServerInfo } from "../protocol/server_info.ts";
import { checkJob, FIRST_CHECK_SECONDS, type JoinJob, joinJob } from "./join_job.ts";
import type { Plan } from "./nodes.ts";
import { jobOf, type Next, type Step } from "./step.ts";
import { pushAll, tokenOf } from "./tokens.ts";

/**
 * The fact that a join was started. Tokens without it, in the queue of a join, are of a join that
 * is over.
 */
export const STARTED = "started";

/** The fact of a workflow's state that its last node has succeeded. */
export const ENDED = "ended";

/** The fact that there is a check of the join. */
export const CHECKED = "checked";

/** What a node has come to. */
export interface Result {
  /** What its handler returned; of a join, the values of its parts. */
  readonly value: unknown;
  /** What the next node gets of it. */
  readonly results: readonly unknown[];
}

/** What to push, in this order. */
export interface Pushes {
  /** Tokens and jobs of the workflow itself. */
  readonly own: readonly EncodedJob[];
  readonly groups: readonly PartGroup[];
  readonly jobs: readonly JobFields[];
}

/** Parts of one join that a batch can count, as each of them is a single job. */
interface PartGroup {
  readonly join: JoinJob;
  readonly jobs: readonly JobFields[];
}

/** Parts for which a batch is worth its commands: each part alone costs a job that looks. */
const MIN_GROUP = 2;

/** Returns what starts a node. */
export function starting(plan: Plan, step: Step): Pushes {
  if ("job" in plan) return { own: [], groups: [], jobs: [jobOf(plan.job, step)] };
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
  const { results: _results, ...own } = step;
  const tokens = `workflow.${id}.${path}`;
  const join = { tokens, of: plan.join.length, step: own };
  const hasGroup = plan.join.filter(isCountable).length >= MIN_GROUP;
  const grouped: JobFields[] = [];
  const parts = plan.join.map((part, index) => {
    const isCounted = hasGroup && isCountable(part);
    const then = { ...join, index, isCounted: isCounted || undefined };
    const pushes = starting(part, { ...step, path: `${path}.${index}`, then });
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

/** A batch counts jobs. One that is in a batch of the user's stays there. */
function isCountable(plan: Plan): boolean {
  return "job" in plan && plan.job.custom?.["bid"] === undefined;
}

/**
 * Returns what follows a node that has succeeded: the next node, or a token for the join that waits
 * for it and a job that looks at the join.
 *
 * @param job The node's job: its queue, whose workers know the workflow, and the batch that counts
 * the job, if there is one. The server enqueues the look at the join once it has counted all jobs.
 */
export function advancing(
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
    return starting(then.plan, { ...step, path: then.path, then: then.then, results });
  }
  const { tokens, of } = then;
  const token = tokenOf(tokens, { [then.index]: value });
  if (then.isCounted === true && typeof bid === "string") {
    return { own: [token], groups: [], jobs: [] };
  }
  const jid = `${step.id}.${step.path}.join`;
  const look = encodeJob({ ...joinJob({ tokens, of, step: then.step }, queue), jid });
  return { own: [token, look], groups: [], jobs: [] };
}

/**
 * Pushes them; some may be there after an error.
 *
 * @param queue The queue for looks at joins whose parts a batch counts.
 */
export async function pushThem(
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
 * Pushes parts of a join as a batch, whose callback looks at the join. The tokens still decide when
 * the join is done, as a server may miscount a job that is sent or run twice. The check comes
 * first: it unites the tokens if the callback never comes, for example as this program dies before
 * the commit.
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
    // A unique job (Enterprise) that is there already is the one that an earlier try has pushed.
    if (error.code !== "NOT_UNIQUE") throw error;
  }
}
