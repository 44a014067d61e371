import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../errors.ts";
import { mayReadAllVariables, mayRun, runtime } from "../internal/environment.ts";
import { SUPERVISOR_VARIABLE } from "../signals/orphan.ts";
import type { Child, ProcessEnd, Spawn } from "./spawn.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";

/** The variable with the number of the process, from 0. */
const INDEX_VARIABLE = "FAKTORY_PROCESS_INDEX";

/** On Windows, a process with its own group would also get its own console window. */
const hasGroups = process.platform !== "win32";

/** The program to run. */
export interface Program {
  readonly module: string | URL;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The current runtime by default. */
  readonly command: string | undefined;
  /** Arguments before the module. */
  readonly runtimeArgs: readonly string[] | undefined;
}

/** Returns how many processes this machine can run in parallel. */
export function cores(): number {
  return availableParallelism();
}

/**
 * Returns a function that starts processes of a program with additional variables. Only this file
 * starts processes.
 *
 * @throws {ConfigError} `MISSING_PERMISSION`, in Deno.
 */
export function spawner(
  { module, args, env, ...program }: Program,
  variables: Readonly<Record<string, string>> = {},
): Spawn {
  const command = program.command ?? process.execPath;
  if (!mayRun(command) || !mayReadAllVariables()) {
    throw new ConfigError(
      "MISSING_PERMISSION",
      "Cannot start processes as this program has no permission to run them or to read the " +
        `environment: run it with --allow-run=${command} --allow-env`,
    );
  }
  const runtimeArgs = program.runtimeArgs ??
    (program.command === undefined ? ownRuntimeArgs() : []);
  const all = [...runtimeArgs, pathOf(module), ...args];
  return (index, ended) =>
    attach(
      () =>
        spawn(command, all, {
          // The terminal sends Ctrl+C to its whole process group. A worker in that group would get
          // each SIGINT twice, once from its supervisor, and treat the second one as a request to
          // abort.
          detached: hasGroups,
          stdio: ["ignore", "inherit", "inherit"],
          windowsHide: true,
          env: {
            ...process.env,
            ...env,
            ...variables,
            [SUPERVISOR_VARIABLE]: String(process.pid),
            [INDEX_VARIABLE]: String(index),
          },
        }),
      ended,
    );
}

function attach(start: () => ChildProcess, ended: (end: ProcessEnd) => void): Child {
  const failed = (error: Error & { spawnargs?: unknown }) => {
    // Removes the arguments, which may contain a password: the error is logged.
    delete error.spawnargs;
    ended({ code: undefined, signal: undefined, error });
  };
  let child: ChildProcess;
  try {
    child = start();
  } catch (error) {
    atEndOfTurn(() => failed(error as Error));
    return { pid: undefined, send: () => {}, kill: () => {} };
  }
  const { pid } = child;
  let isRunning = pid !== undefined;
  child.once("exit", (code, signal) => {
    isRunning = false;
    ended({ code: code ?? undefined, signal: signal ?? undefined, error: undefined });
  });
  child.on("error", (error) => {
    // A later error has another cause, and the exit event will follow.
    if (pid === undefined) failed(error);
  });
  const send = (signal: NodeJS.Signals, target = pid) => {
    // The id of an ended process may belong to another process now.
    if (isRunning && target !== undefined) kill(target, signal);
  };
  return {
    pid,
    send: (signal) => send(signal),
    kill() {
      if (pid !== undefined && hasGroups) send("SIGKILL", -pid);
      send("SIGKILL");
    },
  };
}

/** Not `ChildProcess.kill`: in Deno, it sends only the first signal. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has just ended, or the system has no such signal.
  }
}

/** Returns the arguments with which this runtime runs a module like the current one. */
function ownRuntimeArgs(): readonly string[] {
  switch (runtime()) {
    case "deno":
      return ["run", "-A"];
    case "node":
      return withoutScript(process.execArgv);
    default:
      return [];
  }
}

/**
 * Removes the script of Node's command line, which a child process would run in place of its
 * module.
 */
export function withoutScript(args: readonly string[]): readonly string[] {
  const at = args.findIndex((arg) => /^(-p?e|-p|--eval|--print)(=|$)/.test(arg));
  return at < 0 ? args : args.toSpliced(at, args[at]?.includes("=") ? 1 : 2);
}

function pathOf(module: string | URL): string {
  const isFile = typeof module === "string"
    ? module.startsWith("file:")
    : module.protocol === "file:";
  return isFile ? fileURLToPath(module) : String(module);
}
