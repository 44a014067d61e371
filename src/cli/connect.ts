import type { Command } from "commander";
import { Producer } from "../../mod.ts";
import type { ConnectionOptions, TlsOptions } from "../../mod.ts";
import { resolveTarget } from "../connection/target.ts";
import { formatAddress } from "../transport/failures.ts";
import type { Invocation } from "./command.ts";
import type { CliIo } from "./io.ts";
import { certificate, filePair, seconds } from "./parse.ts";

/** The flags of every command that connects to a server. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly password?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  /** In ms. */
  readonly timeout?: number;
}

/** Adds {@linkcode ConnectionFlags}. `url` is the help text of `--url`. */
export function addConnectionFlags(
  command: Command,
  url = "the server (default: FAKTORY_URL, or tcp://localhost:7419)",
): void {
  command
    .option("--url <url>", url)
    .option("--password <text>", "password of the server; safer in FAKTORY_PASSWORD")
    .option("--ca <file>", "certificate of the authority that signed the server's (PEM)")
    .option("--cert <file>", "client certificate (PEM)")
    .option("--key <file>", "key of the client certificate (PEM)")
    .option("--insecure", "do not verify the server's certificate (not in Deno)")
    .option("--timeout <seconds>", "time limit for connecting and for each reply", seconds);
}

/** A server, as named by flags and variables. */
export interface Server {
  /** The URL without its password, for output. */
  readonly url: string;
  /** Options for a producer or a consumer. */
  readonly options: ConnectionOptions;
}

/**
 * Finds the server. Its password comes from the flag, otherwise from the URL, otherwise from the
 * variable FAKTORY_PASSWORD.
 *
 * @throws {ConfigError} if flags or variables are invalid.
 * @throws {CliError} if a file cannot be read.
 */
export async function serverOf(flags: ConnectionFlags, io: CliIo): Promise<Server> {
  const tls = await tlsOf(flags);
  const { target, password, username } = resolveTarget(
    { url: flags.url, password: flags.password, tls },
    (name) => io.env[name],
  );
  const address = formatAddress(target);
  const scheme = target.tls === undefined ? "tcp" : "tcp+tls";
  const user = username === undefined ? "" : `${encodeURIComponent(username)}@`;
  const { timeout } = flags;
  return {
    url: `${scheme}://${address}`,
    options: {
      url: `${scheme}://${user}${address}`,
      password: password ?? passwordVariable(io),
      tls: target.tls,
      connectTimeoutMs: timeout,
      commandTimeoutMs: timeout,
      signal: io.signal,
    },
  };
}

/** Returns the password from the environment. An empty one counts as none. */
export function passwordVariable({ env }: CliIo): string | undefined {
  return env["FAKTORY_PASSWORD"] || undefined;
}

/** Connects a producer to the server of the flags, passes it to `use`, and closes it. */
export async function withProducer<T>(
  { flags, io, output }: Invocation<ConnectionFlags>,
  use: (producer: Producer, server: Server) => Promise<T>,
): Promise<T> {
  const server = await serverOf(flags, io);
  const producer = await Producer.connect(server.options);
  producer.on("warning", ({ message }) => output.warn(message));
  try {
    return await use(producer, server);
  } finally {
    await producer.close();
  }
}

async function tlsOf(
  { ca, cert, key, insecure }: ConnectionFlags,
): Promise<TlsOptions | undefined> {
  if ([ca, cert, key, insecure].every((given) => given === undefined)) return undefined;
  return {
    ...ca === undefined ? {} : { caCerts: [await certificate("--ca", ca)] },
    ...await filePair(["--cert", "--key"], [cert, key]),
    ...insecure === true ? { rejectUnauthorized: false } : {},
  };
}
