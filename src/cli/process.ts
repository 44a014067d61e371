import process from "node:process";
import { setTimeout } from "node:timers";
import { URL_VARIABLES } from "../connection/target.ts";
import { readVariable } from "../connection/variable.ts";
import { denoMainModule, environmentVariable, isExecutable } from "../internal/environment.ts";
import { onProcessSignals } from "../signals/process_signals.ts";
import { hearCrashes } from "./crashes.ts";
import { type CliIo, Interruption, type TextOutput } from "./io.ts";
import { programOf } from "./program.ts";
import { runCli } from "./run.ts";

const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** How long what a user's module has left open may go on once all is done, in milliseconds. */
const LINGER_MS = 500;

/**
 * Runs the command with the arguments, streams and signals of this process, and leaves it with the
 * exit status. The first signal aborts `io.signal`, the second ends the process; but for a command
 * that heeds them itself.
 */
export async function runProcess(run: typeof runCli = runCli): Promise<void> {
  const controller = new AbortController();
  let isHeeded = false;
  const listeners = SIGNALS.map(([name, status]) => {
    const listener = () => {
      if (isHeeded) return;
      // Whoever asks a second time does not want to wait for anything.
      if (controller.signal.aborted) process.exit(status);
      controller.abort(new Interruption(name, status));
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  let isReading = false;
  const args = process.argv.slice(2);
  const io: CliIo = {
    stdout: outputTo(process.stdout, () => controller.abort(new Interruption("SIGPIPE", 141))),
    stderr: outputTo(process.stderr, () => {}),
    get stdin() {
      isReading = true;
      return process.stdin;
    },
    env: variables(),
    pid: process.pid,
    signal: controller.signal,
    args,
    program: programOf(process.argv[1] ?? "", denoMainModule()),
    executable: isExecutable() ? process.execPath : undefined,
    heed(actions) {
      isHeeded = true;
      const forget = onProcessSignals(actions);
      return () => {
        forget();
        isHeeded = false;
      };
    },
    hearCrashes,
    get keys() {
      return process.stdin.isTTY === true ? keysOf(process.stdin) : undefined;
    },
  };
  process.exitCode = await run(args, io);
  for (const forget of listeners) forget();
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // A read that nobody waits for any more keeps the process waiting, in Deno even of a stream that
  // was destroyed.
  if (isReading && !process.stdin.readableEnded) process.exit();
  // A module of the user's may have left a connection open, and nobody would end this process any
  // more.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/**
 * Variables that say how things look. Where they may not be read, they look as they do by default.
 */
const LOOKS: readonly (string | symbol)[] = ["FAKTORY_PROCESS_INDEX", "NO_COLOR", "TERM"];

/**
 * The environment's variables, each read when it is needed, as Deno may permit some of them only.
 */
function variables(): CliIo["env"] {
  const password = { names: [], instead: "say it with --password" };
  const url = {
    names: [...URL_VARIABLES, "FAKTORY_PASSWORD"],
    instead: "say it with --url and --password",
  };
  return new Proxy<Record<string, string>>({}, {
    get(_, name) {
      if (typeof name === "symbol") return undefined;
      if (LOOKS.includes(name)) return environmentVariable(name);
      return readVariable(name, name === "FAKTORY_PASSWORD" ? password : url);
    },
  });
}

/** Resolves once all that was written has gone, or nobody reads it. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write("", () => resolve());
  });
}

/** Keys as they come; the terminal is as it was once the function returned was called. */
function keysOf(stream: NodeJS.ReadStream): NonNullable<CliIo["keys"]> {
  return (heard) => {
    const listener = (data: Uint8Array | string) => {
      for (const key of String(data)) heard(key);
    };
    stream.setRawMode(true);
    stream.on("data", listener);
    return () => {
      stream.off("data", listener);
      stream.setRawMode(false);
      stream.pause();
      // Or a read that waits for the next key would keep the process.
      stream.unref();
    };
  };
}

/** `gone` is called when nobody reads any more, as with `faktory top | head`. */
function outputTo(stream: NodeJS.WriteStream, gone: () => void): TextOutput {
  let isGone = false;
  stream.on("error", () => {
    isGone = true;
    gone();
  });
  return {
    write(text) {
      if (!isGone) stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}
