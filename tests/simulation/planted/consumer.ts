import type { PlantedFault } from "./fault.ts";

/** Faults of consumers. */
export const consumerFaults: readonly PlantedFault[] = [
  {
    name: "one ACK of 2000 is forgotten",
    file: "src/consumer/run/reporter.ts",
    find: "this.#begin(finished, { command: acknowledge(finished.jid) });",
    replace:
      "if (Math.random() > 5e-4) this.#begin(finished, { command: acknowledge(finished.jid) });",
  },
  {
    name: "one result of 1000 is reported twice",
    file: "src/consumer/run/reporter.ts",
    find: "this.#begin(finished, { command: acknowledge(finished.jid) });",
    replace:
      "for (let n = Math.random() < 1e-3 ? 2 : 1; n > 0; n--) {\n      this.#begin(finished, { command: acknowledge(finished.jid) });\n    }",
  },
  {
    name: "one failed job of 20 is acknowledged",
    file: "src/consumer/run/job_run.ts",
    find: "    this.#failed(error);\n  }\n\n  #done()",
    replace:
      "    if (Math.random() < 0.05) this.#done();\n    else this.#failed(error);\n  }\n\n  #done()",
  },
  {
    name: "a run keeps its slot if its result was settled before",
    file: "src/consumer/run/job_run.ts",
    find: "  #ended(failure: Failure | undefined): void {\n    this.#free();",
    replace:
      "  #ended(failure: Failure | undefined): void {\n    if (!this.isSettled) this.#free();",
  },
  {
    name: "an empty FETCH notifies nobody",
    file: "src/consumer/fetch/fetcher.ts",
    find:
      "this.#limits.foundNothing(request, this.#runs.size === 0);\n    this.#context.advance();",
    replace: "this.#limits.foundNothing(request, this.#runs.size === 0);",
  },
  {
    name: "a refused FETCH notifies nobody",
    file: "src/consumer/fetch/fetcher.ts",
    find: "this.#pauseConnection(connection, PAUSE_MS);\n    }\n    this.#context.advance();",
    replace: "this.#pauseConnection(connection, PAUSE_MS);\n    }",
  },
  {
    name: "a lost FETCH stays in the count of those in flight",
    file: "src/consumer/fetch/fetcher.ts",
    find: "this.lastError = error;\n    this.#end(fetch);",
    replace: "this.lastError = error;",
  },
  {
    name: "more jobs are fetched than can run",
    file: "src/consumer/fetch/fetcher.ts",
    find: "let wanted = this.#runs.wanted - this.#inFlight;",
    replace: "let wanted = this.#runs.wanted;",
  },
  {
    name: "a FETCH is sent after the stop",
    file: "src/consumer/fetch/fetcher.ts",
    find: "return this.#fetcher.isOver;",
    replace: "return false;",
  },
  {
    name: "the end of a reservation is not noticed",
    file: "src/consumer/run/reservations.ts",
    find: "if (item.deadline < due) item.expire();",
    replace: "if (item.deadline < due - 1e9) item.expire();",
  },
  {
    name: "a result is reported after its reservation ended",
    file: "src/consumer/run/reporter.ts",
    find: "this.notAfter = step.notAfter ?? finished.deadline;",
    replace: "this.notAfter = Infinity;",
  },
  {
    name: "a job that ran for too long is reported as well",
    file: "src/consumer/run/job_run.ts",
    find: '    this.isSettled = true;\n    this.#slots.session.events.emit("expired", { job });',
    replace: '    this.#slots.session.events.emit("expired", { job });',
  },
  {
    name: "a reservation is counted from the moment its job was read",
    file: "src/consumer/run/job_runs.ts",
    find: "const deadline = askedAt + seconds * 1000 - MARGIN_MS;",
    replace: "const deadline = monotonic.now() + seconds * 1000;",
  },
  {
    name: "a requeued job is acknowledged and not enqueued",
    file: "src/consumer/run/reporter.ts",
    find: "command: push(encodeRequeuedJob(job, at, { failure: next, custom, queue })),",
    replace: "command: acknowledge(jid),",
  },
  {
    name: "a requeued job is enqueued and not acknowledged",
    file: "src/consumer/run/reporter.ts",
    find: "done: { command: acknowledge(jid), notAfter },",
    replace: "",
  },
  {
    name: "a requeued job is acknowledged after it may run elsewhere",
    file: "src/consumer/run/reporter.ts",
    find: "const notAfter = Math.min(deadline, monotonic.now() + waitMs);",
    replace: "const notAfter = deadline;",
  },
  {
    name: "a limit lets one more job run",
    file: "src/consumer/fetch/limit.ts",
    find: "if (this.#running + this.#pending >= this.#concurrency) return false;",
    replace: "if (this.#running + this.#pending > this.#concurrency) return false;",
  },
  {
    name: "a quiet worker fetches",
    file: "src/consumer/session/session.ts",
    find: 'enterPhase(this.#context, "quiet");',
    replace: "",
  },
  {
    name: "a stop waits for its handlers without a limit",
    file: "src/consumer/session/stop_sequence.ts",
    find: 'phase === "draining" ? this.#graceMs : boundMs,',
    replace: 'phase === "draining" ? 1e9 : boundMs,',
  },
  {
    name: "a stop waits for the server without a limit",
    file: "src/consumer/session/stop_phases.ts",
    find: "maxMs: 2100,",
    replace: "maxMs: 1e9,",
  },
  {
    name: "a stop does not release the jobs of running handlers",
    file: "src/consumer/session/stop_sequence.ts",
    find: "this.#parts.runs.release(this.crash);",
    replace: "",
  },
  {
    name: "a stop leaves its FETCHes unanswered",
    file: "src/consumer/session/stop_sequence.ts",
    find: "return fetcher.inFlight > 0;",
    replace: "return false;",
  },
  {
    name: "a stop does not wait for its reports",
    file: "src/consumer/session/stop_sequence.ts",
    find: "return reporter.inFlight > 0 || (cancellations?.inFlight ?? 0) > 0;",
    replace: "return false;",
  },
  {
    name: "a stop leaves the timer of the heartbeat",
    file: "src/consumer/session/stop_sequence.ts",
    find: "heartbeat.close();",
    replace: "",
  },
  {
    name: "a stop leaves the connections of its FETCHes open",
    file: "src/consumer/fetch/fetch_connections.ts",
    find: "await this.#group.end();",
    replace: "",
  },
  {
    name: "a stop never ends",
    file: "src/consumer/session/stop_sequence.ts",
    find: "this.#cancelTimer?.();\n        this.#ended.resolve();",
    replace: "this.#cancelTimer?.();",
  },
  {
    name: "a job that arrives during a stop is neither run nor released",
    file: "src/consumer/run/job_runs.ts",
    find: "if (isRetried(job)) return run.release();",
    replace: "if (isRetried(job)) return;",
  },
  {
    name: "a worker that the server forgot does not register again",
    file: "src/consumer/session/heartbeat.ts",
    find:
      "if (error instanceof UnknownWorkerError) this.#context.connections.commands.renew(error);",
    replace: "",
    hiddenBy: "this server closes the connections of a worker that it forgets",
  },
  {
    name: "a worker sends only one heartbeat",
    file: "src/consumer/session/heartbeat.ts",
    find: "this.#cancelTimer = this.#next();\n      this.beat();",
    replace: "this.beat();",
  },
  {
    name: "a worker ignores the server's signal to stop",
    file: "src/consumer/session/session.ts",
    find: 'else this.stop(DEFAULT_GRACE_MS, "server");',
    replace: "",
  },
  {
    name: "a resumable job continues one cursor too late",
    file: "src/consumer/resumable/resumable.ts",
    find: "if (isStopping() || clock.now() >= hopAt) return hop(reached.cursor);",
    replace:
      'if (isStopping() || clock.now() >= hopAt) {\n        const { cursor } = reached;\n        return hop(typeof cursor === "number" ? cursor + 1 : cursor);\n      }',
  },
];
