import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { CommandDefinition } from "../../src/cli/command.ts";
import type { CliIo } from "../../src/cli/io.ts";
import { runCli } from "../../src/cli/run.ts";
import type { Clock } from "../../src/internal/clock.ts";
import { deferred } from "../../src/internal/deferred.ts";
import type { SignalActions } from "../../src/signals/process_signals.ts";
import type { FaktoryServer, FaktoryServerOptions } from "../../src/server/mod.ts";
import { startQuick } from "../server/quick.ts";

/** The output of a command, and how it ended. */
export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a command. */
export interface CommandEnvironment {
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal;
  /** Receives the output to stdout, piece by piece. */
  readonly wrote?: (text: string) => void;
  /** Receives the output to stderr, piece by piece. */
  readonly wroteError?: (text: string) => void;
  /** Receives the command's signal handlers. */
  readonly heeds?: (actions: SignalActions) => void;
  /** Receives the command's crash handler. */
  readonly crashes?: (crashed: Parameters<NonNullable<CliIo["onCrash"]>>[0]) => void;
  readonly isTerminal?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly keys?: CliIo["onKey"];
  readonly clock?: Clock;
  /** @default nothing */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** @default the program's */
  readonly commands?: readonly CommandDefinition[];
}

/** Runs the command in this process. */
export async function faktory(
  args: readonly string[],
  surroundings: CommandEnvironment = {},
): Promise<CommandResult> {
  const { env = {}, signal = new AbortController().signal, wrote, wroteError, heeds } =
    surroundings;
  const { isTerminal = false, columns, rows, keys, clock } = surroundings;
  const printed = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr", onText?: (text: string) => void) => ({
    write(text: string) {
      printed[name] += text;
      onText?.(text);
    },
    isTerminal,
    columns,
    rows,
  });
  const io: CliIo = {
    stdout: output("stdout", wrote),
    stderr: output("stderr", wroteError),
    stdin: surroundings.stdin ?? nothing(),
    env,
    pid: 4711,
    signal,
    args,
    program: fileURLToPath(new URL("../../src/cli/mod.ts", import.meta.url)),
    handleSignals(actions) {
      heeds?.(actions);
      return () => {};
    },
    onCrash(crashed) {
      surroundings.crashes?.(crashed);
      return () => {};
    },
    onKey: keys,
    clock,
  };
  const status = await runCli(args, io, surroundings.commands);
  return { status, ...printed };
}

/** The time at the start of a log line. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

/**
 * Removes the times from the lines of a log. Asserts that every line has one, except continuation
 * lines.
 */
export function untimed(log: string): string {
  return log.split("\n").map((line) => {
    if (!TIME.test(line) && line !== "" && !line.startsWith("    ")) {
      throw new Error(`No time on the line ${JSON.stringify(line)}`);
    }
    return line.replace(TIME, "");
  }).join("\n");
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/** Runs a command until `signal` is aborted. Returns its first line, and how it ended. */
export async function running(args: readonly string[], env: Record<string, string> = {}) {
  const controller = new AbortController();
  const line = deferred<string>();
  const ended = faktory(args, { env, signal: controller.signal, wrote: line.resolve });
  const first = await Promise.race([line.promise, ended.then(({ stderr }) => `ended: ${stderr}`)]);
  return {
    first,
    ended,
    stop(): Promise<CommandResult> {
      controller.abort();
      return ended;
    },
  };
}

/** Calls `use` with a new server. */
export async function withServer(
  options: FaktoryServerOptions,
  use: (server: FaktoryServer) => Promise<void>,
): Promise<void> {
  const server = await startQuick(options);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

/** Calls `use` with the URL of a server that is not Faktory. `greet` handles its clients. */
export async function withListener(
  greet: (socket: Socket) => void,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    await use(`tcp://127.0.0.1:${port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Returns a URL at which nothing listens. */
export async function unusedUrl(): Promise<string> {
  let found = "";
  await withListener(() => {}, (url) => {
    found = url;
    return Promise.resolve();
  });
  return found;
}
