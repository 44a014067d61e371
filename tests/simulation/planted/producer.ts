import type { PlantedFault } from "./fault.ts";

/** Faults of producers. */
export const producerFaults: readonly PlantedFault[] = [
  {
    name: "a job of a PUSHB that was refused counts as enqueued",
    file: "src/producer/push_request.ts",
    find: "if (reason === undefined) {",
    replace: "if (reason === undefined || jids.length > 1) {",
  },
  {
    name: "a refusal goes to the caller of the previous job",
    file: "src/producer/push_request.ts",
    find: "listeners[i]!.failed(jid, serverError(reason));",
    replace: "listeners[Math.max(0, i - 1)]!.failed(jid, serverError(reason));",
  },
  {
    name: "the first job of the second part of a bulk is left out",
    file: "src/producer/bulk_queue.ts",
    find: "return this.#jobs.part(from, this.#taken);",
    replace: "return this.#jobs.part(from === 0 ? 0 : from + 1, this.#taken);",
  },
  {
    name: "the last job of a large batch is sent twice",
    file: "src/producer/bulk_queue.ts",
    find: "const from = this.#taken;",
    replace: "const from = Math.max(0, this.#taken - 1);",
  },
  {
    name: "jobs that arrive while others are offered are forgotten",
    file: "src/producer/bulk_queue.ts",
    find: "this.#isCheckScheduled = false;",
    replace: "",
  },
  {
    name: "a jid is made twice",
    file: "src/job/jid.ts",
    find: "return prefix + suffixes[nextSuffix++]!;",
    replace: "return prefix + suffixes[nextSuffix++ % 100]!;",
  },
  {
    name: "closing does not wait for calls in flight",
    file: "src/producer/closing.ts",
    find: "await pendingCalls.none();\n    if (isOwner) await pool.drained();",
    replace: "",
  },
  {
    name: "closing has no time limit",
    file: "src/producer/closing.ts",
    find: "this.#parts.clock.after(ms, () => this.#expired.resolve());",
    replace: "() => {};",
    hiddenBy: "in other worlds: noticed with seed 58",
  },
  {
    name: "a failed job of enqueueMany stays in the in-flight window",
    file: "src/producer/enqueue_many.ts",
    find: "if (error instanceof ConnectionLostError) this.#lost(error);\n    this.#window.end();",
    replace:
      "if (error instanceof ConnectionLostError) this.#lost(error);\n    else this.#window.end();",
  },
];
