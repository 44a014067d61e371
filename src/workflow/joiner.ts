import { systemClock } from "../internal/clock.ts";
import type { Producer } from "../producer/producer.ts";
import { advancing, JOIN, type JoinJob, pushThem, STARTED } from "./advance.ts";
import { serverTime } from "../protocol/server_info.ts";
import { dropTokens, type Facts, ownJob, pushAll, takeTokens, tokenOf } from "./tokens.ts";

/** The fact that the node after a join was started. */
const DONE = "done";

/** The fact that there is a check of the join. */
const CHECKED = "checked";

/** Seconds until the first check. The waits between them double. */
const FIRST_CHECK_SECONDS = 60;
const LAST_CHECK_SECONDS = 600;

/**
 * Seconds for which it is kept that a join is done. A part that runs once more in that time does
 * not begin the join anew, and tokens that a program held when it died come back.
 */
const DONE_SECONDS = 7200;

/**
 * Checks in a row without the fact that the join was started, after which its tokens are dropped.
 */
const MAX_MISSES = 10;

/** Checks after which a join that never got complete is given up: thirty days. */
const MAX_CHECKS = 30 * 86_400 / LAST_CHECK_SECONDS;

/**
 * Times that a join is looked at in a row because other programs have put tokens there meanwhile.
 */
const MAX_LOOKS = 10;

/** What is known of a join. */
interface Found {
  /** `over`: its tokens are dropped. */
  readonly state: "waits" | "done" | "over";
  readonly isStarted: boolean;
}

/** Runs a job that unites the tokens of a join; `queue` is that of the job. */
export async function unite(producer: Producer, job: JoinJob, queue: string): Promise<void> {
  const { everySeconds, misses = 0, checks = 0 } = job;
  const mayEnd = job.isDone === true || misses >= MAX_MISSES || checks >= MAX_CHECKS;
  const { state, isStarted } = await look(producer, job, { queue, mayEnd });
  if (everySeconds === undefined || state === "over") return;
  const isDone = job.isDone === true || state === "done";
  await pushCheck(producer, {
    ...job,
    isDone,
    misses: isStarted ? 0 : misses + 1,
    checks: checks + 1,
    everySeconds: isDone ? DONE_SECONDS : Math.min(everySeconds * 2, LAST_CHECK_SECONDS),
  }, queue);
}

/**
 * Unites the tokens of a join, and starts the next node if all parts are there. Facts are removed
 * only after they were pushed elsewhere, so the program may die at any point.
 */
async function look(
  producer: Producer,
  job: JoinJob,
  { queue, mayEnd }: { readonly queue: string; readonly mayEnd: boolean },
): Promise<Found> {
  const { tokens } = job;
  for (let looks = 1;; looks++) {
    const held = await takeTokens(producer, tokens, mayEnd);
    const { facts } = held;
    const [isStarted, wasDone] = [STARTED in facts, DONE in facts];
    const values = wasDone ? undefined : valuesIn(facts, job.of);
    const isLate = job.checks !== undefined && job.checks >= MAX_CHECKS;
    if (mayEnd && values === undefined && (wasDone || !isStarted || isLate)) {
      await dropTokens(producer, held);
      if (await sizeOf(producer, tokens) === 0) await producer.queues.remove(tokens);
      return { state: "over", isStarted };
    }
    if (held.jids.length === 0) {
      if (await isAlone(producer, tokens, 0) || looks === MAX_LOOKS) {
        return { state: "waits", isStarted };
      }
      continue;
    }
    // Before the next node starts: a check removes what is left of the join, whatever dies here.
    if (!(CHECKED in facts)) {
      await pushCheck(producer, { ...job, everySeconds: FIRST_CHECK_SECONDS }, queue);
    }
    if (values !== undefined) {
      await pushThem(producer, advancing(job.step, { value: values, results: values }, queue));
    }
    const isDone = wasDone || values !== undefined;
    const left = isDone ? { [DONE]: true, [CHECKED]: true } : { ...facts, [CHECKED]: true };
    await pushAll(producer, [tokenOf(tokens, left)]);
    await dropTokens(producer, held);
    if (isDone) return { state: "done", isStarted };
    // Of the programs that put tokens back at the same time, the last one sees those of all others
    // here.
    if (await isAlone(producer, tokens, 1) || looks === MAX_LOOKS) {
      return { state: "waits", isStarted };
    }
  }
}

/**
 * Whether there are no more than so many tokens. If there are, it takes a random time to say so: of
 * two programs in step, each would take one token and put it back for ever.
 */
async function isAlone(producer: Producer, queue: string, most: number): Promise<boolean> {
  let size = await sizeOf(producer, queue);
  for (let trips = Math.floor(Math.random() * 8); trips > 0 && size > most; trips--) {
    size = await sizeOf(producer, queue);
  }
  return size <= most;
}

async function sizeOf(producer: Producer, queue: string): Promise<number> {
  return (await producer.info()).queues[queue] ?? 0;
}

/** Pushes a check of a join, `everySeconds` from now by the server's clock. */
async function pushCheck(producer: Producer, check: JoinJob, queue: string): Promise<void> {
  const { raw } = await producer.info();
  const at = new Date(serverTime(raw, systemClock.now()) + check.everySeconds! * 1000)
    .toISOString();
  const own = { jobtype: JOIN, args: [check], queue, retry: 25, at };
  await pushAll(producer, [ownJob({ jid: `${check.tokens}.check`, ...own })]);
}

/** The values of all parts in their order; `undefined` while one is missing. */
function valuesIn(facts: Facts, of: number): unknown[] | undefined {
  const values: unknown[] = [];
  for (let index = 0; index < of; index++) {
    if (!(index in facts)) return undefined;
    values.push(facts[index]);
  }
  return values;
}
