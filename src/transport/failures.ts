import { ConfigError, ConnectError, type FaktoryErrorCode, TlsError } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import type { ConnectTarget } from "./transport.ts";

/** A target for people: `localhost:7419`, `[::1]:7419`. */
export function placeOf({ hostname, port }: ConnectTarget): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** What a runtime's own error is called here, by its `code` or else its `name`. */
const KINDS = new Map<string, FaktoryErrorCode>([
  ["ECONNREFUSED", "CONNECTION_REFUSED"],
  ["ConnectionRefused", "CONNECTION_REFUSED"],
  ["ENOTFOUND", "HOST_NOT_FOUND"],
  ["EAI_AGAIN", "HOST_NOT_FOUND"],
  ["EAI_NONAME", "HOST_NOT_FOUND"],
  ["EAI_NODATA", "HOST_NOT_FOUND"],
  ["EAI_FAIL", "HOST_NOT_FOUND"],
  ["DNS_ENOTFOUND", "HOST_NOT_FOUND"],
  ["EHOSTUNREACH", "HOST_UNREACHABLE"],
  ["ENETUNREACH", "HOST_UNREACHABLE"],
  ["EHOSTDOWN", "HOST_UNREACHABLE"],
  ["ENETDOWN", "HOST_UNREACHABLE"],
  ["EADDRNOTAVAIL", "HOST_UNREACHABLE"],
]);

/** What each code means, for the end of "Cannot connect to host:port as". */
const REASONS = new Map<FaktoryErrorCode, string>([
  ["CONNECTION_REFUSED", "nothing listens there (connection refused)"],
  ["HOST_NOT_FOUND", "the host's name cannot be resolved"],
  ["HOST_UNREACHABLE", "the host cannot be reached from here"],
]);

/** The error for a connection that could not be made. */
export function connectFailure(
  cause: unknown,
  target: ConnectTarget,
  fallback: FaktoryErrorCode = "CONNECT_FAILED",
): ConnectError {
  if (cause instanceof ConnectError) return cause;
  const code = kindOf(cause) ?? fallback;
  const reason = REASONS.get(code) ?? `the attempt failed (${textOf(cause)})`;
  return new ConnectError(code, `Cannot connect to ${placeOf(target)} as ${reason}`, { cause });
}

/** The codes by which Node and Bun say that it is the peer's certificate that is at fault. */
const CERTIFICATE_CODES =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** Whether the `code` of a runtime's error speaks of a certificate. */
export function isAboutCertificate(cause: unknown): boolean {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" && CERTIFICATE_CODES.test(code);
}

/**
 * What is wrong with a peer with which TLS could not be set up, for the end of "Cannot connect to
 * host:port as".
 */
export const NO_TLS = "TLS could not be set up with it. Does it speak TLS?";

/** The error for TLS that could not be set up over a connection that was made. */
export function tlsFailure(
  cause: unknown,
  target: ConnectTarget,
  isCertificate: boolean,
): TlsError {
  if (cause instanceof TlsError) return cause;
  const code = isCertificate ? "TLS_CERTIFICATE" : "TLS_FAILED";
  const reason = isCertificate ? "its certificate does not verify" : NO_TLS;
  return new TlsError(
    code,
    `Cannot connect to ${placeOf(target)} as ${reason} (${textOf(cause)})`,
    { cause },
  );
}

/** The error for TLS settings that the runtime cannot read. */
export function unusableTls(cause: unknown): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option tls as its certificates or its key cannot be read: ${textOf(cause)}`,
    { cause },
  );
}

/** The name that the peer's certificate must be for. */
export function verifiedName({ hostname, tls }: ConnectTarget): string {
  // A zone is this machine's own, and in no certificate.
  return tls?.serverName ?? hostname.replace(/%.*$/, "");
}

function kindOf(cause: unknown): FaktoryErrorCode | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  const { code, name, errors } = cause as { code?: unknown; name?: unknown; errors?: unknown };
  for (const key of [code, name]) {
    const kind = typeof key === "string" ? KINDS.get(key) : undefined;
    if (kind !== undefined) return kind;
  }
  // Several addresses were tried: they seldom fail in different ways.
  return Array.isArray(errors) ? errors.map(kindOf).find((kind) => kind !== undefined) : undefined;
}

/** A message of OpenSSL's, which has its words between numbers and the path of its source. */
const OPENSSL = /^(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i;

function textOf(cause: unknown): string {
  if (!isError(cause)) return String(cause);
  const { code } = cause as { code?: unknown };
  const [, words] = OPENSSL.exec(cause.message) ?? [];
  if (words !== undefined) return words.replaceAll("_", " ").toLowerCase();
  return cause.message !== "" ? cause.message : typeof code === "string" ? code : cause.name;
}
