import { ConnectError, TlsError } from "../errors.ts";
import type { Peer, PeerHandler } from "../server/peer.ts";
import { formatAddress } from "../transport/failures.ts";
import type {
  ConnectTarget,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "../transport/transport.ts";
import { MemoryPeer } from "./memory_peer.ts";

/** A server in this process that accepts connections. */
export interface ConnectionAcceptor {
  /** True if the server accepts no more connections. */
  readonly isClosing: boolean;
  /** Accepts a connection. Returns the handler of its events. */
  connect(peer: Peer): PeerHandler;
}

/** Creates a transport to `acceptor`, over streams in memory. It ignores the host in the URL. */
export function memoryTransport(acceptor: ConnectionAcceptor): Transport {
  return {
    name: "memory",
    async connect(
      target: ConnectTarget,
      { signal }: TransportConnectOptions = {},
    ): Promise<TransportConnection> {
      signal?.throwIfAborted();
      if (target.tls !== undefined) {
        throw new TlsError(
          "TLS_FAILED",
          `Cannot connect to ${
            formatAddress(target)
          } as a server in memory has no TLS: leave out the ` +
            "option tls, and use the URL of the server",
        );
      }
      // Asynchronous like every other transport, so that it can be cancelled.
      await Promise.resolve();
      signal?.throwIfAborted();
      if (acceptor.isClosing) {
        throw new ConnectError(
          "CONNECTION_REFUSED",
          `Cannot connect to ${formatAddress(target)} as the server in memory is closed`,
        );
      }
      return new MemoryPeer((peer) => acceptor.connect(peer)).connection;
    },
  };
}
