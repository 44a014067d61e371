/** A client's connection. */
export interface Peer {
  /** Sends a text; false asks to wait for `onDrain` before the next. */
  send(text: string): boolean;
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
  closed(): void;
}
