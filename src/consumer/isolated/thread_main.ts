/**
 * The script that runs in each thread. `boot.ts` contains it as text, because a package does not
 * know where its files are once it is bundled, built for npm or imported from a URL. After a
 * change, run `deno run -A scripts/thread_script.ts`.
 *
 * It can import types, but no other code: it runs as a script, not as a module.
 */

import type { FromThread, ModuleFault, SentError, ToThread } from "./messages.ts";
import type { IsolatedContext, IsolatedRun } from "./types.ts";

/** The globals of the runtimes that are used here. */
interface Host {
  readonly Deno?: unknown;
  readonly Bun?: unknown;
  readonly process: {
    on(event: "uncaughtException", listener: (error: unknown) => void): void;
    listenerCount(event: "uncaughtException"): number;
    cwd(): string;
    readonly execArgv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly features: { readonly typescript?: unknown };
  };
}

/** The module's function, or the reason why there is none. */
type Loaded =
  | { readonly main: IsolatedRun; readonly fault?: undefined }
  | { readonly fault: ModuleFault };

/** Settles a call of the module's function to the main thread. */
interface Call {
  resolve(value: boolean): void;
  reject(error: unknown): void;
}

const LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

const { process, Deno, Bun } = globalThis as unknown as Host;

async function start(): Promise<void> {
  const { parentPort, workerData } = await import("node:worker_threads");
  // The module may post messages of its own. Only messages with the token belong to this script.
  const { token, url } = workerData as { readonly token: string; readonly url: string };
  const post = (message: FromThread) => parentPort!.postMessage({ ...message, token });
  const aborts = new Map<number, AbortController>();
  const calls = new Map<number, Call>();
  let lastCall = 0;

  // Deno would print the error, and report less of it to the main thread.
  process.on("uncaughtException", (error) => {
    const others = process.listenerCount("uncaughtException") > 1;
    if (!others) post({ kind: "died", error: sendable(error) });
  });

  const loading = load(url);
  parentPort!.on("message", (message: ToThread) => {
    switch (message.kind) {
      case "run":
        void execute(message);
        break;
      case "abort":
        aborts.get(message.run)?.abort(revive(message.reason));
        break;
      case "answer": {
        const call = calls.get(message.call);
        calls.delete(message.call);
        if ("error" in message) call?.reject(revive(message.error));
        else call?.resolve(message.value);
      }
    }
  });

  async function execute(
    { run, job, attempt }: Extract<ToThread, { kind: "run" }>,
  ): Promise<void> {
    const abort = new AbortController();
    const { signal } = abort;
    aborts.set(run, abort);
    try {
      const loaded = await loading;
      if (loaded.fault !== undefined) return post({ kind: "unusable", run, fault: loaded.fault });
      signal.throwIfAborted();
      conclude(run, await loaded.main(job, makeContext(run, attempt, signal)));
    } catch (error) {
      const isReason = signal.aborted && error === signal.reason;
      post({ kind: "failed", run, error: isReason ? { kind: "aborted" } : sendable(error) });
    } finally {
      aborts.delete(run);
    }
  }

  function conclude(run: number, value: unknown): void {
    if (isError(value) && isOutcome(value)) {
      return post({ kind: "outcome", run, outcome: sendable(value) });
    }
    try {
      post({ kind: "done", run, value });
    } catch {
      post({ kind: "done", run });
    }
  }

  function makeContext(run: number, attempt: number, signal: AbortSignal): IsolatedContext {
    const callMain = (name: "progress" | "extend", args: readonly unknown[]) => {
      const answer = new Promise<boolean>((resolve, reject) => {
        const call = ++lastCall;
        post({ kind: "call", run, call, name, args });
        calls.set(call, { resolve, reject });
      });
      // The module may ignore the answer.
      answer.catch(() => {});
      return answer;
    };
    const log = {} as Record<typeof LEVELS[number], IsolatedContext["log"]["info"]>;
    for (const level of LEVELS) {
      log[level] = (message, fields) =>
        postLog({ kind: "log", run, level, message: text(message) }, fields);
    }
    return {
      signal,
      attempt,
      log,
      progress: (percent, text) => callMain("progress", [percent, text]),
      extend: (seconds) => callMain("extend", [seconds]),
    };
  }

  function postLog(
    message: Extract<FromThread, { kind: "log" }>,
    fields: Readonly<Record<string, unknown>> | undefined,
  ): void {
    try {
      post({ ...message, fields });
    } catch {
      const entries = Object.entries(fields ?? {}).map(([name, value]) => [name, cloneable(value)]);
      post({ ...message, fields: Object.fromEntries(entries) });
    }
  }
}

