import { ConfigError, ProtocolError, VersionError } from "../errors.ts";
import { iteratedSha256 } from "../internal/iterated_sha256.ts";
import { showText, showValue } from "../internal/show.ts";

/** The version of the protocol that this package speaks. */
export const PROTOCOL_VERSION = 2;

/** Maximum number of hash rounds that a server may request. Real servers request up to 8095. */
const MAX_ITERATIONS = 100_000;

/** The first message of a server. */
export interface Greeting {
  readonly version: number;
  /** Number of hash rounds; 1 if absent. */
  readonly iterations?: number;
  /** Present if the server wants a password. */
  readonly salt?: string;
}

/** A greeting of which only the version was checked. */
export type UncheckedGreeting = Readonly<Record<"i" | "s", unknown>>;

/**
 * Parses a server's greeting, `HI {..}`, without the leading `+`.
 *
 * @throws {ProtocolError} `PROTOCOL_VIOLATION` if it is not a greeting.
 * @throws {VersionError} `UNSUPPORTED_VERSION`, or `HANDSHAKE_REFUSED` if it requests too many
 * rounds.
 */
export function parseGreeting(text: string): Greeting {
  return checkGreeting(readGreeting(text));
}

/**
 * Parses a greeting without checking the challenge. For clients without a password, which only need
 * to know if there is one.
 *
 * @throws {ProtocolError} `PROTOCOL_VIOLATION` if it is not a greeting.
 * @throws {VersionError} `UNSUPPORTED_VERSION`.
 */
export function readGreeting(text: string): UncheckedGreeting {
  const { v, i, s } = greetingFields(text);
  if (v !== PROTOCOL_VERSION) {
    throw new VersionError(
      "UNSUPPORTED_VERSION",
      `Cannot connect as the server speaks version ${describe(v)} of the Faktory protocol: ` +
        `only version ${PROTOCOL_VERSION} is supported`,
    );
  }
  return { i, s };
}

/**
 * Checks the challenge of a greeting.
 *
 * @throws {VersionError} `HANDSHAKE_REFUSED`.
 */
export function checkGreeting({ i, s }: UncheckedGreeting): Greeting {
  if (i !== undefined && !(Number.isInteger(i) && Number(i) >= 1 && Number(i) <= MAX_ITERATIONS)) {
    throw new VersionError(
      "HANDSHAKE_REFUSED",
      `Cannot connect as the server asks for ${describe(i)} rounds of password hashing: ` +
        `1 to ${MAX_ITERATIONS} are accepted`,
    );
  }
  if (s !== undefined && typeof s !== "string") {
    throw new VersionError(
      "HANDSHAKE_REFUSED",
      `Cannot connect as the server's salt is not a string: got ${describe(s)}`,
    );
  }
  return {
    version: PROTOCOL_VERSION,
    ...(i === undefined ? {} : { iterations: i as number }),
    ...(s === undefined ? {} : { salt: s }),
  };
}

function greetingFields(text: string): { v?: unknown; i?: unknown; s?: unknown } {
  let fields: unknown;
  if (/^HI\s/.test(text)) {
    try {
      fields = JSON.parse(text.slice(3));
    } catch {
      // Reported below, together with the text.
    }
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new ProtocolError(
      "PROTOCOL_VIOLATION",
      `Cannot read the server's greeting: got ${
        showText(text)
      }, want HI {"v":2}. Is this a Faktory server, ` +
        "and is TLS switched on where the server wants it, and only there?",
    );
  }
  return fields;
}

function describe(value: unknown): string {
  return value === undefined ? "(none given)" : showValue(value);
}

/**
 * Returns the hash that proves the password: SHA-256 of password and salt, hashed `iterations`
 * times, in lower-case hexadecimal.
 */
export function passwordHash(password: string, salt: string, iterations: number): string {
  return iteratedSha256(new TextEncoder().encode(password + salt), iterations);
}

/** The data about a client in HELLO. A property that is `undefined` counts as absent. */
export interface Hello {
  readonly version: 2;
  /** The result of {@linkcode passwordHash}; only if the greeting has a salt. */
  readonly passwordHash?: string | undefined;
  readonly hostname?: string | undefined;
  /** The worker that the connection belongs to. */
  readonly wid?: string | undefined;
  readonly pid?: number | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly username?: string | undefined;
}

/**
 * Returns the payload of HELLO.
 *
 * @throws {ConfigError} `INVALID_OPTION` on a value of the wrong type, for which the server would
 * close the connection without an error.
 */
export function helloPayload(hello: Hello): string {
  const { pid, labels } = hello;
  if (pid !== undefined && !Number.isSafeInteger(pid)) {
    throw wrongType("pid", "an integer", pid);
  }
  if (labels !== undefined && !Array.isArray(labels)) {
    throw wrongType("labels", "an array of strings", labels);
  }
  return JSON.stringify({
    v: hello.version,
    pwdhash: text("passwordHash", hello.passwordHash),
    hostname: text("hostname", hello.hostname),
    wid: text("wid", hello.wid),
    pid,
    labels: labels?.map((label, index) => text(`labels[${index}]`, label)),
    username: text("username", hello.username),
  });
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined && !name.startsWith("labels")) return undefined;
  if (typeof value !== "string") throw wrongType(name, "a string", value);
  return value.toWellFormed();
}

function wrongType(name: string, wanted: string, value: unknown): ConfigError {
  return new ConfigError(
    "INVALID_OPTION",
    `Cannot connect as ${name} is not ${wanted}: got ${showValue(value)}`,
  );
}
