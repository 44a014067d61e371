import type { JobPlace, JobQuery, ServerJob } from "../inspect/types.ts";
import { WORKFLOW_PREFIX } from "../job/internal_queues.ts";
import type { Inspection, Source } from "./source.ts";

/** Name of a join's queue after the prefix: the workflow's id and the path of the join. */
const JOIN_QUEUE = /^(.+?)\.(0(?:[._]\d+)*)$/;

/** Prefixes of facts in a workflow's state: a path follows. */
const SUCCEEDED = "ok ";
const DEAD = "dead ";

/** Maximum numbers of queues of tokens, of other queues, and of jobs found in each place. */
const MAX_TOKEN_QUEUES = 200;
const MAX_QUEUES = 50;
const MAX_FOUND = 500;

/** Jobs that are searched in all queues together. */
const MAX_SEARCHED = 200_000;

/** A job of a workflow that the server has. */
export interface WorkflowJob {
  readonly jid: string;
  /** Position in the workflow, such as `0.2`. */
  readonly path: string;
  readonly type: string;
  readonly place: JobPlace;
  /** Describes the jobs that follow, such as `merge → publish`. Empty after the last job. */
  readonly next: string;
}

/** A join that waits for its parts. */
export interface WorkflowJoin {
  readonly path: string;
  /** Parts that have succeeded. */
  readonly succeeded: number;
}

/** A job of a workflow, on the server or not. */
export interface WorkflowStep {
  readonly path: string;
  readonly type: string;
  readonly state: "succeeded" | "failed" | "pending" | JobPlace;
}

/** A workflow, as far as the server's jobs tell. */
export interface ShownWorkflow {
  readonly id: string;
  readonly state: "running" | "failed" | "succeeded";
  /** Jobs in the workflow. Known only if it was started with `statusDays`. */
  readonly total: number | undefined;
  /** Paths of the jobs that have succeeded. Known only with `statusDays`. */
  readonly succeeded: readonly string[];
  /** All jobs of the workflow, in their order. Empty without `statusDays`. */
  readonly steps: readonly WorkflowStep[];
  /** The jobs that the server has. */
  readonly jobs: readonly WorkflowJob[];
  readonly joins: readonly WorkflowJoin[];
}

/** The workflows of a server. */
export interface WorkflowList {
  readonly workflows: readonly ShownWorkflow[];
  /** False if the server has too many jobs to search them all. */
  readonly isComplete: boolean;
}

/** Reads which workflow a job belongs to. Its `custom` may hold anything. */
export function workflowOf(
  custom: Readonly<Record<string, unknown>>,
): { readonly id: string; readonly path: string; readonly next: string } | undefined {
  const { id, path, then } = objectOf(custom["workflow"]);
  if (typeof id !== "string" || typeof path !== "string") return undefined;
  return { id, path, next: nextOf(then) };
}

/** Data found about one workflow. */
interface WorkflowData {
  readonly facts: Record<string, unknown>;
  readonly jobs: WorkflowJob[];
  readonly joins: WorkflowJoin[];
}

/**
 * Finds workflows by their tokens and by their jobs, without changing either. A workflow that was
 * started without `statusDays` leaves nothing behind when it has finished.
 */
export async function findWorkflows(
  source: Source,
  inspection: Inspection,
  id?: string,
): Promise<WorkflowList> {
  const found = new Map<string, WorkflowData>();
  const dataOf = (one: string): WorkflowData | undefined => {
    if (one === "" || id !== undefined && one !== id) return undefined;
    const known = found.get(one) ?? { facts: {}, jobs: [], joins: [] };
    found.set(one, known);
    return known;
  };
  const tokens = await source.queues({ text: WORKFLOW_PREFIX, limit: MAX_TOKEN_QUEUES });
  for (const { name: queue } of tokens.queues) {
    if (!queue.startsWith(WORKFLOW_PREFIX)) continue;
    const facts = await factsIn(inspection, queue);
    const name = queue.slice(WORKFLOW_PREFIX.length);
    const [, joinId, path] = JOIN_QUEUE.exec(name) ?? [];
    if (joinId === undefined || path === undefined || isState(facts)) {
      Object.assign(dataOf(name)?.facts ?? {}, facts);
    } else if (!("done" in facts)) {
      const succeeded = Object.keys(facts).filter((key) => /^\d+$/.test(key)).length;
      dataOf(joinId)?.joins.push({ path, succeeded });
    }
  }
  const isAll = await eachJob(source, inspection, id, (job) => {
    const workflow = workflowOf(job.custom);
    if (workflow === undefined) return;
    const { path, next } = workflow;
    const { jid, type, place } = job;
    dataOf(workflow.id)?.jobs.push({ jid, path, type, place, next });
  });
  const workflows = [...found].map(([id, one]) => shown(id, one));
  return { workflows, isComplete: isAll && tokens.queues.length === tokens.total };
}

