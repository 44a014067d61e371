import { InvalidArgumentError } from "../../errors.ts";
import type { JobEntry, SetName } from "../job_set.ts";
import type { Manager } from "../manager.ts";
import { type Change, changeEntry, changeJobs, CHANGES } from "../mutate.ts";
import { copyPayload } from "../payload.ts";
import type { Work } from "../slices.ts";
import type { CheckedSelection } from "./check.ts";
import { type Filter, matcher } from "./match.ts";

/** Jobs read between two yields. */
const AT_ONCE = 256;

/**
 * Changes the selected jobs. Returns their number.
 *
 * @throws {InvalidArgumentError} `INVALID_FILTER` if jobs of a queue are requeued.
 */
export function* changeSelected(
  manager: Manager,
  action: string,
  { sets, queue, filter, jids }: CheckedSelection,
): Work<number> {
  const change = CHANGES.get(action)!;
  if (queue !== undefined && action === "requeue") {
    throw new InvalidArgumentError(
      "INVALID_FILTER",
      "Cannot retry jobs of a queue as they already wait to run",
    );
  }
  let count = 0;
  if (queue !== undefined) return yield* changeQueued(manager, change, queue, jids!);
  if (jids === undefined) {
    const matches = matcher(filter) ?? (() => true);
    for (const set of sets) count += yield* changeJobs(manager, { set, change, matches });
    return count;
  }
  for (const found of withJids(manager, jids, sets, filter)) {
    for (const { set, entry } of found) changeEntry(manager, { set, change, entry });
    count += found.length;
    yield;
  }
  return count;
}

/** Counts the selected jobs. */
export function* countSelected(
  manager: Manager,
  { sets, queue, filter, jids }: CheckedSelection,
): Work<number> {
  let count = 0;
  if (queue !== undefined) {
    const wanted = [...new Set(jids)];
    const matches = matcher({ jids: wanted })!;
    return (yield* manager.queues.search(queue, matches, wanted.length)).length;
  }
  if (jids !== undefined) {
    for (const found of withJids(manager, jids, sets, filter)) {
      count += found.length;
      yield;
    }
    return count;
  }
  const matches = matcher(filter);
  for (const name of sets) {
    const set = manager.sets[name];
    if (matches === undefined) {
      count += set.size;
      continue;
    }
    for (const { entries } of set.parts(AT_ONCE)) {
      for (const { value } of entries) if (matches(value)) count++;
      yield;
    }
  }
  return count;
}

/** Yields, for each id, its jobs in these sets. */
function* withJids(
  manager: Manager,
  jids: readonly string[],
  sets: readonly SetName[],
  filter: Filter,
): Generator<{ readonly set: SetName; readonly entry: JobEntry }[]> {
  const matches = matcher(filter) ?? (() => true);
  for (const jid of new Set(jids)) {
    yield sets.flatMap((set) =>
      manager.sets[set].withJid(jid)
        .filter(({ value }) => matches(value))
        .map((entry) => ({ set, entry }))
    );
  }
}

/** Takes jobs out of a queue, then changes them. */
function* changeQueued(
  manager: Manager,
  change: Change,
  queue: string,
  jids: readonly string[],
): Work<number> {
  const { queues } = manager;
  let count = 0;
  const wanted = [...new Set(jids)];
  const found = yield* queues.search(queue, matcher({ jids: wanted })!, wanted.length);
  for (const { row, payload } of found) {
    if (!queues.drop(queue, row)) continue;
    change.run(manager, copyPayload(payload));
    count++;
  }
  return count;
}
