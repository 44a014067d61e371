/** A client's connection. */
export interface Peer {
  /** The client's address, as far as it has one. */
  readonly address?: string | undefined;
  /**
   * Sends bytes, or a text, of which lone surrogates are bytes, as `go/text.ts` has them; false
   * asks to wait for `drained` before the next.
   */
  send(data: string | Uint8Array): boolean;
  /** Hangs up once all that was sent is out. */
  end(): void;
  /** Hangs up at once. */
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** What a connection's owner hears of it. */
export interface PeerHandler {
  received(bytes: Uint8Array): void;
  drained(): void;
  /** The client says no more; it may still listen. */
  ended(): void;
  closed(): void;
}
