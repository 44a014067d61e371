import type { PlantedFault } from "./fault.ts";

/** Faults of the embedded server. */
export const serverFaults: readonly PlantedFault[] = [
  {
    name: "a job that a waiting FETCH takes is queued as well",
    file: "src/server/queues.ts",
    find: "for (const waiter of waiters) return waiter.take({ row, payload, isStored: false });",
    replace:
      "for (const waiter of waiters) {\n        waiter.take({ row, payload, isStored: false });\n        break;\n      }",
  },
  {
    name: "a FETCH that has waited long enough may still get a job",
    file: "src/server/fetches.ts",
    find: "this.#queues.stopWaiting(active, waiter);",
    replace: "",
  },
  {
    name: "a paused queue is served",
    file: "src/server/queues.ts",
    find:
      "return this.#paused.size === 0 ? names : names.filter((name) => !this.#paused.has(name));",
    replace: "return names;",
  },
  {
    name: "an acknowledged job stays in the working set",
    file: "src/server/manager.ts",
    find: "this.#removeFromWorking(reservation);\n    this.counters.processed++;",
    replace: "this.counters.processed++;",
  },
  {
    name: "an acknowledged job can be acknowledged again",
    file: "src/server/reservations.ts",
    find:
      "this.#slots[slot] = undefined;\n    this.#empty.push(slot);\n    this.#byJid.remove(hash, slot);",
    replace: "",
  },
  {
    name: "the index of reservations keeps a jid that is gone",
    file: "src/server/reservations.ts",
    find: "this.#byJid.remove(hash, slot);",
    replace: "",
  },
  {
    name: "expired reservations are not noticed",
    file: "src/server/tasks.ts",
    find: 'task("Busy", 15, () => manager.reap()),',
    replace: "",
  },
  {
    name: "scheduled jobs stay in their set",
    file: "src/server/tasks.ts",
    find: 'task("Scheduled", 5, () => manager.enqueueDue("scheduled")),',
    replace: "",
  },
  {
    name: "one of 100 jobs that are due together is lost",
    file: "src/server/due.ts",
    find: "for (const value of set.takeUntil(now, atOnce)) {",
    replace: "for (const value of set.takeUntil(now, atOnce).slice(0, atOnce - 1)) {",
  },
  {
    name: "the retries of a job are not counted",
    file: "src/server/failure.ts",
    find: "before === undefined ? 0 : plus(before.retry_count, 1)",
    replace: "before === undefined ? 0 : before.retry_count",
  },
  {
    name: "a job has one retry less",
    file: "src/server/manager.ts",
    find: "if (record.retry_count < job.retry) {",
    replace: "if (record.retry_count < job.retry - 1) {",
  },
  {
    name: "a job without retries is retried",
    file: "src/server/manager.ts",
    find: 'if (job.retry === 0) return "nowhere";',
    replace: "",
  },
  {
    name: "a job that failed for the last time is dropped",
    file: "src/server/manager.ts",
    find: "this.moveToDead(copyPayload(writeJob(job)));",
    replace: "",
  },
  {
    name: "a failed job stays with its worker",
    file: "src/server/manager.ts",
    find: "if (this.#removeFromWorking(reservation)) this.#failed(",
    replace: "this.#failed(",
  },
  {
    name: "reservations are ten times too short",
    file: "src/server/reservation.ts",
    find: ": Math.min(Math.max(reserve_for, MIN_RESERVATION), MAX_RESERVATION) * 1000;",
    replace: ": Math.min(Math.max(reserve_for, MIN_RESERVATION), MAX_RESERVATION) * 100;",
  },
  {
    name: "a scheduled job runs a minute early",
    file: "src/server/manager.ts",
    find: "const isLater = at !== undefined && at > this.#clock.now();",
    replace: "const isLater = at !== undefined && at > this.#clock.now() + 60_000;",
  },
  {
    name: "a sorted set removes the member after the right one",
    file: "src/server/sorted_set.ts",
    find: "part.splice(firstNotBefore(part, entry), 1);",
    replace: "part.splice(Math.min(firstNotBefore(part, entry) + 1, part.length - 1), 1);",
  },
  {
    name: "a queue loses a part of itself when it grows",
    file: "src/server/job_queue.ts",
    find: "if (tail !== undefined) this.#full.push(tail);",
    replace: "",
  },
  {
    name: "a queue gives its last job twice",
    file: "src/server/job_queue.ts",
    find: "const row = part.rows[part.start++];",
    replace: "const row = part.rows[this.#length === 1 ? part.start : part.start++];",
  },
  {
    name: "a PUSHB does not report an invalid job",
    file: "src/server/commands.ts",
    find: 'return count === 0 ? "$2\\r\\n{}\\r\\n" : bulk(marshal(refused));',
    replace: 'return "$2\\r\\n{}\\r\\n";',
  },
  {
    name: "a FETCH waits for a client that has left",
    file: "src/server/connection.ts",
    find: "this.#client.isGone = true;\n    this.#client.endWait?.();",
    replace: "this.#client.isGone = true;",
  },
  {
    name: "replies of a connection change their order",
    file: "src/server/connection.ts",
    find: "      if (reply instanceof Promise) {\n        this.#isBlocked = true;",
    replace: "      if (reply instanceof Promise) {",
    hiddenBy: "in other worlds: noticed with seed 36",
  },
  {
    name: "a quiet worker gets jobs",
    file: "src/server/commands.ts",
    find: 'if (client.state !== "running") return sleep(client).then(() => NIL);',
    replace: "",
    hiddenBy: "a worker may get jobs until a heartbeat tells it to go quiet",
  },
  {
    name: "a requeued job is lost",
    file: "src/server/manager.ts",
    find: "this.queues.push(readStored(payload).queue, payload);",
    replace: "readStored(payload);",
  },
  {
    name: "a row of the arena is given to two jobs",
    file: "src/server/job_arena.ts",
    find: "this.#free = this.#starts.get(row);",
    replace: "if (this.#live % 101 !== 0) this.#free = this.#starts.get(row);",
  },
];
