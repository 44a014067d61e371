import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Command } from "commander";
import type { DashboardHandler, DashboardOptions } from "../dashboard/mod.ts";
import { CliError } from "./failure.ts";
import { collect, filePair } from "./parse.ts";
import { Status } from "./status.ts";

/** The flags of commands that serve a dashboard. */
export interface WebFlags {
  /** The address to serve it on. `false` for no dashboard. */
  readonly web?: WebAddress | false;
  readonly webName?: readonly string[];
  readonly webReadOnly?: boolean;
  readonly webPassword?: string;
  readonly webTlsCert?: string;
  readonly webTlsKey?: string;
  readonly webProxy?: boolean;
  readonly webOpen?: boolean;
}

/** An address to listen on. */
export interface WebAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Adds {@linkcode WebFlags}. `place` is the default address, for the help. */
export function addWebFlags(command: Command, address: string): void {
  command
    .option("--web <host:port>", `address of the dashboard (default: ${address})`, parseAddress)
    .option("--web-name <host>", "host name that browsers use for it; repeatable", collect)
    .option("--web-read-only", "make the dashboard read-only")
    .option("--web-password <text>", "password of the dashboard (default: the server's)")
    .option("--web-tls-cert <file>", "certificate of the dashboard, for https:// (PEM)")
    .option("--web-tls-key <file>", "key of that certificate (PEM)")
    .option("--web-proxy", "trust the X-Forwarded headers of a proxy in front of the dashboard")
    .option("--web-open", "allow everybody who reaches the dashboard to use it");
}

/** Returns true if other machines reach the dashboard, directly or through a proxy. */
function isReachable({ webProxy }: WebFlags, { hostname }: WebAddress): boolean {
  return webProxy === true || !isLoopback(hostname);
}

/**
 * Builds the dashboard's options from the flags.
 *
 * @param serverPassword Password of the server.
 * @throws {CliError} if other machines reach the dashboard and it has no password.
 */
export function dashboardOptions(
  flags: WebFlags,
  address: WebAddress,
  serverPassword: string | undefined,
): DashboardOptions {
  const password = flags.webPassword || serverPassword || undefined;
  if (password === undefined && isReachable(flags, address) && flags.webOpen !== true) {
    throw new CliError(
      Status.usage,
      `Cannot serve the dashboard on ${address.hostname}:${address.port} without a password as others ` +
        "could change jobs",
      "set FAKTORY_PASSWORD or --web-password, or allow everybody with --web-open",
    );
  }
  const { webName: hosts, webReadOnly: readOnly, webProxy: trustProxy } = flags;
  return { hosts, readOnly, trustProxy, password: password ?? false };
}

/** Reads the certificate of the flags. `fallback` is the server's. */
export async function webTls(
  flags: WebFlags,
  address: WebAddress,
  fallback?: { readonly cert: string; readonly key: string },
): Promise<WebOptions["tls"]> {
  const { webTlsCert, webTlsKey, webProxy } = flags;
  const own = await filePair(["--web-tls-cert", "--web-tls-key"], [webTlsCert, webTlsKey]);
  // The server's certificate is for this machine's name. A loopback address has another name.
  return own ?? (webProxy === true || isLoopback(address.hostname) ? undefined : fallback);
}

/** Returns the warning about a dashboard without encryption, or about one without a password. */
export function webWarning(
  flags: WebFlags,
  address: WebAddress,
  { password, tls }: { readonly password: unknown; readonly tls: WebOptions["tls"] },
): string | undefined {
  if (!isReachable(flags, address)) return undefined;
  const where = `${address.hostname}:${address.port}`;
  if (password === false) return `Anyone who can reach ${where} can change jobs`;
  return tls === undefined && flags.webProxy !== true
    ? `Passwords for ${where} are sent without encryption; use --web-tls-cert and --web-tls-key`
    : undefined;
}

/** A running dashboard. */
export interface Web {
  /** The URL for browsers. */
  readonly url: string;
  close(): Promise<void>;
}

/** Options for serving a dashboard. */
export interface WebOptions extends WebAddress {
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/**
 * Serves a dashboard with `node:http`, on every runtime.
 *
 * @throws {CliError} if it cannot listen on the address.
 */
export async function serveWeb(handler: DashboardHandler, options: WebOptions): Promise<Web> {
  const { hostname, port, tls } = options;
  const { nodeListener } = await import("../dashboard/mod.ts");
  const listener = nodeListener(handler);
  const server: Server = tls === undefined
    ? (await import("node:http")).createServer(listener)
    : (await import("node:https")).createServer(tls, listener);
  const sockets = new Set<Socket>();
  let isClosing = false;
  server.on("connection", (socket) => {
    // A connection that was accepted late would keep the server open.
    if (isClosing) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => reject(cannotServe(options, error)));
    server.listen(port, hostname, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    url: `${tls === undefined ? "http" : "https"}://${host}:${bound}/`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      isClosing = true;
      // Open pages keep a connection for live updates.
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** Returns true if only programs on this machine can reach an address. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127\.[\d.]+|::1)$/.test(hostname);
}

/** Parses `--web`: HOST:PORT, or a port on this machine. */
function parseAddress(text: string): WebAddress {
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]:|([^:]+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port !== "" && Number(port) <= 65_535) {
    return { hostname: bracketed ?? plain ?? "127.0.0.1", port: Number(port) };
  }
  throw new CliError(
    Status.usage,
    `Cannot serve the dashboard at ${JSON.stringify(text)} as it is not an address`,
    "use --web HOST:PORT, such as --web 127.0.0.1:7420",
  );
}

function cannotServe(
  { hostname, port }: WebAddress,
  { code, message }: { readonly code?: string; readonly message: string },
): CliError {
  const reason = code === "EADDRINUSE" ? "the port is taken" : message;
  return new CliError(
    Status.unavailable,
    `Cannot serve the dashboard on ${hostname}:${port} as ${reason}`,
    "choose another address with --web HOST:PORT",
  );
}
