import { ConfigError } from "../errors.ts";

/** The port of a Faktory server where a URL names none. */
export const DEFAULT_PORT = 7419;

/** What a server's URL says. */
export interface ServerUrl {
  /** A name or an address, an IPv6 address without its brackets. */
  readonly hostname: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Whether the scheme is `tcp+tls`. */
  readonly tls: boolean;
  /** Absent where it is not given or empty. */
  readonly password?: string;
  /** Absent where it is not given or empty; the server does not look at it. */
  readonly username?: string;
}

/** Whether TLS is spoken, by scheme. */
const SCHEMES = new Map([["tcp", false], ["tcp+tls", true]]);

/** The longest name that the DNS knows. */
const MAX_HOSTNAME = 253;

/**
 * Takes a server's URL apart: `tcp://localhost:7419`, `tcp+tls://:p%40ss@jobs.example.com`,
 * `tcp://[::1]`.
 *
 * Done by hand, since `URL` leaves hosts of such schemes unchecked, and quotes the whole text,
 * password included, in its errors. For the same reason nothing of the text is repeated here that
 * can be part of a password: a forgotten `@host` makes the password a port, an unencoded `/` or `?`
 * makes it a path or a query.
 *
 * `what` is what the text is called in errors.
 *
 * @throws {ConfigError} `INVALID_URL`.
 */
export function parseUrl(text: string, what = "the URL"): ServerUrl {
  return readUrl(text, what, tailProblem);
}

/**
 * As {@linkcode parseUrl}; `explain` says what is wrong with what follows the host and port. A
 * bundle that has to be small does without the explanations there.
 *
 * @throws {ConfigError} `INVALID_URL`.
 */
export function readUrl(
  text: string,
  what: string,
  explain: (tail: string) => string,
): ServerUrl {
  const refuse = (why: string) => new ConfigError("INVALID_URL", `Cannot use ${what} as ${why}`);
  const [, scheme, authority = "", tail = ""] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^]*)$/i.exec(text.trim()) ?? [];
  if (scheme === undefined) {
    throw refuse("it is not of the form tcp://:password@host:port");
  }
  const tls = SCHEMES.get(scheme.toLowerCase());
  if (tls === undefined) throw refuse(`its scheme is neither tcp nor tcp+tls: got "${scheme}"`);
  if (tail !== "" && tail !== "/") throw refuse(explain(tail));

  const at = authority.lastIndexOf("@");
  const userinfo = at < 0 ? "" : authority.slice(0, at);
  const colon = userinfo.indexOf(":");
  const username = decoded(colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = decoded(colon < 0 ? "" : userinfo.slice(colon + 1));
  if (username === undefined || password === undefined) {
    throw refuse(
      "its password or user name holds a % that is not part of a percent-encoded UTF-8 character",
    );
  }

  const [, bracketed, name = "", portText] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::([^]*))?$/.exec(authority.slice(at + 1)) ?? [];
  if ((bracketed ?? name) === "") {
    throw refuse("it has no host, or an IPv6 address that is not in [brackets]");
  }
  const hostname = bracketed === undefined ? hostName(name) : ipv6Address(bracketed);
  if (hostname === undefined) throw refuse("its host is neither a name nor an IP address");
  const port = portText === undefined ? DEFAULT_PORT : parsePort(portText);
  if (port === undefined) throw refuse("its port is not a number from 1 to 65535");
  return {
    hostname,
    port,
    tls,
    ...(password === "" ? {} : { password }),
    ...(username === "" ? {} : { username }),
  };
}

/** What people know from other URLs, and expect here. */
const USUAL_OPTIONS: ReadonlySet<string> = new Set([
  ...["pool", "pool_size", "size", "timeout", "connect_timeout", "retry", "retries", "db"],
  ...["tls", "ssl", "sslmode", "verify", "insecure", "ca", "cert", "key"],
  ...["user", "username", "password", "queue", "queues", "label", "labels", "wid"],
]);

/** What is wrong with a path, a query or a fragment. */
function tailProblem(tail: string): string {
  if (tail.includes("@")) {
    return "there is a /, ? or # before the @: in a password they are written %2F, %3F and %23";
  }
  const question = tail.indexOf("?");
  if (question < 0 || !/^\/?$/.test(tail.slice(0, question))) {
    return tail.startsWith("#") ? "it has a fragment (#)" : "it has a path";
  }
  const query = tail.slice(question + 1).split("#", 1)[0] ?? "";
  const names = query.split("&").map((pair) => pair.split("=", 1)[0] ?? "");
  // Anything else may be the end of a password that has a ? in it, and whose host was forgotten.
  const known = names.filter((name) => USUAL_OPTIONS.has(name.toLowerCase()));
  const list = known.length === 0 ? "" : `: got ${known.map((name) => `"${name}"`).join(", ")}`;
  return `it has options that are not known, there are none in a URL${list}`;
}

/** `undefined` where it is malformed. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A host's name as the DNS has it; `undefined` if it is none. */
function hostName(text: string): string | undefined {
  // Of a scheme that `URL` does not know, it leaves a name like bücher.example percent-encoded.
  const name = decoded(text) ?? text;
  return isName(name) ? name : /[^\0-\x7f]/.test(name) ? asciiName(name) : undefined;
}

/** A name with letters beyond ASCII, in the letters of the DNS. */
function asciiName(name: string): string | undefined {
  if (!URL.canParse(`http://${name}/`)) return undefined;
  const { host, hostname } = new URL(`http://${name}/`);
  return host === hostname && isName(hostname) ? hostname : undefined;
}

/** Underscores are no part of a host name by the book, but of many a container's. */
function isName(name: string): boolean {
  return /^[a-z0-9._-]+$/i.test(name) && name.length <= MAX_HOSTNAME;
}

/**
 * An IPv6 address, with its zone (`%eth0`, in a URL `%25eth0`) if it has one; `undefined` if it is
 * none.
 */
function ipv6Address(text: string): string | undefined {
  const [, address = "", zone] = /^([0-9a-f:.]+)(?:%(?:25)?([\w.~-]+))?$/i.exec(text) ?? [];
  // Of a scheme that `URL` knows it does check the host, and alike everywhere.
  if (address === "" || !URL.canParse(`http://[${address}]/`)) return undefined;
  return zone === undefined ? address : `${address}%${zone}`;
}

function parsePort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}
