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
  let isReading = false;
  const io: CliIo = {
    stdout: outputTo(process.stdout, () => controller.abort(new Interruption("SIGPIPE", 141))),
    stderr: outputTo(process.stderr, () => {}),
    get stdin() {
      isReading = true;
      return process.stdin;
    },
    env: process.env,
    pid: process.pid,
    signal: controller.signal,
  };
  process.exitCode = await run(process.argv.slice(2), io);
  for (const forget of listeners) forget();
  if (!isReading || process.stdin.readableEnded) return;
  // A read that nobody waits for any more would keep the process waiting, in Deno even of a stream that was destroyed.
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit();
}

/** Resolves once what was written has left, or cannot leave any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
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
  };
}
