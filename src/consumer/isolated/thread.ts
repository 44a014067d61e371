import { StateError } from "../../errors.ts";
import { mayReadAllVariables } from "../../internal/environment.ts";
import { createJid } from "../../job/jid.ts";
import { bootText } from "./boot.ts";
import { fromSent, line, threadDied, toSent, unusable } from "./errors.ts";
import type { FromThread, ToThread } from "./messages.ts";
import { plainJob, type ThreadRun } from "./thread_run.ts";

/** What is used of a `Worker` of `node:worker_threads`. */
export interface WorkerLike {
  on(event: string, listener: (detail: unknown) => void): unknown;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** What is used of `node:worker_threads`. */
export interface WorkerThreads {
  readonly Worker: new (
    code: string,
    options: { readonly eval: true; readonly workerData: unknown; readonly env?: symbol },
  ) => WorkerLike;
  readonly SHARE_ENV: symbol;
}

/** One thread, which runs one job at a time until it is closed or dies. */
export class Thread {
  readonly #worker: WorkerLike;
  readonly #url: string;
  /** In every message of the thread's own script: the module may post whatever it likes. */
  readonly #token = createJid();
  readonly #changed: (thread: Thread) => void;
  #run: ThreadRun | undefined;
  #runs = 0;
  /** Holds the process open, as a new one does. */
  #isHeld = true;
  #closing: Promise<void> | undefined;
  /** Nothing of it is left. */
  isGone = false;

  /**
   * Begins to load the module; `changed` is called when a job may be given to it, and when it is
   * gone.
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
      // A copy of the environment is made of all variables, which Deno may not permit.
      ...!mayReadAllVariables() && { env: SHARE_ENV },
    });
    this.#worker.on("message", (message) => {
      if (this.#isOurs(message)) this.#hear(message);
    });
    this.#worker.on("messageerror", (error) => this.#died(line(error), error));
    this.#worker.on("error", (error) => this.#died(line(error), error));
    this.#worker.on("exit", (code) => this.#died(`it exited with code ${code}`));
  }

  /** What it runs. */
  get running(): ThreadRun | undefined {
    return this.#run;
  }

  /** A job may be given to it. */
  get isFree(): boolean {
    return this.#run === undefined && this.#closing === undefined;
  }

  /** Runs a job. Whatever the thread does, the run ends, or the thread goes on with it. */
  start(run: ThreadRun): void {
    const { job, context } = run;
    this.#hold(true);
    this.#run = run;
    this.#runs++;
    try {
      this.#post({ kind: "run", run: this.#runs, job: plainJob(job), attempt: context.attempt });
    } catch (error) {
      run.reject(error);
      this.#free();
    }
  }

  /** Asks its run to end. */
  abort(reason: unknown): void {
    this.#post({ kind: "abort", run: this.#runs, reason: toSent(reason) });
  }

  /** Ends it; what it runs rejects with `reason` at once. Resolves when it is gone. */
  close(reason: unknown): Promise<void> {
    this.#run?.reject(reason);
    this.#run = undefined;
    return this.#closing ??= this.#terminate();
  }

  async #terminate(): Promise<void> {
    // Held: a program that waits for this alone would end before it.
    this.#hold(true);
    // What it rejects with would help nobody: a thread that is gone cannot be ended.
    await this.#worker.terminate().catch(() => {});
    this.#hold(false);
    this.isGone = true;
    this.#changed(this);
  }

  #isOurs(message: unknown): message is FromThread {
    return typeof message === "object" && message !== null &&
      (message as { token?: unknown }).token === this.#token;
  }

  #hear(message: FromThread): void {
    if (message.kind === "died") {
      const error = fromSent(message.error);
      return this.#died(line(error), error);
    }
    const run = message.run === this.#runs ? this.#run : undefined;
    if (message.kind === "call") return void this.#answer(message, run);
    if (run === undefined) return;
    switch (message.kind) {
      case "log":
        return log(run, message);
      case "unusable":
        // Modules are loaded once in a thread: another may find this one whole.
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
      answer = { kind: "answer", call, error: toSent(error) };
    }
    if (this.#closing === undefined) this.#post(answer);
  }

  #died(how: string, cause?: unknown): void {
    void this.close(
      this.#run === undefined ? undefined : threadDied(this.#run.job.jid, how, cause),
    );
  }

  #free(): void {
    this.#run = undefined;
    this.#hold(false);
    this.#changed(this);
  }

  /** Counted by some runtimes, so each is undone once. */
  #hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#worker.ref();
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
    // A log that cannot be written must not end the program, which is all that a throw here could
    // do.
  }
}
