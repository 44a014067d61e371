/**
 * Returns the script that runs in each thread. It is text because a package does not know where its
 * files are once it is bundled, built for npm or imported from a URL. It is a script, not a module,
 * and cannot use other code of the package.
 *
 * It is returned by a function, because a template string created at import time would stay in
 * every bundle.
 */
export function bootText(): string {
  return String.raw`
(async () => {
  const { parentPort, workerData } = await import("node:worker_threads");
  // The module may post messages of its own. Only messages with the token belong to this script.
  const { token } = workerData;
  const post = (message) => parentPort.postMessage({ ...message, token });
  const aborts = new Map(); // by run
  const calls = new Map(); // by call
  let lastCall = 0;

  // Deno would print the error, and report less of it to the main thread.
  process.on("uncaughtException", (error) => {
    const others = process.listenerCount("uncaughtException") > 1;
    if (!others) post({ kind: "died", error: sendable(error) });
  });

  const loading = load();
  parentPort.on("message", (message) => {
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
        if ("error" in message) call.reject(revive(message.error));
        else call.resolve(message.value);
      }
    }
  });

  async function execute({ run, job, attempt }) {
    const abort = new AbortController();
    const { signal } = abort;
    aborts.set(run, abort);
    try {
      const { main, fault } = await loading;
      if (fault !== undefined) return post({ kind: "unusable", run, fault });
      signal.throwIfAborted();
      conclude(run, await main(job, makeContext(run, attempt, signal)));
    } catch (error) {
      const isReason = signal.aborted && error === signal.reason;
      post({ kind: "failed", run, error: isReason ? { kind: "aborted" } : sendable(error) });
    } finally {
      aborts.delete(run);
    }
  }

  function conclude(run, value) {
    if (isError(value) && isOutcome(value)) {
      return post({ kind: "outcome", run, outcome: sendable(value) });
    }
    try {
      post({ kind: "done", run, value });
    } catch {
      post({ kind: "done", run });
    }
  }

  function makeContext(run, attempt, signal) {
    const ask = (name, args) => {
      const answer = new Promise((resolve, reject) => {
        const call = ++lastCall;
        post({ kind: "call", run, call, name, args });
        calls.set(call, { resolve, reject });
      });
      answer.catch(() => {}); // it may be left alone
      return answer;
    };
    const log = {};
    for (const level of ["trace", "debug", "info", "warn", "error"]) {
      log[level] = (message, fields) => say({ kind: "log", run, level, message: text(message) }, fields);
    }
    return {
      signal,
      attempt,
      log,
      progress: (percent, text) => ask("progress", [percent, text]),
      extend: (seconds) => ask("extend", [seconds]),
    };
  }

  function say(message, fields) {
    try {
      post({ ...message, fields });
    } catch {
      const entries = Object.entries(fields).map(([name, value]) => [name, cloneable(value)]);
      post({ ...message, fields: Object.fromEntries(entries) });
    }
  }

  async function load() {
    const { url } = workerData;
    const isRead = await readTypeScript(url);
    try {
      const module = await import(url);
      // A module that was loaded as CommonJS has all its exports in its default export.
      const main = module.default?.__esModule ? module.default.default : module.default;
      if (typeof main === "function") return { main };
      const got = main === null ? "null" : typeof main;
      return { fault: { why: "export", got } };
    } catch (error) {
      const isFound = error?.code !== "ERR_MODULE_NOT_FOUND";
      const why = !isRead && isFound ? "typescript" : "load";
      return { fault: { why, error: sendable(error, true) } };
    }
  }

  // Returns true if a TypeScript module can be loaded. On Node, the tsx of the program does not
  // apply to its threads.
  async function readTypeScript(url) {
    if (globalThis.Deno !== undefined || globalThis.Bun !== undefined) return true;
    const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(" ")];
    const isUnderTsx = flags.some((flag) => /\btsx\b/.test(flag));
    const isJavaScript = !/\.[cm]?tsx?$/.test(new URL(url).pathname);
    const isNative = isJavaScript || Boolean(process.features.typescript);
    if (isNative && !isUnderTsx) return true;
    const { createRequire } = await import("node:module");
    const { pathToFileURL } = await import("node:url");
    const own = flags.map((flag) => flag.replace(/^--[a-z]+=/, "")).filter((flag) => /[\\/]/.test(flag));
    const here = pathToFileURL(process.cwd() + "/").href;
    for (const base of [url, ...(isUnderTsx ? [...own, here] : [])]) {
      try {
        const require = createRequire(base);
        // The file that require finds cannot register modules. The one next to it can.
        const path = require.resolve("tsx/esm/api").replace(/\.cjs$/, ".mjs");
        const { register } = await import(pathToFileURL(path).href);
        register();
        require("tsx/cjs/api").register();
        return true;
      } catch {
        // tsx is not installed there.
      }
    }
    return isNative;
  }

  function isError(value) {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  }

  function isOutcome({ kind }) {
    return kind === "discard" || kind === "kill" || kind === "retry" || kind === "snooze";
  }

  // Never throws, although a getter of the error may throw anything.
  function sendable(thrown, isFault = false) {
    try {
      // Bun's errors about a module are not Error objects.
      if (!isError(thrown) && !(isFault && typeof thrown?.message === "string")) {
        return { kind: "value", value: cloneable(thrown) };
      }
      const stack = thrown.stack === undefined ? undefined : text(thrown.stack);
      const message = text(thrown.message);
      if (isOutcome(thrown)) {
        const { kind, seconds } = thrown;
        return { kind: "outcome", outcome: kind, message, stack, seconds: Number(seconds ?? 0) };
      }
      const code = ["string", "number"].includes(typeof thrown.code) ? thrown.code : undefined;
      const cause = thrown.cause === undefined ? undefined : text(thrown.cause);
      return { kind: "error", name: text(thrown.name), message, stack, code, cause };
    } catch {
      return { kind: "error", name: "Error", message: "the error cannot be read" };
    }
  }

  function revive({ name, message, stack, code }) {
    const error = new Error(message);
    const own = { configurable: true, writable: true };
    Object.defineProperties(error, { name: { ...own, value: name }, stack: { ...own, value: stack } });
    return code === undefined ? error : Object.assign(error, { code });
  }

  function cloneable(value) {
    try {
      structuredClone(value);
      return value;
    } catch {
      return text(value);
    }
  }

  function text(value) {
    try {
      return String(value);
    } catch {
      return "a value that cannot be converted to a string";
    }
  }
})();
//# sourceURL=faktory-isolated-thread.js
`;
}
