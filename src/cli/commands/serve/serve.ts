import type { Command } from "commander";
import type { FaktoryServer } from "../../../server/mod.ts";
import type { FaktoryServerOptions, ServerEdition } from "../../../server/mod.ts";
import type { CommandDefinition, Invocation } from "../../command.ts";
import { passwordVariable } from "../../connect.ts";
import { CliError } from "../../failure.ts";
import { type CliIo, untilInterrupted } from "../../io.ts";
import { choice, filePair, integer } from "../../parse.ts";
import { ServeLog } from "./serve_log.ts";
import { Status } from "../../status.ts";
import { type Level, LEVELS } from "../../timed_log.ts";
import {
  addWebFlags,
  dashboardOptions,
  isLoopback,
  serveWeb,
  type Web,
  type WebAddress,
  type WebFlags,
  webTls,
  webWarning,
} from "../../web.ts";

interface ServeFlags extends WebFlags {
  readonly port?: number;
  readonly hostname?: string;
  readonly password?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly data?: string;
  readonly edition?: ServerEdition;
  readonly maxConnections?: number;
  readonly maxLine?: number;
  readonly logLevel?: Level | "none";
}

/** `faktory serve`: runs the embedded server. */
export const serve: CommandDefinition<ServeFlags> = {
  name: "serve",
  summary: "Runs the embedded server until SIGINT or SIGTERM",
  details:
    "When it is ready, it prints its URL and the address of its dashboard. A second signal ends " +
    "it at once. Without --data, all jobs are lost when it ends. If it has a password, the " +
    "dashboard asks for it.",
  examples: [
    ["serve", "a server in memory on tcp://127.0.0.1:7419, with its dashboard on port 7420"],
    ["serve --data jobs", "a server that keeps its jobs in a folder, even after kill -9"],
    ["serve --port 0 --json", 'on any free port: {"url":"tcp://127.0.0.1:49152",..}'],
    [
      "serve --web 0.0.0.0:7420 --web-tls-cert cert.pem --web-tls-key key.pem",
      "with the dashboard for other machines too, and the password in FAKTORY_PASSWORD",
    ],
    [
      "serve --hostname 0.0.0.0 --tls-cert cert.pem --tls-key key.pem",
      "for other machines, with the password in FAKTORY_PASSWORD",
    ],
  ],
  configure(command: Command): void {
    command
      .option(
        "-p, --port <number>",
        "port to listen on, 0 for any free one (default: 7419)",
        integer(0, 65_535),
      )
      .option("--hostname <address>", "address to listen on (default: 127.0.0.1)")
      .option("--password <text>", "password of the server; safer in FAKTORY_PASSWORD")
      .option("--tls-cert <file>", "certificate of the server, for tcp+tls:// (PEM)")
      .option("--tls-key <file>", "key of the certificate (PEM)")
      .option("--data <folder>", "folder to keep all data in, created if missing")
      .option(
        "--max-connections <number>",
        "maximum number of connections (default: 2000)",
        integer(1),
      )
      .option(
        "--max-line <bytes>",
        "longest line with jobs (default: 64 MiB)",
        integer(64 * 1024, 512 * 1024 * 1024),
      );
    addWebFlags(command, "127.0.0.1:7420");
    command.option("--no-web", "do not serve a dashboard");
    choice(command, "--log-level <name>", {
      help: "lowest level of log lines: debug, info, warn, error, or none (default: info)",
      of: [...LEVELS, "none"],
    });
    choice(command, "--edition <name>", {
      help: "edition to imitate; enterprise has batches and tracking (default: free)",
      of: ["free", "enterprise"],
    });
  },
  run,
};

async function run(invocation: Invocation<ServeFlags>): Promise<void> {
  const { flags, io, output } = invocation;
  const log = new ServeLog(output, io, flags.logLevel);
  const server = await start(flags, io, (event) => log.write(event));
  let web: Web | undefined;
  try {
    web = await startWeb(server, invocation);
    const url = server.url.replace(/\/\/[^/]*@/, "//");
    output.print(
      { url, ...web && { web: web.url }, pid: io.pid },
      () => `Faktory listens on ${url}${web === undefined ? "" : `\nDashboard: ${web.url}`}`,
    );
    log.open();
    if (isOpen(flags, io)) {
      output.warn(
        `Anyone who can reach ${flags.hostname} can use the server; set FAKTORY_PASSWORD`,
      );
    }
    // If the server can no longer save, it closes itself and reports the reason.
    await Promise.race([untilInterrupted(io.signal), server.closed]);
  } finally {
    await web?.close();
    await server.close();
    log.close();
  }
}

async function start(
  flags: ServeFlags,
  io: CliIo,
  onEvent: NonNullable<FaktoryServerOptions["onEvent"]>,
): Promise<FaktoryServer> {
  const { port, hostname, data, edition, maxConnections, maxLine, tlsCert, tlsKey } = flags;
  const options: FaktoryServerOptions = {
    ...{ port, hostname, data, edition, maxConnections, maxLineBytes: maxLine, onEvent },
    password: flags.password ?? passwordVariable(io),
    tls: await filePair(["--tls-cert", "--tls-key"], [tlsCert, tlsKey]),
  };
  // Loaded here to keep other commands fast.
  const { FaktoryServer } = await import("../../../server/mod.ts");
  try {
    return await FaktoryServer.start(options);
  } catch (error) {
    throw listenFailure(error) ?? error;
  }
}

/**
 * Serves the dashboard. If its port is taken and the user did not choose it, the command warns and
 * starts without a dashboard.
 */
async function startWeb(
  server: FaktoryServer,
  { flags, io, output }: Invocation<ServeFlags>,
): Promise<Web | undefined> {
  if (flags.web === false) return undefined;
  const isChosen = typeof flags.web === "object";
  // A user who wants any free port for the server gets one for the dashboard too.
  const address = isChosen
    ? flags.web as WebAddress
    : { hostname: "127.0.0.1", port: flags.port === 0 ? 0 : 7420 };
  const options = dashboardOptions(flags, address, flags.password ?? passwordVariable(io));
  const serverTls = await filePair(["--tls-cert", "--tls-key"], [flags.tlsCert, flags.tlsKey]);
  const tls = await webTls(flags, address, serverTls);
  const { dashboard } = await import("../../../dashboard/mod.ts");
  try {
    const web = await serveWeb(dashboard(server, options), { ...address, tls });
    const warning = webWarning(flags, address, { password: options.password, tls });
    if (warning !== undefined) output.warn(warning);
    return web;
  } catch (error) {
    if (isChosen || !(error instanceof CliError)) throw error;
    output.warn(`${error.message}; ${error.hint}, or --no-web`);
    return undefined;
  }
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "choose another port with --port, or 0 for any free one",
  EACCES: "choose a port above 1023 with --port",
};

/** Adds hints to the system's reasons for not listening. */
function listenFailure(error: unknown): CliError | undefined {
  const { message, cause } = error as Error;
  const { code } = (cause ?? {}) as { code?: unknown };
  if (typeof code !== "string" || !message.startsWith("Cannot listen")) return undefined;
  const hint = LISTEN_HINTS[code] ?? "check --hostname and --port";
  return new CliError(Status.unavailable, message, hint);
}

/** Returns true if other machines can use the server without a password. */
function isOpen({ hostname = "127.0.0.1", password }: ServeFlags, io: CliIo): boolean {
  return !isLoopback(hostname) && !(password ?? passwordVariable(io));
}
