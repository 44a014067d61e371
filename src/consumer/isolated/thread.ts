import { StateError } from "../../errors.ts";
import { mayReadAllVariables } from "../../internal/environment.ts";
import { createJid } from "../../job/jid.ts";
import { bootText } from "./boot.ts";
import { errorToSend, messageOf, receivedError, threadDied, unusable } from "./errors.ts";
import type { FromThread, ToThread } from "./messages.ts";
import { plainJob, type ThreadRun } from "./thread_run.ts";

/** The part of a `Worker` of `node:worker_threads` that is used here. */
export interface WorkerLike {
  on(event: string, listener: (detail: unknown) => void): unknown;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** The part of `node:worker_threads` that is used here. */
export interface WorkerThreads {
  readonly Worker: new (
    code: string,
    options: { readonly eval: true; readonly workerData: unknown; readonly env?: symbol },
  ) => WorkerLike;
  readonly SHARE_ENV: symbol;
}

/** A thread, which runs one job at a time until it is closed or dies. */
export class Thread {
  readonly #worker: WorkerLike;
  readonly #url: string;
  /**
   * Part of every message of the thread's own script, because the module may post other messages.
   */
  readonly #token = createJid();
  readonly #changed: (thread: Thread) => void;
  #run: ThreadRun | undefined;
  #runs = 0;
  /** True if the thread keeps the process alive, as a new thread does. */
  #keepsAlive = true;
  #closing: Promise<void> | undefined;
  /** True when the thread has ended. */
  hasEnded = false;

  /**
   * Starts a thread, which loads the module. `changed` is called when the thread can take a job,
   * and when it has ended.
   */
  constructor(
    { Worker, SHARE_ENV }: WorkerThreads,
    url: string,
    changed: (thread: Thread) => void,
  ) {
    this.#url = url;
    this.#changed = changed;
    this.#worker = new Worker(bootText(), {
      ...{ eval: true, workerData: { url, token: this.#token } },
      // Without this option the whole environment is copied, which Deno may not permit.
      ...!mayReadAllVariables() && { env: SHARE_ENV },
    });
    this.#worker.on("message", (message) => {
      if (this.#isFromScript(message)) this.#onMessage(message);
    });
    this.#worker.on("messageerror", (error) => this.#died(messageOf(error), error));
    this.#worker.on("error", (error) => this.#died(messageOf(error), error));
    this.#worker.on("exit", (code) => this.#died(`it exited with code ${code}`));
  }

  /** The run that is in progress. */
  get running(): ThreadRun | undefined {
    return this.#run;
  }

  /** True if the thread can take a job. */
  get isFree(): boolean {
    return this.#run === undefined && this.#closing === undefined;
  }

  /**
   * Runs a job. If the job cannot be sent to the thread, the run fails and the thread stays usable.
   */
  start(run: ThreadRun): void {
    const { job, context } = run;
    this.#keepAlive(true);
    this.#run = run;
    this.#runs++;
    try {
      this.#post({ kind: "run", run: this.#runs, job: plainJob(job), attempt: context.attempt });
    } catch (error) {
      run.reject(error);
      this.#free();
    }
  }

  /** Asks the current run to end. */
  abort(reason: unknown): void {
    this.#post({ kind: "abort", run: this.#runs, reason: errorToSend(reason) });
  }

  /**
   * Terminates the thread. The current run rejects with `reason` at once. Resolves when the thread
   * has ended.
   */
  close(reason: unknown): Promise<void> {
    this.#run?.reject(reason);
    this.#run = undefined;
    return this.#closing ??= this.#terminate();
  }

  async #terminate(): Promise<void> {
    // Otherwise a program that waits only for this would exit before.
    this.#keepAlive(true);
    // If terminating fails, the thread has ended already.
    await this.#worker.terminate().catch(() => {});
    this.#keepAlive(false);
    this.hasEnded = true;
    this.#changed(this);
  }

  #isFromScript(message: unknown): message is FromThread {
    return typeof message === "object" && message !== null &&
      (message as { token?: unknown }).token === this.#token;
  }

  #onMessage(message: FromThread): void {
    if (message.kind === "died") {
      const error = receivedError(message.error);
      return this.#died(messageOf(error), error);
    }
    const run = message.run === this.#runs ? this.#run : undefined;
    if (message.kind === "call") return void this.#answer(message, run);
    if (run === undefined) return;
    switch (message.kind) {
      case "log":
        return log(run, message);
      case "unusable":
        // A thread loads a module only once. A new thread may be able to load it.
        return void this.close(unusable(this.#url, message.fault));
      case "done":
        run.resolve(message.value);
        break;
      case "outcome":
        run.conclude(message.outcome);
        break;
      case "failed":
        run.fail(message.error);
    }
    this.#free();
  }

  async #answer(
    { call, name, args }: Extract<FromThread, { kind: "call" }>,
    run: ThreadRun | undefined,
  ): Promise<void> {
    let answer: ToThread;
    try {
      if (run === undefined) throw new StateError("CLOSED", `Cannot ${name} a job that has ended`);
      const [first, second] = args as [number, string?];
      const { context } = run;
      const value =
        await (name === "progress" ? context.progress(first, second) : context.extend(first));
      answer = { kind: "answer", call, value };
    } catch (error) {
      answer = { kind: "answer", call, error: errorToSend(error) };
    }
    if (this.#closing === undefined) this.#post(answer);
  }

  #died(reason: string, cause?: unknown): void {
    void this.close(
      this.#run === undefined ? undefined : threadDied(this.#run.job.jid, reason, cause),
    );
  }

  #free(): void {
    this.#run = undefined;
    this.#keepAlive(false);
    this.#changed(this);
  }

  /** Some runtimes count `ref` and `unref`, so each call must be undone exactly once. */
  #keepAlive(keepsAlive: boolean): void {
    if (keepsAlive === this.#keepsAlive) return;
    this.#keepsAlive = keepsAlive;
    if (keepsAlive) this.#worker.ref();
    else this.#worker.unref();
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}

function log(
  { context }: ThreadRun,
  { level, message, fields }: Extract<FromThread, { kind: "log" }>,
) {
  try {
    context.log[level](message, fields);
  } catch {
    // An error while logging must not end the program.
  }
}
