import type { PlantedFault } from "./fault.ts";

/** Faults of unique and expiring jobs, batches and cancelled jobs. */
export const enterpriseFaults: readonly PlantedFault[] = [
  {
    name: "a job is accepted although another one holds its lock",
    file: "src/server/enterprise/unique.ts",
    find: "if (this.#locks.get(keyOf(job)) !== undefined) {",
    replace: 'if (keyOf(job) === "") {',
  },
  {
    name: "a lock stays after its job has succeeded",
    file: "src/server/enterprise/enterprise.ts",
    find: "this.#unique.succeeded(job);",
    replace: "",
  },
  {
    name: "an expired job is handed out",
    file: "src/server/enterprise/enterprise.ts",
    find: "if (isExpired(job, this.#clock.now())) return false;",
    replace: "",
  },
  {
    name: "a batch counts each succeeded job twice",
    file: "src/server/enterprise/batches.ts",
    find: "batch.pending = Math.max(batch.pending - 1, 0);",
    replace: "batch.pending = Math.max(batch.pending - 2, 0);",
  },
  {
    name: "a callback of a batch is enqueued at every change",
    file: "src/server/enterprise/batches.ts",
    find: 'if (name !== undefined) batch.states[name] = "1";',
    replace: "",
  },
  {
    name: "a job of a batch is not counted",
    file: "src/server/enterprise/batches.ts",
    find: "batch.total++;\n    batch.pending++;",
    replace: "batch.total++;",
  },
  {
    name: "a running job is not cancelled",
    file: "src/consumer/session/cancellations.ts",
    find: "for (const run of this.#running()) if (this.has(run.jid)) this.cancel(run);",
    replace: "",
    hiddenBy: "jobs are cancelled while there are faults, which excuse a run that goes on",
  },
  {
    name: "a cancelled job starts",
    file: "src/consumer/run/job_runs.ts",
    find: "if (cancellations?.has(job.jid) === true) return cancellations.cancel(run);",
    replace: "",
  },
];
