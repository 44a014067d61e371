import type { Server as NetServer, Socket } from "node:net";
import { ConfigError } from "../errors.ts";
import { systemClock } from "../internal/clock.ts";
import { importBuiltin } from "../internal/environment.ts";
import { areTicksFake } from "../internal/host_timers.ts";
import { bytesOf } from "./go/text.ts";
import { PortReopener } from "./listener/port_reopener.ts";
import { TlsHandshakes } from "./listener/tls_handshakes.ts";
import type { Peer, PeerHandler } from "./peer.ts";
import type { SocketLimit } from "./socket_limit.ts";

/** After the server has closed, time for clients to read their last replies, in ms. */
const CLOSE_MS = 500;

/** Time limit for the start of TLS, in ms. */
const HANDSHAKE_MS = 2000;

/** Silence after which TCP checks that the client is still there, as on the reference server. */
const KEEP_ALIVE_MS = 15_000;

/** The address to listen on, and the certificate. */
export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Maximum number of open sockets. */
  readonly limit: SocketLimit;
}

/** Takes the new connections. */
export interface Acceptor {
  connect(peer: Peer): PeerHandler;
  /** Closes the connection that is least likely to be needed. Returns true if one was closed. */
  makeRoom(): boolean;
}

/** An open port. */
export interface Listener {
  readonly port: number;
  /**
   * Stops accepting connections and waits until the existing ones have ended. Connections that are
   * still open 500 ms after `replies` has settled are cut.
   */
  close(replies: Promise<unknown>): Promise<void>;
}

/**
 * Listens on TCP. This is the only part of the embedded server that uses sockets.
 *
 * @throws {ConfigError} `INVALID_OPTION`, or `UNSUPPORTED_RUNTIME` if the runtime cannot listen.
 */
export async function listen(
  { hostname, port, tls, limit }: ListenOptions,
  acceptor: Acceptor,
): Promise<Listener> {
  const modules = await load();
  const sockets = new Set<Socket>();
  const server = tls === undefined
    ? modules.net.createServer(OPTIONS)
    : modules.tls.createServer({ ...keysOf(tls, modules), ...OPTIONS, ...TLS })
      // A client that does not speak TLS must not become an error of the server.
      .on("tlsClientError", (_error, socket) => void socket.destroy());
  const reopener = new PortReopener(server);
  const handshakes = new TlsHandshakes(HANDSHAKE_MS);
  const makeRoom = () => handshakes.makeRoom() || acceptor.makeRoom();
  // Includes sockets that have not begun TLS.
  server.on("connection", (socket: Socket) => {
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size <= limit.soft) reopener.reopen();
    }).on("error", () => {});
    sockets.add(socket);
    if (sockets.size > limit.hard) reopener.limitExceeded();
    if (!hasRoom(sockets, limit, makeRoom)) return void socket.destroy();
    // Set here, as Deno ignores this option of the server.
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    if (tls === undefined) attachSocket(socket, acceptor);
    else handshakes.add(socket);
  });
  server.on("secureConnection", (socket: Socket) => {
    handshakes.remove(socket);
    attachSocket(socket, acceptor);
  });
  return await new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(cannotListen({ hostname, port }, cause)));
    server.listen(port, hostname, () => resolve(listenerOf(server, reopener, sockets)));
    if (areTicksFake()) {
      systemClock.after(FAKE_TIMERS_MS, () => {
        server.close();
        reject(fakeTimersError());
      });
    }
  });
}

function fakeTimersError(): ConfigError {
  return new ConfigError(
    "FAKE_TIMERS",
    "Cannot listen as fake timers have replaced process.nextTick, which Node's sockets need: " +
      "do not fake nextTick, or use MemoryServer of the entry ./testing",
  );
}

/**
 * Returns true if the newest socket may stay. A closed socket keeps its file descriptor for a
 * moment.
 */
function hasRoom(
  sockets: ReadonlySet<Socket>,
  limit: SocketLimit,
  makeRoom: () => boolean,
): boolean {
  if (sockets.size <= limit.soft) return true;
  if (sockets.size > limit.hard) return false;
  let open = 0;
  for (const { destroyed } of sockets) if (!destroyed) open++;
  return open <= limit.soft || makeRoom();
}

/**
 * Loads Node's modules when the first server starts: this file may be part of a bundle for a
 * runtime without them.
 */
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
      "Cannot listen as this runtime has no node:net: use MemoryServer of the entry ./testing",
      { cause },
    );
  }
}

type Modules = Awaited<ReturnType<typeof load>>;

/** Time limit for listening while fake timers are in use, in ms. */
const FAKE_TIMERS_MS = 1000;

const OPTIONS = { noDelay: true, allowHalfOpen: true } as const;

const TLS = { minVersion: "TLSv1.2" } as const;

/**
 * @throws {ConfigError} `INVALID_OPTION` if the certificate is invalid, or the key does not match
 *   it.
 */
function keysOf(
  { cert, key }: { readonly cert: string; readonly key: string },
  { crypto }: Modules,
) {
  // Checked here, since some runtimes notice the error only when the first client connects.
  let reason = "the key does not match the certificate";
  try {
    const isPair = new crypto.X509Certificate(cert).checkPrivateKey(crypto.createPrivateKey(key));
    if (isPair) return { cert, key };
  } catch (cause) {
    reason = (cause as Error).message;
  }
  throw new ConfigError(
    "INVALID_OPTION",
    `Cannot listen as the option tls is not a certificate with its key: ${reason}`,
  );
}

function listenerOf(
  server: NetServer,
  reopener: PortReopener,
  sockets: ReadonlySet<Socket>,
): Listener {
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async close(replies) {
      const closed = reopener.close();
      await Promise.race([closed, replies.catch(() => {})]);
      const cancelTimer = systemClock.after(CLOSE_MS, () => {
        for (const socket of sockets) socket.destroy();
      });
      await closed;
      cancelTimer();
    },
  };
}

/** Error replies repeat what a client sent, byte for byte. */
function bytesToSend(data: string | Uint8Array): string | Uint8Array {
  return typeof data !== "string" || data.isWellFormed() ? data : bytesOf(data);
}

function attachSocket(socket: Socket, acceptor: Acceptor): void {
  const handler = acceptor.connect({
    address: socket.remoteAddress,
    send: (data) => !socket.writable || socket.write(bytesToSend(data)),
    end: () => socket.destroySoon(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  });
  socket
    .on("data", (bytes: Uint8Array) => handler.received(bytes))
    .on("drain", () => handler.drained())
    .on("end", () => handler.ended())
    // A client that disconnects must not become an error of the server.
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