function shown(id: string, { facts, jobs, joins }: WorkflowData): ShownWorkflow {
  const paths = (prefix: string) =>
    Object.keys(facts).filter((key) => key.startsWith(prefix)).map((key) =>
      key.slice(prefix.length)
    );
  const succeeded = paths(SUCCEEDED);
  const dead = paths(DEAD).filter((path) => !succeeded.includes(path));
  const isDead = dead.length > 0 || jobs.some(({ place }) => place === "dead");
  const { total } = facts;
  const stateOf = (path: string): WorkflowStep["state"] =>
    succeeded.includes(path) ? "succeeded" : jobs.find((job) => job.path === path)?.place ??
      (dead.includes(path) ? "failed" : "pending");
  const steps = Object.entries(objectOf(facts["steps"]))
    .map(([path, type]): WorkflowStep => ({ path, type: String(type), state: stateOf(path) }))
    .sort((a, b) => comparePaths(a.path, b.path));
  return {
    id,
    state: "ended" in facts ? "succeeded" : isDead ? "failed" : "running",
    total: typeof total === "number" ? total : undefined,
    succeeded,
    steps,
    jobs: jobs.sort((a, b) => comparePaths(a.path, b.path)),
    joins,
  };
}

/** Orders paths such as `0.2` and `0.10` by their numbers. */
function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split("."), b.split(".")];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = Number(left[i]) - Number(right[i]);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Returns true if the facts belong to the state of a workflow, and not to a join. */
function isState(facts: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(facts).some((key) =>
    key === "total" || key === "ended" || key.startsWith(SUCCEEDED) || key.startsWith(DEAD)
  );
}

/** Reads the tokens of a queue. */
async function factsIn(inspection: Inspection, queue: string): Promise<Record<string, unknown>> {
  const { jobs } = await inspection.jobs({ queue, limit: MAX_FOUND, maxArgs: 1_000_000 });
  const facts: Record<string, unknown> = {};
  for (const { args } of jobs) {
    try {
      Object.assign(facts, objectOf(objectOf(JSON.parse(args)[0])["facts"]));
    } catch {
      // A token with a large result is cut.
    }
  }
  return facts;
}

/** Calls back with each job of a workflow. Returns true if all jobs were searched. */
async function eachJob(
  source: Source,
  inspection: Inspection,
  id: string | undefined,
  visit: (job: ServerJob) => void,
): Promise<boolean> {
  // The search also finds other jobs with this word, which belong to no workflow.
  const text = id ?? "workflow";
  const { queues, total } = await source.queues({ order: "size", limit: MAX_QUEUES });
  const places: Pick<JobQuery, "set" | "queue">[] = [
    ...(["working", "retries", "dead", "scheduled"] as const).map((set) => ({ set })),
    ...queues.map(({ name }) => ({ queue: name })),
  ];
  let isAll = total <= MAX_QUEUES;
  let searched = 0;
  for (const place of places) {
    if (searched >= MAX_SEARCHED) return false;
    const page = await inspection.jobs({ ...place, text, limit: MAX_FOUND, maxArgs: 0 });
    page.jobs.forEach(visit);
    searched += page.searched;
    if (page.next !== undefined) isAll = false;
  }
  return isAll;
}

/** Describes what follows a job. */
function nextOf(then: unknown, depth = 0): string {
  const { plan, tokens, step, then: after } = objectOf(then);
  if (depth > 20) return "…";
  const rest = plan === undefined ? "" : nextOf(after, depth + 1);
  const next = plan !== undefined
    ? planText(plan)
    : tokens === undefined
    ? ""
    : `join${withArrow(nextOf(objectOf(step)["then"], depth + 1))}`;
  return next + withArrow(rest);
}

function withArrow(text: string): string {
  return text === "" ? "" : ` → ${text}`;
}

function planText(plan: unknown, depth = 0): string {
  const { job, chain, join } = objectOf(plan);
  if (depth > 20) return "…";
  if (Array.isArray(chain)) return chain.map((one) => planText(one, depth + 1)).join(" → ");
  if (Array.isArray(join)) {
    const parts = join.slice(0, 5).map((one) => planText(one, depth + 1));
    return `(${parts.join(", ")}${join.length > 5 ? `, ${join.length - 5} more` : ""})`;
  }
  return String(objectOf(job)["type"] ?? "?").slice(0, 80);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
