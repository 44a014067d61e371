import { ConnectError, TlsError } from "../errors.ts";
import type { Peer, PeerHandler } from "../server/peer.ts";
import { placeOf } from "../transport/failures.ts";
import type {
  ConnectTarget,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "../transport/transport.ts";
import { MemoryPeer } from "./memory_peer.ts";

/** Something in this process that takes connections. */
export interface Acceptor {
  /** Whether it takes none any longer. */
  readonly isClosing: boolean;
  /** Takes one; what is returned hears of it. */
  connect(peer: Peer): PeerHandler;
}

/**
 * A transport to `acceptor`, over streams in memory. Whichever host is asked for, it is the one
 * that is reached.
 */
export function memoryTransport(acceptor: Acceptor): Transport {
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
          `Cannot connect to ${placeOf(target)} as there is no TLS in memory: leave out the ` +
            "option tls, and take the URL that comes with the transport",
        );
      }
      // Later, as with every other transport: so it can be called off.
      await Promise.resolve();
      signal?.throwIfAborted();
      if (acceptor.isClosing) {
        throw new ConnectError(
          "CONNECTION_REFUSED",
          `Cannot connect to ${placeOf(target)} as the server in memory is closed`,
        );
      }
      return new MemoryPeer((peer) => acceptor.connect(peer)).connection;
    },
  };
}
