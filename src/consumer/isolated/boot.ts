/**
 * Returns the script that runs in each thread. Generated from `thread_main.ts` by
 * `scripts/thread_script.ts`: do not edit.
 *
 * A function, because a template string created at import time would stay in every bundle.
 */
export function bootText(): string {
  return String.raw`
(() => {
const LEVELS = ["trace", "debug", "info", "warn", "error"];
const { process, Deno, Bun } = globalThis;
async function start() {
  const { parentPort, workerData } = await import("node:worker_threads");
  const { token, url } = workerData;
  const post = (message) => parentPort.postMessage({ ...message, token });
  const aborts = /* @__PURE__ */ new Map();
  const calls = /* @__PURE__ */ new Map();
  let lastCall = 0;
  process.on("uncaughtException", (error) => {
    const others = process.listenerCount("uncaughtException") > 1;
    if (!others) post({ kind: "died", error: sendable(error) });
  });
  const loading = load(url);
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
        if ("error" in message) call?.reject(revive(message.error));
        else call?.resolve(message.value);
      }
    }
  });
  async function execute({ run, job, attempt }) {
    const abort = new AbortController();
    const { signal } = abort;
    aborts.set(run, abort);
    try {
      const loaded = await loading;
      if (loaded.fault !== void 0) return post({ kind: "unusable", run, fault: loaded.fault });
      signal.throwIfAborted();
      conclude(run, await loaded.main(job, makeContext(run, attempt, signal)));
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
    const callMain = (name, args) => {
      const answer = new Promise((resolve, reject) => {
        const call = ++lastCall;
        post({ kind: "call", run, call, name, args });
        calls.set(call, { resolve, reject });
      });
      answer.catch(() => {
      });
      return answer;
    };
    const log = {};
    for (const level of LEVELS) {
      log[level] = (message, fields) => postLog({ kind: "log", run, level, message: text(message) }, fields);
    }
    return {
      signal,
      attempt,
      log,
      progress: (percent, text2) => callMain("progress", [percent, text2]),
      extend: (seconds) => callMain("extend", [seconds])
    };
  }
  function postLog(message, fields) {
    try {
      post({ ...message, fields });
    } catch {
      const entries = Object.entries(fields ?? {}).map(([name, value]) => [name, cloneable(value)]);
      post({ ...message, fields: Object.fromEntries(entries) });
    }
  }
}
async function load(url) {
  const isRead = await readTypeScript(url);
  try {
    const module = await import(
      /* webpackIgnore: true */
      /* @vite-ignore */
      url
    );
    const main = module.default?.__esModule ? module.default.default : module.default;
    if (typeof main === "function") return { main };
    return { fault: { why: "export", got: main === null ? "null" : typeof main } };
  } catch (error) {
    const isFound = error?.code !== "ERR_MODULE_NOT_FOUND";
    const why = !isRead && isFound ? "typescript" : "load";
    return { fault: { why, error: sendable(error, true) } };
  }
}
async function readTypeScript(url) {
  if (Deno !== void 0 || Bun !== void 0) return true;
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  const isUnderTsx = flags.some((flag) => /\btsx\b/.test(flag));
  const isJavaScript = !/\.[cm]?tsx?$/.test(new URL(url).pathname);
  const isNative = isJavaScript || Boolean(process.features.typescript);
  if (isNative && !isUnderTsx) return true;
  const { createRequire } = await import("node:module");
  const { pathToFileURL } = await import("node:url");
  const paths = flags.map((flag) => flag.replace(/^--[a-z]+=/, "")).filter((flag) => /[\\/]/.test(flag));
  const here = pathToFileURL(process.cwd() + "/").href;
  for (const base of [url, ...isUnderTsx ? [...paths, here] : []]) {
    try {
      const require = createRequire(base);
      const path = require.resolve("tsx/esm/api").replace(/\.cjs$/, ".mjs");
      const { register } = await import(
        /* webpackIgnore: true */
        /* @vite-ignore */
        pathToFileURL(path).href
      );
      register();
      require("tsx/cjs/api").register();
      return true;
    } catch {
    }
  }
  return isNative;
}
function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}
function isOutcome(error) {
  const { kind } = error;
  return kind === "discard" || kind === "kill" || kind === "retry" || kind === "snooze";
}
function sendable(thrown, isFault = false) {
  try {
    const { message } = Object(thrown);
    if (!isError(thrown) && !(isFault && typeof message === "string")) {
      return { kind: "value", value: cloneable(thrown) };
    }
    const error = thrown;
    const stack = error.stack === void 0 ? void 0 : text(error.stack);
    if (isOutcome(error)) {
      const seconds = Number(error.seconds ?? 0);
      return { kind: "outcome", outcome: error.kind, message: text(message), stack, seconds };
    }
    const code = typeof error.code === "string" || typeof error.code === "number" ? error.code : void 0;
    const cause = error.cause === void 0 ? void 0 : text(error.cause);
    return { kind: "error", name: text(error.name), message: text(message), stack, code, cause };
  } catch {
    return { kind: "error", name: "Error", message: "the error cannot be read" };
  }
}
function revive(sent) {
  const { name, message, stack, code } = sent;
  const error = new Error(message);
  const own = { configurable: true, writable: true };
  Object.defineProperties(error, {
    name: { ...own, value: name },
    stack: { ...own, value: stack }
  });
  return code === void 0 ? error : Object.assign(error, { code });
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
void start();
})();
//# sourceURL=faktory-isolated-thread.js
`;
}
