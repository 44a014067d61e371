import type { Producer } from "../producer/producer.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import { CHECKED, pushesAfter, sendPushes, STARTED } from "./pushes.ts";
import { checkJob, FIRST_CHECK_SECONDS, type JoinJob } from "./join_job.ts";
import { dropTokens, type Facts, pushAll, removeTokens, takeTokens, tokenOf } from "./tokens.ts";

/** Key of the fact that the node after a join was started. */
const DONE = "done";

/** Longest delay between two checks, in seconds. Each delay is twice the one before. */
const LAST_CHECK_SECONDS = 600;

/**
 * Time for which the fact that a join is done is kept, in seconds. If a part runs again in that
 * time, it does not start the join again, and tokens that a crashed program held come back.
 */
const DONE_SECONDS = 7200;

/**
 * Number of consecutive checks that did not find the fact {@linkcode STARTED}, after which the
 * tokens are dropped.
 */
const MAX_MISSES = 10;

/** Number of checks after which an incomplete join is given up: thirty days. */
const MAX_CHECKS = 30 * 86_400 / LAST_CHECK_SECONDS;

/** Maximum number of attempts to collect the tokens while other programs add tokens. */
const MAX_ATTEMPTS = 10;

/** The state of a join. */
interface JoinState {
  /** `waits` for parts; `done`; or `over`: nobody waits for it, and its tokens are dropped. */
  readonly state: "waits" | "done" | "over";
  readonly isStarted: boolean;
  /** True if there was no token, because other programs have them. */
  readonly isEmpty?: boolean;
  /** The last reply to INFO, if no command was sent after it. */
  readonly info?: ServerInfo;
}

/** Runs a job that collects the tokens of a join. `queue` is the queue of the job. */
export async function runJoin(producer: Producer, job: JoinJob, queue: string): Promise<void> {
  const { everySeconds, misses = 0, checks = 0 } = job;
  // Without a look at the tokens, so that no other check waits for a mark that this one removes.
  if (job.isDone === true) return await removeTokens(producer, job.tokens);
  const mayEnd = misses >= MAX_MISSES || checks >= MAX_CHECKS;
  const { state, isStarted, ...found } = await collect(producer, job, { queue, mayEnd });
  if (state === "over") return;
  if (everySeconds === undefined) {
    // If the programs that have the tokens crash, the tokens come back when this job has ended.
    // Only a check can find them then.
    if (found.isEmpty) await pushCheck(producer, job, { queue, info: found.info });
    return;
  }
  const isDone = state === "done";
  const next = {
    ...job,
    isDone,
    misses: isStarted ? 0 : misses + 1,
    checks: checks + 1,
    everySeconds: isDone ? DONE_SECONDS : Math.min(everySeconds * 2, LAST_CHECK_SECONDS),
  };
  await pushCheck(producer, next, { queue, info: found.info });
}

/** Schedules a check of a join. `info` is a fresh reply to INFO, if there is one. */
async function pushCheck(
  producer: Producer,
  { everySeconds = FIRST_CHECK_SECONDS, ...job }: JoinJob,
  { queue, info }: { readonly queue: string; readonly info?: ServerInfo | undefined },
): Promise<void> {
  const check = { ...job, everySeconds };
  await pushAll(producer, [checkJob(check, { queue, info: info ?? await producer.info() })]);
}

/**
 * Collects the tokens of a join, and starts the next node if all parts are done. Facts are removed
 * only after they were pushed elsewhere, so the program may crash at any point.
 */
async function collect(
  producer: Producer,
  job: JoinJob,
  { queue, mayEnd }: { readonly queue: string; readonly mayEnd: boolean },
): Promise<JoinState> {
  const { tokens } = job;
  for (let attempts = 1;; attempts++) {
    const taken = await takeTokens(producer, tokens);
    const { facts, isCut } = taken;
    const isLast = isCut || attempts === MAX_ATTEMPTS;
    const [isStarted, wasDone] = [STARTED in facts, DONE in facts];
    const values = wasDone ? undefined : valuesIn(facts, job.of);
    const isLate = job.checks !== undefined && job.checks >= MAX_CHECKS;
    if (mayEnd && !isCut && values === undefined && (wasDone || !isStarted || isLate)) {
      await dropTokens(producer, taken);
      const { queues } = await producer.info();
      if ((queues[tokens] ?? 0) === 0) await removeTokens(producer, tokens);
      return { state: "over", isStarted };
    }
    if (taken.jids.length === 0) {
      const { isAlone, info } = await countTokens(producer, tokens, 0);
      if (isAlone || isLast) {
        return { state: "waits", isStarted, isEmpty: true, info };
      }
      continue;
    }
    // Pushed before the next node starts, so that the check removes the join after any crash.
    if (!(CHECKED in facts)) {
      await pushCheck(producer, { ...job, everySeconds: FIRST_CHECK_SECONDS }, { queue });
    }
    if (values !== undefined) {
      const next = pushesAfter(job.step, { value: values, results: values }, { queue });
      await sendPushes(producer, next, queue);
    }
    const isDone = wasDone || values !== undefined;
    const remaining = isDone ? { [DONE]: true, [CHECKED]: true } : { ...facts, [CHECKED]: true };
    await pushAll(producer, [tokenOf(tokens, remaining)]);
    await dropTokens(producer, taken);
    if (isDone) return { state: "done", isStarted };
    // If several programs put tokens back at the same time, the last one sees the tokens of all
    // others here.
    const { isAlone, info } = await countTokens(producer, tokens, 1);
    if (isAlone || isLast) return { state: "waits", isStarted, info };
  }
}

/**
 * Counts the tokens of a queue. If it has more than `most`, the answer takes a random time:
 * otherwise two programs with the same timing would take tokens and put them back forever.
 */
async function countTokens(
  producer: Producer,
  queue: string,
  most: number,
): Promise<{ readonly isAlone: boolean; readonly info: ServerInfo }> {
  let trips = Math.floor(Math.random() * 8);
  while (true) {
    const info = await producer.info();
    const isAlone = (info.queues[queue] ?? 0) <= most;
    if (isAlone || trips-- === 0) return { isAlone, info };
  }
}

/** Returns the values of all parts in order; `undefined` if one is missing. */
function valuesIn(facts: Facts, of: number): unknown[] | undefined {
  const values: unknown[] = [];
  for (let index = 0; index < of; index++) {
    if (!(index in facts)) return undefined;
    values.push(facts[index]);
  }
  return values;
}
