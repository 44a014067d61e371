import type { Server as NetServer, Socket } from "node:net";
import { ConfigError } from "../errors.ts";
import { importBuiltin } from "../internal/environment.ts";
import { bytesOf } from "./go/text.ts";
import type { Peer, PeerHandler } from "./peer.ts";

/** How long clients may take to read what they were sent before the server closed, in milliseconds. */
const CLOSE_MS = 500;

/** How long a client may take to begin TLS, in milliseconds. */
const HANDSHAKE_MS = 2000;

/** Where to listen, and with what certificate. */
export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** A port that is listened on. */
export interface Listener {
  readonly port: number;
  /**
   * Takes no more connections, and waits for those that are there to end; those that have not a while after `owed` has
   * settled are cut off.
   */
  close(owed: Promise<unknown>): Promise<void>;
}

/**
 * Listens on TCP. The one place of the embedded server that touches a socket.
 *
 * @throws {ConfigError} `INVALID_OPTION`, and `UNSUPPORTED_RUNTIME` where programs cannot listen.
 */
export async function listen(
  { hostname, port, tls }: ListenOptions,
  accept: (peer: Peer) => PeerHandler,
): Promise<Listener> {
  const modules = await load();
  const server = tls === undefined
    ? modules.net.createServer(OPTIONS, (socket) => attach(socket, accept))
    : modules.tls.createServer(
      { ...keysOf(tls, modules), ...OPTIONS, ...TLS },
      (socket) => attach(socket, accept),
    )
      // A client that speaks no TLS is no event of the server's.
      .on("tlsClientError", (_error, socket) => void socket.destroy());
  const sockets = new Set<Socket>();
  // Those that have not begun TLS, too.
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  });
  return await new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(cannotListen({ hostname, port }, cause)));
    server.listen(port, hostname, () => resolve(listenerOf(server, sockets)));
  });
}

/** Loads Node's modules with the first server, as this file may be in a bundle for a runtime without them. */
async function load() {
  try {
    const [crypto, net, tls] = await Promise.all([
      importBuiltin<typeof import("node:crypto")>("node:crypto"),
      importBuiltin<typeof import("node:net")>("node:net"),
      importBuiltin<typeof import("node:tls")>("node:tls"),
    ]);
    return { crypto, net, tls };
  } catch (cause) {
    throw new ConfigError(
      "UNSUPPORTED_RUNTIME",
      "Cannot listen as this runtime has no node:net. MemoryServer of the entry ./testing needs none",
      { cause },
    );
  }
}

type Modules = Awaited<ReturnType<typeof load>>;

const OPTIONS = { noDelay: true, allowHalfOpen: true } as const;

const TLS = { handshakeTimeout: HANDSHAKE_MS, minVersion: "TLSv1.2" } as const;

/** @throws {ConfigError} `INVALID_OPTION` where it is no certificate, or its key is another's. */
function keysOf(
  { cert, key }: { readonly cert: string; readonly key: string },
  { crypto }: Modules,
) {
  // Looked at here, since not every runtime's server does before its first client has come.
  let reason = "the key is another's";
  try {
    const isPair = new crypto.X509Certificate(cert).checkPrivateKey(crypto.createPrivateKey(key));
    if (isPair) return { cert, key };
  } catch (cause) {
    reason = (cause as Error).message;
  }
  throw new ConfigError(
    "INVALID_OPTION",
    `Cannot listen as the option tls is no certificate with its key: ${reason}`,
  );
}

function listenerOf(server: NetServer, sockets: ReadonlySet<Socket>): Listener {
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async close(owed) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.race([closed, owed.catch(() => {})]);
      const cutOff = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, CLOSE_MS);
      await closed;
      clearTimeout(cutOff);
    },
  };
}

function attach(socket: Socket, accept: (peer: Peer) => PeerHandler): void {
  const handler = accept({
    // Errors repeat what a client sent, byte for byte.
    send: (text) =>
      socket.writable ? socket.write(text.isWellFormed() ? text : bytesOf(text)) : true,
    end: () => socket.destroySoon(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  });
  socket
    .on("data", (bytes: Uint8Array) => handler.received(bytes))
    .on("drain", () => handler.drained())
    .on("end", () => handler.ended())
    // A client that went away is no event of the server's.
    .on("error", () => {})
    .on("close", () => handler.closed());
}

function cannotListen(
  { hostname, port }: { hostname: string; port: number },
  cause: Error & { code?: string },
): ConfigError {
  const reason = cause.code === "EADDRINUSE" ? "the port is taken" : cause.message;
  return new ConfigError("INVALID_OPTION", `Cannot listen on ${hostname}:${port} as ${reason}`, {
    cause,
  });
}
