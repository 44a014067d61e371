import { ConnectError, TlsError } from "../errors.ts";
import type { ConnectTarget } from "./transport.ts";

/** A target for people: `localhost:7419`, `[::1]:7419`. */
export function placeOf({ hostname, port }: ConnectTarget): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** What a runtime's own error is called here, by its `code` or else its `name`. */
const KINDS = new Map([
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
const REASONS = new Map([
  ["CONNECTION_REFUSED", "nothing listens there (connection refused)"],
  ["HOST_NOT_FOUND", "the host's name cannot be resolved"],
  ["HOST_UNREACHABLE", "the host cannot be reached from here"],
]);

/** The error for a connection that could not be made. */
export function connectFailure(
  cause: unknown,
  target: ConnectTarget,
  fallback = "CONNECT_FAILED",
): ConnectError {
  if (cause instanceof ConnectError) return cause;
  const code = kindOf(cause) ?? fallback;
  const reason = REASONS.get(code) ?? `the attempt failed: ${textOf(cause)}`;
  return new ConnectError(code, `Cannot connect to ${placeOf(target)} as ${reason}`, { cause });
}

/** The error for TLS that could not be set up over a connection that was made. */
export function tlsFailure(
  cause: unknown,
  target: ConnectTarget,
  atFault: "certificate" | "handshake",
): TlsError {
  const [code, reason] = atFault === "certificate"
    ? ["TLS_CERTIFICATE", "its certificate does not verify"]
    : ["TLS_FAILED", "no TLS could be set up with it"];
  return new TlsError(
    code,
    `Cannot connect to ${placeOf(target)} as ${reason}: ${textOf(cause)}`,
    { cause },
  );
}

function kindOf(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  const { code, name, errors } = cause as { code?: unknown; name?: unknown; errors?: unknown };
  for (const key of [code, name]) {
    const kind = typeof key === "string" ? KINDS.get(key) : undefined;
    if (kind !== undefined) return kind;
  }
  // Several addresses were tried: they seldom fail in different ways.
  return Array.isArray(errors) ? errors.map(kindOf).find((kind) => kind !== undefined) : undefined;
}

function textOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as { code?: unknown };
  return cause.message !== "" ? cause.message : typeof code === "string" ? code : cause.name;
}

/** The error of a transport that has no TLS: bytes meant to be secret do not go out in the open. */
export function withoutTls(target: ConnectTarget): TlsError {
  return new TlsError(
    "TLS_FAILED",
    `Cannot connect to ${placeOf(target)} as this transport has no TLS`,
  );
}
