import type { Command } from "commander";
import type { FaktoryServer } from "../../server/mod.ts";
import type { FaktoryServerOptions, ServerEdition } from "../../server/mod.ts";
import type { CommandDefinition, Invocation } from "../command.ts";
import { passwordVariable } from "../connect.ts";
import { CliError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { choice, filePair, integer } from "../parse.ts";
import { Status } from "../status.ts";

interface ServeFlags {
  readonly port?: number;
  readonly hostname?: string;
  readonly password?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly data?: string;
  readonly edition?: ServerEdition;
  readonly maxConnections?: number;
}

/** `faktory serve`: the embedded server as a program. */
export const serve: CommandDefinition<ServeFlags> = {
  name: "serve",
  summary: "Runs the embedded server until SIGINT or SIGTERM",
  details: "It prints one line with its URL once it can be reached. A second signal ends it at " +
    "once.\nWithout --data it forgets all jobs when it ends.",
  examples: [
    ["serve", "a server in memory on tcp://127.0.0.1:7419"],
    ["serve --data jobs.db", "one that keeps its jobs in a file, also over kill -9"],
    ["serve --port 0 --json", 'one on any free port: {"url":"tcp://127.0.0.1:49152",..}'],
    [
      "serve --hostname 0.0.0.0 --tls-cert cert.pem --tls-key key.pem",
      "one for other machines, its password in FAKTORY_PASSWORD",
    ],
  ],
  configure(command: Command): void {
    command
      .option("-p, --port <number>", "0 for any that is free (default: 7419)", integer(0, 65_535))
      .option("--hostname <address>", "where to listen (default: 127.0.0.1)")
      .option("--password <text>", "what clients must know; better in FAKTORY_PASSWORD")
      .option("--tls-cert <file>", "its certificate, for tcp+tls:// (PEM)")
      .option("--tls-key <file>", "the key of its certificate (PEM)")
      .option("--data <file>", "keep everything in this file, made where there is none")
      .option("--max-connections <number>", "connections at a time (default: 2000)", integer(1));
    choice(command, "--edition <name>", {
      help: "which server to be: enterprise has batches and tracking (default: free)",
      of: ["free", "enterprise"],
    });
  },
  run,
};

async function run({ flags, io, output }: Invocation<ServeFlags>): Promise<void> {
  const server = await start(flags, io);
  try {
    const url = server.url.replace(/\/\/[^/]*@/, "//");
    output.print({ url, pid: io.pid }, () => `Faktory listens on ${url}`);
    if (isOpen(flags, io)) {
      output.warn(`Whoever can reach ${flags.hostname} can use it; set FAKTORY_PASSWORD`);
    }
    // Where it cannot save any more, it ends by itself, and tells why.
    await Promise.race([interrupted(io.signal), server.closed]);
  } finally {
    await server.close();
  }
}

async function start(flags: ServeFlags, io: CliIo): Promise<FaktoryServer> {
  const { port, hostname, data, edition, maxConnections, tlsCert, tlsKey } = flags;
  const options: FaktoryServerOptions = {
    ...{ port, hostname, data, edition, maxConnections },
    password: flags.password ?? passwordVariable(io),
    tls: await filePair(["--tls-cert", "--tls-key"], [tlsCert, tlsKey]),
  };
  // Loaded here, so that no other command waits for it.
  const { FaktoryServer } = await import("../../server/mod.ts");
  try {
    return await FaktoryServer.start(options);
  } catch (error) {
    throw listenFailure(error) ?? error;
  }
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "choose another with --port, 0 for any that is free",
  EACCES: "choose one above 1023 with --port",
};

/** The system's reasons not to listen, which say what to do about them. */
function listenFailure(error: unknown): CliError | undefined {
  const { message, cause } = error as Error;
  const { code } = (cause ?? {}) as { code?: unknown };
  if (typeof code !== "string" || !message.startsWith("Cannot listen")) return undefined;
  const hint = LISTEN_HINTS[code] ?? "check --hostname and --port";
  return new CliError(Status.unavailable, message, hint);
}

/** Whether others than this machine may use it without a password. */
function isOpen({ hostname = "127.0.0.1", password }: ServeFlags, io: CliIo): boolean {
  const isLocal = /^(localhost|127\.[\d.]+|::1)$/.test(hostname);
  return !isLocal && !(password ?? passwordVariable(io));
}

function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
