import { ConfigError, ConnectError, type FaktoryErrorCode, TlsError } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import type { ConnectTarget } from "./transport.ts";

/** Formats a target for messages: `localhost:7419`, `[::1]:7419`. */
export function formatAddress({ hostname, port }: ConnectTarget): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Our code for a runtime's own error, by its `code` or else its `name`. */
const CODES = new Map<string, FaktoryErrorCode>([
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

/** The meaning of each code, to follow "Cannot connect to host:port as". */
const REASONS = new Map<FaktoryErrorCode, string>([
  ["CONNECTION_REFUSED", "nothing listens there (connection refused)"],
  ["HOST_NOT_FOUND", "the host's name cannot be resolved"],
  ["HOST_UNREACHABLE", "the host cannot be reached from here"],
]);

/** Returns the error for a connection that could not be opened. */
export function connectFailure(
  cause: unknown,
  target: ConnectTarget,
  fallback: FaktoryErrorCode = "CONNECT_FAILED",
): ConnectError {
  if (cause instanceof ConnectError) return cause;
  const code = codeOf(cause) ?? fallback;
  const reason = REASONS.get(code) ?? `the attempt failed (${textOf(cause)})`;
  return new ConnectError(code, `Cannot connect to ${formatAddress(target)} as ${reason}`, {
    cause,
  });
}

/** Codes of Node and Bun for errors about the server's certificate. */
const CERTIFICATE_CODES =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** Returns true if the `code` of a runtime's error is about a certificate. */
export function isAboutCertificate(cause: unknown): boolean {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" && CERTIFICATE_CODES.test(code);
}

/** The reason if TLS could not be established, to follow "Cannot connect to host:port as". */
export const NO_TLS = "TLS could not be set up. Does the server use TLS?";

/** Returns the error for TLS that could not be established on an open connection. */
export function tlsFailure(
  cause: unknown,
  target: ConnectTarget,
  isCertificate: boolean,
): TlsError {
  if (cause instanceof TlsError) return cause;
  const code = isCertificate ? "TLS_CERTIFICATE" : "TLS_FAILED";
  const reason = isCertificate ? "its certificate cannot be verified" : NO_TLS;
  return new TlsError(
    code,
    `Cannot connect to ${formatAddress(target)} as ${reason} (${textOf(cause)})`,
    { cause },
  );
}

/** Returns the error for TLS settings that the runtime cannot read. */
export function unusableTls(cause: unknown): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option tls as its certificates or its key cannot be read: ${textOf(cause)}`,
    { cause },
  );
}

/** Returns the name that the server's certificate must contain. */
export function verifiedName({ hostname, tls }: ConnectTarget): string {
  // A zone is local to this machine and not part of a certificate.
  return tls?.serverName ?? hostname.replace(/%.*$/, "");
}

function codeOf(cause: unknown): FaktoryErrorCode | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  const { code, name, errors } = cause as { code?: unknown; name?: unknown; errors?: unknown };
  for (const key of [code, name]) {
    const known = typeof key === "string" ? CODES.get(key) : undefined;
    if (known !== undefined) return known;
  }
  // Several addresses were tried. They usually fail in the same way.
  return Array.isArray(errors)
    ? errors.map(codeOf).find((known) => known !== undefined)
    : undefined;
}

/** OpenSSL puts the text of its messages between numbers and the path of a source file. */
const OPENSSL = /^(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i;

function textOf(cause: unknown): string {
  if (!isError(cause)) return String(cause);
  const { code } = cause as { code?: unknown };
  const [, words] = OPENSSL.exec(cause.message) ?? [];
  if (words !== undefined) return words.replaceAll("_", " ").toLowerCase();
  return cause.message !== "" ? cause.message : typeof code === "string" ? code : cause.name;
}
