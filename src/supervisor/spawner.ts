import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../errors.ts";
import { mayReadAllVariables, mayRun, runtime } from "../internal/environment.ts";
import { SUPERVISOR_VARIABLE } from "../signals/orphan.ts";
import type { Child, ProcessEnd, Spawn } from "./spawn.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";

/** The variable that tells a process its place among those of its supervisor, from 0. */
const INDEX_VARIABLE = "FAKTORY_PROCESS_INDEX";

/** On Windows a process with a group of its own also gets a console window of its own. */
const hasGroups = process.platform !== "win32";

/** What is to be run. */
export interface Program {
  readonly module: string | URL;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** This runtime when not given. */
  readonly command: string | undefined;
  /** What the command is given before the module. */
  readonly runtimeArgs: readonly string[] | undefined;
}

/** How many processes this machine can run at the same time. */
export function cores(): number {
  return availableParallelism();
}

/**
 * Starts processes of a program, with these variables on top. The one place of the package that
 * does so.
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
      "Cannot start processes as this program has no permission to, or none to read the environment " +
        `that they get: run it with --allow-run=${command} --allow-env`,
    );
  }
  const runtimeArgs = program.runtimeArgs ??
    (program.command === undefined ? ownRuntimeArgs() : []);
  const all = [...runtimeArgs, pathOf(module), ...args];
  return (index, ended) =>
    attach(
      () =>
        spawn(command, all, {
          // Ctrl+C is sent to the whole group of the terminal: in that, a worker would get each INT
          // twice, from the terminal and from its supervisor, and a second one means to wait no
          // longer.
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
    // The arguments, which may have a password among them: the error goes into logs.
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
  let isThere = pid !== undefined;
  child.once("exit", (code, signal) => {
    isThere = false;
    ended({ code: code ?? undefined, signal: signal ?? undefined, error: undefined });
  });
  child.on("error", (error) => {
    // Once it runs, this is about something else, and its exit is still to come.
    if (pid === undefined) failed(error);
  });
  const send = (signal: NodeJS.Signals, target = pid) => {
    // Another process may have the id of one that has ended.
    if (isThere && target !== undefined) kill(target, signal);
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

/** Not `ChildProcess.kill`: in Deno that one sends a single signal, and then no other. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended, or the system has no such signal.
  }
}

/** What makes another process of this runtime run a module as this one does. */
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
 * Node's arguments without the script of its command line, which a child would run in place of its
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
