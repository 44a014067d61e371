/** A client's connection, as the server uses it. */
export interface Peer {
  /** The client's IP address, if it has one. */
  readonly address?: string | undefined;
  /**
   * Sends bytes or text. Lone surrogates in a text stand for bytes, as in `go/text.ts`. Returns
   * false if the caller should wait for `drained` before the next call.
   */
  send(data: string | Uint8Array): boolean;
  /** Closes the connection after everything was sent. */
  end(): void;
  /** Closes the connection at once. */
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** Receives the events of a {@linkcode Peer}. */
export interface PeerHandler {
  received(bytes: Uint8Array): void;
  drained(): void;
  /** The client has half-closed the connection. It may still read. */
  ended(): void;
  closed(): void;
}
