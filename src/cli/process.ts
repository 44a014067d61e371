import process from "node:process";
import { type CliIo, Interruption, type TextOutput } from "./io.ts";
import { runCli } from "./run.ts";

const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/**
 * Runs the command with the arguments, streams and signals of this process, and leaves it with the exit status. The first signal
 * aborts `io.signal`, the second ends the process.
 */
export async function runProcess(run: typeof runCli = runCli): Promise<void> {
  const controller = new AbortController();
  const listeners = SIGNALS.map(([name, status]) => {
    const listener = () => {
      // Whoever asks a second time does not want to wait for anything.
      if (controller.signal.aborted) process.exit(status);
      controller.abort(new Interruption(name, status));
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  const io: CliIo = {
    stdout: outputTo(process.stdout, () => controller.abort(new Interruption("SIGPIPE", 141))),
    stderr: outputTo(process.stderr, () => {}),
    get stdin() {
      return process.stdin;
    },
    env: process.env,
    pid: process.pid,
    signal: controller.signal,
    get keys() {
      return process.stdin.isTTY === true ? keysOf(process.stdin) : undefined;
    },
  };
  process.exitCode = await run(process.argv.slice(2), io);
  for (const forget of listeners) forget();
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
