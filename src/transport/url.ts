import { ConfigError } from "../errors.ts";

/** The default port of a Faktory server. */
const DEFAULT_PORT = 7419;

/** The parts of a server's URL. */
export interface ServerUrl {
  /** A host name or an address. An IPv6 address has no brackets. */
  readonly hostname: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /** True for the scheme `tcp+tls`. */
  readonly tls: boolean;
  /** Absent if it is empty or not in the URL. */
  readonly password?: string;
  /** Absent if it is empty or not in the URL. The server ignores it. */
  readonly username?: string;
}

/** Value of `tls` for each scheme. */
const SCHEMES = new Map([["tcp", false], ["tcp+tls", true]]);

/** Length of the longest DNS name. */
const MAX_HOSTNAME = 253;

/**
 * Parses a server's URL: `tcp://localhost:7419`, `tcp+tls://:p%40ss@jobs.example.com`,
 * `tcp://[::1]`.
 *
 * This does not use `URL`, which does not check hosts of these schemes and quotes the whole text,
 * including the password, in its errors. For the same reason, the errors here never repeat text
 * that may be part of a password: if `@host` is missing, the password looks like a port, and with
 * an unescaped `/` or `?` it looks like a path or a query.
 *
 * `what` is the name of the text in errors.
 *
 * @throws {ConfigError} `INVALID_URL`.
 */
export function parseUrl(text: string, what = "the URL"): ServerUrl {
  return readUrl(text, what, describeTail);
}

/**
 * Parses a URL like {@linkcode parseUrl}. `explain` describes the fault in the text after host and
 * port; small bundles leave these explanations out.
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
    throw refuse("it does not have the form tcp://:password@host:port");
  }
  const tls = SCHEMES.get(scheme.toLowerCase());
  if (tls === undefined) throw refuse(`its scheme is neither tcp nor tcp+tls: got "${scheme}"`);
  if (tail !== "" && tail !== "/") throw refuse(explain(tail));

  const at = authority.lastIndexOf("@");
  const userinfo = at < 0 ? "" : authority.slice(0, at);
  const colon = userinfo.indexOf(":");
  const username = decodePercent(colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = decodePercent(colon < 0 ? "" : userinfo.slice(colon + 1));
  if (username === undefined || password === undefined) {
    throw refuse(
      "its password or user name has a % that is not part of a percent-encoded UTF-8 character",
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

/** Options that people know from other URLs. */
const USUAL_OPTIONS: ReadonlySet<string> = new Set([
  ...["pool", "pool_size", "size", "timeout", "connect_timeout", "retry", "retries", "db"],
  ...["tls", "ssl", "sslmode", "verify", "insecure", "ca", "cert", "key"],
  ...["user", "username", "password", "queue", "queues", "label", "labels", "wid"],
]);

/** Describes the fault in a path, a query or a fragment. */
function describeTail(tail: string): string {
  if (tail.includes("@")) {
    return "it has a /, ? or # before the @: in a password, write %2F, %3F and %23";
  }
  const question = tail.indexOf("?");
  if (question < 0 || !/^\/?$/.test(tail.slice(0, question))) {
    return tail.startsWith("#") ? "it has a fragment (#)" : "it has a path";
  }
  const query = tail.slice(question + 1).split("#", 1)[0] ?? "";
  const names = query.split("&").map((pair) => pair.split("=", 1)[0] ?? "");
  // Other names may be the end of a password with a ? in a URL without a host.
  const known = names.filter((name) => USUAL_OPTIONS.has(name.toLowerCase()));
  const list = known.length === 0 ? "" : `: got ${known.map((name) => `"${name}"`).join(", ")}`;
  return `it has options, which are not allowed in the URL${list}`;
}

/** Returns `undefined` if the text is malformed. */
function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Returns a host name in the form of the DNS; `undefined` if it is invalid. */
function hostName(text: string): string | undefined {
  // For an unknown scheme, `URL` leaves a name such as bücher.example percent-encoded.
  const name = decodePercent(text) ?? text;
  return isName(name) ? name : /[^\0-\x7f]/.test(name) ? asciiName(name) : undefined;
}

/** Converts a name with non-ASCII letters to the ASCII form of the DNS. */
function asciiName(name: string): string | undefined {
  if (!URL.canParse(`http://${name}/`)) return undefined;
  const { host, hostname } = new URL(`http://${name}/`);
  return host === hostname && isName(hostname) ? hostname : undefined;
}

/** Underscores are not allowed in host names, but many names of containers have them. */
function isName(name: string): boolean {
  return /^[a-z0-9._-]+$/i.test(name) && name.length <= MAX_HOSTNAME;
}

/**
 * Returns an IPv6 address, with its zone (`%eth0`, in a URL `%25eth0`); `undefined` if it is
 * invalid.
 */
function ipv6Address(text: string): string | undefined {
  const [, address = "", zone] = /^([0-9a-f:.]+)(?:%(?:25)?([\w.~-]+))?$/i.exec(text) ?? [];
  // For the scheme http, `URL` checks the host, in the same way in all runtimes.
  if (address === "" || !URL.canParse(`http://[${address}]/`)) return undefined;
  return zone === undefined ? address : `${address}%${zone}`;
}

function parsePort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}