async function load(url: string): Promise<Loaded> {
  const isRead = await readTypeScript(url);
  try {
    const module = await import(/* webpackIgnore: true */ /* @vite-ignore */ url);
    // A module that was loaded as CommonJS has all its exports in its default export.
    const main = module.default?.__esModule ? module.default.default : module.default;
    if (typeof main === "function") return { main };
    return { fault: { why: "export", got: main === null ? "null" : typeof main } };
  } catch (error) {
    const isFound = (error as { code?: unknown } | null)?.code !== "ERR_MODULE_NOT_FOUND";
    const why = !isRead && isFound ? "typescript" : "load";
    return { fault: { why, error: sendable(error, true) } };
  }
}

/**
 * Returns true if a TypeScript module can be loaded. On Node, the tsx of the program does not apply
 * to its threads.
 */
async function readTypeScript(url: string): Promise<boolean> {
  if (Deno !== undefined || Bun !== undefined) return true;
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  const isUnderTsx = flags.some((flag) => /\btsx\b/.test(flag));
  const isJavaScript = !/\.[cm]?tsx?$/.test(new URL(url).pathname);
  const isNative = isJavaScript || Boolean(process.features.typescript);
  if (isNative && !isUnderTsx) return true;
  const { createRequire } = await import("node:module");
  const { pathToFileURL } = await import("node:url");
  const paths = flags.map((flag) => flag.replace(/^--[a-z]+=/, ""))
    .filter((flag) => /[\\/]/.test(flag));
  const here = pathToFileURL(process.cwd() + "/").href;
  for (const base of [url, ...(isUnderTsx ? [...paths, here] : [])]) {
    try {
      const require = createRequire(base);
      // The file that require finds cannot register modules. The one next to it can.
      const path = require.resolve("tsx/esm/api").replace(/\.cjs$/, ".mjs");
      const { register } = await import(
        /* webpackIgnore: true */ /* @vite-ignore */ pathToFileURL(path).href
      );
      register();
      require("tsx/cjs/api").register();
      return true;
    } catch {
      // tsx is not installed there.
    }
  }
  return isNative;
}

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

function isOutcome(
  error: Error,
): error is Error & {
  kind: Extract<SentError, { kind: "outcome" }>["outcome"];
  seconds?: unknown;
} {
  const { kind } = error as { kind?: unknown };
  return kind === "discard" || kind === "kill" || kind === "retry" || kind === "snooze";
}

/** Never throws, although a getter of the error may throw anything. */
function sendable(thrown: unknown, isFault = false): SentError {
  try {
    // Bun's errors about a module are not Error objects.
    const { message } = Object(thrown) as { message?: unknown };
    if (!isError(thrown) && !(isFault && typeof message === "string")) {
      return { kind: "value", value: cloneable(thrown) };
    }
    const error = thrown as Error & { code?: unknown };
    const stack = error.stack === undefined ? undefined : text(error.stack);
    if (isOutcome(error)) {
      const seconds = Number(error.seconds ?? 0);
      return { kind: "outcome", outcome: error.kind, message: text(message), stack, seconds };
    }
    const code = typeof error.code === "string" || typeof error.code === "number"
      ? error.code
      : undefined;
    const cause = error.cause === undefined ? undefined : text(error.cause);
    return { kind: "error", name: text(error.name), message: text(message), stack, code, cause };
  } catch {
    return { kind: "error", name: "Error", message: "the error cannot be read" };
  }
}

/** Makes an error of one of the main thread, which sends nothing else. */
function revive(sent: SentError): Error {
  const { name, message, stack, code } = sent as Extract<SentError, { kind: "error" }>;
  const error = new Error(message);
  const own = { configurable: true, writable: true };
  Object.defineProperties(error, {
    name: { ...own, value: name },
    stack: { ...own, value: stack },
  });
  return code === undefined ? error : Object.assign(error, { code });
}

function cloneable(value: unknown): unknown {
  try {
    structuredClone(value);
    return value;
  } catch {
    return text(value);
  }
}

function text(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be converted to a string";
  }
}

void start();
