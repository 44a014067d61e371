import { createServer, type Server as NetServer, type Socket } from "node:net";
import { ConfigError } from "../errors.ts";
import type { Peer, PeerHandler } from "./peer.ts";

/** A port that is listened on. */
export interface Listener {
  readonly port: number;
  /** Takes no more connections; those that are there go on. */
  close(): Promise<void>;
}

/** Listens on TCP. The one place of the embedded server that touches a socket. */
export function listen(
  { hostname, port }: { hostname: string; port: number },
  accept: (peer: Peer) => PeerHandler,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => attach(socket, accept));
    server.once("error", (cause) => reject(cannotListen({ hostname, port }, cause)));
    server.listen(port, hostname, () => resolve(listenerOf(server)));
  });
}

function listenerOf(server: NetServer): Listener {
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function attach(socket: Socket, accept: (peer: Peer) => PeerHandler): void {
  const handler = accept({
    send: (text) => socket.writable ? socket.write(text) : true,
    end: () => socket.destroySoon(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  });
  socket
    .on("data", (bytes: Uint8Array) => handler.received(bytes))
    .on("drain", () => handler.drained())
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
