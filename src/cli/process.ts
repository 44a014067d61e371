import process from "node:process";
import { setTimeout } from "node:timers";
import { URL_VARIABLES } from "../connection/target.ts";
import { readVariable } from "../connection/variable.ts";
import { denoMainModule, environmentVariable, isExecutable } from "../internal/environment.ts";
import { onProcessSignals } from "../signals/process_signals.ts";
import { interceptCrashes } from "./crashes.ts";
import { type CliIo, Interruption, type TextOutput } from "./io.ts";
import { programOf } from "./program.ts";
import { runCli } from "./run.ts";

const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** Time after the command for resources that a user's module left open, in ms. */
const LINGER_MS = 500;

/**
 * Runs the command with this process's arguments, streams and signals, and sets the exit status.
 * The first signal aborts `io.signal`, the second ends the process, unless the command handles
 * signals itself.
 */
export async function runProcess(run: typeof runCli = runCli): Promise<void> {
  const controller = new AbortController();
  let isHandled = false;
  const listeners = SIGNALS.map(([name, status]) => {
    const listener = () => {
      if (isHandled) return;
      // A second signal means that the user does not want to wait.
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
    handleSignals(actions) {
      isHandled = true;
      const removeListener = onProcessSignals(actions);
      return () => {
        removeListener();
        isHandled = false;
      };
    },
    onCrash: interceptCrashes,
    get onKey() {
      return process.stdin.isTTY === true ? keyListener(process.stdin) : undefined;
    },
  };
  process.exitCode = await run(args, io);
  for (const removeListener of listeners) removeListener();
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  // A pending read keeps the process alive, in Deno even after the stream was destroyed.
  if (isReading && !process.stdin.readableEnded) process.exit();
  // A user's module may have left a connection open, which would keep the process alive.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** Variables that only affect the look of the output. If they cannot be read, defaults apply. */
const LOOK_VARIABLES: readonly (string | symbol)[] = ["FAKTORY_PROCESS_INDEX", "NO_COLOR", "TERM"];

/** Reads environment variables when needed, since Deno may allow only some of them. */
function variables(): CliIo["env"] {
  const password = { names: [], instead: "pass --password" };
  const url = {
    names: [...URL_VARIABLES, "FAKTORY_PASSWORD"],
    instead: "pass --url and --password",
  };
  return new Proxy<Record<string, string>>({}, {
    get(_, name) {
      if (typeof name === "symbol") return undefined;
      if (LOOK_VARIABLES.includes(name)) return environmentVariable(name);
      return readVariable(name, name === "FAKTORY_PASSWORD" ? password : url);
    },
  });
}

/** Resolves when all output is written, or nobody reads it. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write("", () => resolve());
  });
}

/** Reports keys as they are typed. The returned function restores the terminal. */
function keyListener(stream: NodeJS.ReadStream): NonNullable<CliIo["onKey"]> {
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
      // Otherwise the pending read would keep the process alive.
      stream.unref();
    };
  };
}

/** Wraps a stream. Calls `onClosed` when the reader is gone, as with `faktory top | head`. */
function outputTo(stream: NodeJS.WriteStream, onClosed: () => void): TextOutput {
  let isGone = false;
  stream.on("error", () => {
    isGone = true;
    onClosed();
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
