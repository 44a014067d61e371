/**
 * The interface between the package and the sockets of a runtime. Types only.
 *
 * @module
 */

/** TLS settings, the same for all runtimes. */
export interface TlsOptions {
  /** Certificates of trusted authorities, each in PEM. @default those of the runtime */
  readonly caCerts?: readonly string[];
  /** The client's certificate chain in PEM, for servers that require one. @default none */
  readonly cert?: string;
  /** The private key of `cert`, in PEM. @default none */
  readonly key?: string;
  /** The name that the server's certificate must contain. @default the host of the URL */
  readonly serverName?: string;
  /**
   * Closes the connection if the certificate cannot be verified. `false` is refused if the runtime
   * does not support it: Deno has the flag `--unsafely-ignore-certificate-errors` instead,
   * Cloudflare Workers have nothing.
   *
   * @default true
   */
  readonly rejectUnauthorized?: boolean;
}

/** The address to connect to. */
export interface ConnectTarget {
  /** A host name or an IP address. An IPv6 address has no brackets. */
  readonly hostname: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /** TLS settings; without them, the connection is plain TCP. */
  readonly tls?: TlsOptions | undefined;
}

/** Options of {@linkcode Transport.connect}. */
export interface TransportConnectOptions {
  /** Aborts the attempt. A connection that is already open is not affected. */
  readonly signal?: AbortSignal | undefined;
}

/** Two byte streams, one in each direction. */
export interface DuplexStream {
  /** The bytes from the peer. */
  readonly readable: ReadableStream<Uint8Array>;
  /** The bytes to the peer. When a write has settled, its bytes may be overwritten. */
  readonly writable: WritableStream<Uint8Array>;
}

/** An open connection. */
export interface TransportConnection extends DuplexStream {
  /** Resolves when the connection has ended, for any reason. Never rejects. */
  readonly closed: Promise<void>;
  /** Closes the connection at once. Reads end or fail, writes fail. A second call does nothing. */
  close(reason?: unknown): void;
}

/**
 * Opens connections. It is used again after each failure, so it must be able to open more than one.
 *
 * A transport handles bytes only: no protocol, no retries, no logging.
 */
export interface Transport {
  /** Its name in errors and events, for example `deno`. */
  readonly name: string;
  /**
   * Opens a connection. With `target.tls`, resolves only when the server's certificate is verified.
   *
   * Rejects with a `ConnectError`, a `TlsError` if TLS is the cause, or the signal's reason.
   */
  connect(target: ConnectTarget, options?: TransportConnectOptions): Promise<TransportConnection>;
}
