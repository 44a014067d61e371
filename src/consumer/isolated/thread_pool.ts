import { onAbort } from "../../internal/aborts.ts";
import { StateError } from "../../errors.ts";
import type { Clock } from "../../internal/clock.ts";
import { Fifo } from "../../internal/fifo.ts";
import { messageOf } from "./errors.ts";
import { ThreadRun } from "./thread_run.ts";
import { Thread, type WorkerThreads } from "./thread.ts";
import type { IsolatedContext, IsolatedJob } from "./types.ts";

/** Settings of a thread pool. */
export interface PoolSettings {
  /** The module that the threads load. */
  readonly url: string;
  readonly threads: number;
  readonly terminateAfterMs: number;
  readonly workerThreads: WorkerThreads;
  readonly clock: Clock;
}

/**
 * A pool of threads, which start when they are needed, and a queue of the runs that wait for one.
 */
export class ThreadPool {
  readonly #settings: PoolSettings;
  /** Includes threads that are terminating: a thread counts until it has ended. */
  readonly #threads = new Set<Thread>();
  readonly #waiting = new Fifo<ThreadRun>();

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** Runs a job. Rejects with the job's error, or with the signal's reason. */
  async run(job: IsolatedJob, context: IsolatedContext): Promise<unknown> {
    const { signal } = context;
    signal.throwIfAborted();
    const run = new ThreadRun(job, context);
    let cancel = () => {};
    const removeListener = onAbort(signal, () => cancel = this.#abort(run, signal.reason));
    this.#waiting.push(run);
    this.#startWaiting();
    try {
      return await run.ended;
    } finally {
      removeListener();
      cancel();
    }
  }

  /** Terminates all threads. Running and waiting jobs reject. The pool can be used again. */
  async close(): Promise<void> {
    for (const run of this.#waiting.drain()) run.reject(closedError(run));
    const threads = [...this.#threads];
    await Promise.all(threads.map((thread) => thread.close(closedError(thread.running))));
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#free();
      if (thread === undefined) return;
      thread.start(this.#waiting.shift() as ThreadRun);
    }
  }

  #free(): Thread | undefined {
    for (const thread of this.#threads) {
      if (thread.isFree) return thread;
    }
    return this.#threads.size < this.#settings.threads ? this.#make() : undefined;
  }

  #make(): Thread | undefined {
    const { workerThreads, url } = this.#settings;
    try {
      const thread = new Thread(workerThreads, url, (changed) => this.#changed(changed));
      this.#threads.add(thread);
      return thread;
    } catch (error) {
      const reason = `Cannot run jobs as no thread could be started: ${messageOf(error)}`;
      for (const run of this.#waiting.drain()) {
        run.reject(new StateError("THREAD_DIED", reason, { cause: error }));
      }
      return undefined;
    }
  }

  #changed(thread: Thread): void {
    if (thread.hasEnded) this.#threads.delete(thread);
    this.#startWaiting();
  }

  /**
   * Aborts a run, and terminates its thread if it does not end in time. Returns a function that
   * cancels the termination.
   */
  #abort(run: ThreadRun, reason: unknown): () => void {
    const thread = [...this.#threads].find(({ running }) => running === run);
    if (thread === undefined) {
      this.#waiting.removeWhere((other) => other === run);
      run.reject(reason);
      return () => {};
    }
    thread.abort(reason);
    const { clock, terminateAfterMs } = this.#settings;
    return clock.after(terminateAfterMs, () => {
      if (thread.running === run) void thread.close(reason);
    });
  }
}

function closedError(run: ThreadRun | undefined): StateError {
  const jid = run === undefined ? "" : ` ${run.job.jid}`;
  return new StateError("CLOSED", `Cannot complete job${jid} as its threads were closed`);
}
