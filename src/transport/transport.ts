/**
 * What a transport is: the one thing the package needs of a runtime. Types only.
 *
 * @module
 */

/** TLS settings, the same for every runtime. */
export interface TlsOptions {
  /** Certificates of authorities to trust, each in PEM. @default the runtime's own */
  readonly caCerts?: readonly string[];
  /** The client's own certificate chain in PEM, for servers that ask for one. */
  readonly cert?: string;
  /** The private key of `cert`, in PEM. */
  readonly key?: string;
  /** The name the server's certificate must be for. @default the host of the URL */
  readonly serverName?: string;
  /**
   * Whether a certificate that does not verify ends the connection. `false` is refused where the
   * runtime cannot do it (Deno: its `--unsafely-ignore-certificate-errors` flag does; Cloudflare
   * Workers: not at all).
   *
   * @default true
   */
  readonly rejectUnauthorized?: boolean;
}

/** Where to connect to. */
export interface ConnectTarget {
  /** A host name or an IP address, an IPv6 address without brackets. */
  readonly hostname: string;
  /** 1 to 65535. */
  readonly port: number;
  /** There: TLS with these settings. Absent: plain TCP. */
  readonly tls?: TlsOptions | undefined;
}

/** Options of {@linkcode Transport.connect}. */
export interface TransportConnectOptions {
  /** Calls the attempt off; a connection already made is not touched by it. */
  readonly signal?: AbortSignal | undefined;
}

/** Two byte streams, one in each direction. */
export interface DuplexStream {
  /** What the peer sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What is sent to the peer. A write has settled once its bytes may be overwritten. */
  readonly writable: WritableStream<Uint8Array>;
}

/** An open connection. */
export interface TransportConnection extends DuplexStream {
  /** Resolves once the connection has ended, for whatever reason; never rejects. */
  readonly closed: Promise<void>;
  /** Ends the connection at once. Reads end or fail, writes fail. Calling it again does nothing. */
  close(reason?: unknown): void;
}

/**
 * A way to make connections. It is asked again after each failure, so it has to be able to make
 * more than one.
 *
 * It knows bytes only: no protocol, no retries, no logging.
 */
export interface Transport {
  /** What it is called in errors and events, for example `deno`. */
  readonly name: string;
  /**
   * Opens a connection; with `target.tls` set, resolves only once the peer's certificate is
   * verified.
   *
   * Rejects with a `ConnectError`, a `TlsError` if TLS is at fault, or the signal's reason.
   */
  connect(target: ConnectTarget, options?: TransportConnectOptions): Promise<TransportConnection>;
}
