import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { ConfigError } from "../errors.ts";
import { isUrl } from "../internal/kinds.ts";
import { showText } from "../internal/show.ts";
import type { ConnectTarget, TlsOptions } from "../transport/transport.ts";
import { parseUrl } from "../transport/url.ts";
import { type ConnectionOptions, invalidOption, type Password } from "./options.ts";
import { readVariable } from "./variable.ts";

/** The address of a server, with the password and user name for it. */
export interface ServerTarget {
  readonly target: ConnectTarget;
  readonly password: Password | undefined;
  readonly username: string | undefined;
  /**
   * The source of the password, such as `the option url`; `undefined` if it does not come from a
   * URL.
   */
  readonly passwordSource?: string | undefined;
}

/** Environment variables that are read if there is no option `url`. */
export const URL_VARIABLES: readonly string[] = ["FAKTORY_PROVIDER", "FAKTORY_URL"];

const DEFAULT_URL = "tcp://localhost:7419";

/**
 * Finds the server: the option `url`, or else the URL in the environment variable that
 * FAKTORY_PROVIDER names, or else FAKTORY_URL, or else the default port on this machine.
 *
 * @throws {ConfigError} `INVALID_URL`, `INVALID_OPTION`, `MISSING_VARIABLE`, `MISSING_PERMISSION`.
 */
export function resolveTarget(
  options: Pick<ConnectionOptions, "url" | "password" | "tls">,
  variable: (name: string) => string | undefined = (name) =>
    readVariable(name, { names: URL_VARIABLES, instead: "set the option url" }),
): ServerTarget {
  const { text, source } = serverUrl(options.url, variable);
  const { hostname, port, tls, password, username } = parseUrl(text, source);
  if (!["undefined", "string", "function"].includes(typeof options.password)) {
    // Not shown, because it may contain a password.
    throw new ConfigError(
      "INVALID_OPTION",
      "Cannot use the option password as it is neither a string nor a function",
    );
  }
  return {
    target: { hostname, port, tls: tlsSettings(options.tls, tls) },
    password: options.password ?? password,
    username,
    passwordSource: options.password === undefined && password !== undefined ? source : undefined,
  };
}

/** The server's URL, and its source for errors. */
interface UrlWithSource {
  readonly text: string;
  readonly source: string;
}

function serverUrl(
  url: string | URL | undefined,
  variable: (name: string) => string | undefined,
): UrlWithSource {
  if (url !== undefined) {
    if (typeof url !== "string" && !isUrl(url)) {
      throw invalidOption("url", "a string or a URL", url);
    }
    return { text: String(url), source: "the option url" };
  }
  const provider = variable("FAKTORY_PROVIDER")?.trim();
  if (provider !== undefined && provider !== "") return parseProvider(provider, variable);
  const text = variable("FAKTORY_URL")?.trim();
  if (text !== undefined && text !== "") return { text, source: "the variable FAKTORY_URL" };
  return { text: DEFAULT_URL, source: "the default URL" };
}

function parseProvider(
  provider: string,
  variable: (name: string) => string | undefined,
): UrlWithSource {
  if (provider.includes("://") || provider.includes(":")) {
    throw new ConfigError(
      "INVALID_OPTION",
      "Cannot use the variable FAKTORY_PROVIDER as it contains a URL: it must contain the name of " +
        "the variable that contains the URL",
    );
  }
  const text = variable(provider)?.trim();
  if (text === undefined || text === "") {
    throw new ConfigError(
      "MISSING_VARIABLE",
      `Cannot find the server as FAKTORY_PROVIDER names the variable ${
        showText(provider)
      }, which is not set`,
    );
  }
  return { text, source: `the variable ${provider}` };
}

const TLS_OPTIONS = {
  caCerts: true,
  cert: true,
  key: true,
  serverName: true,
  rejectUnauthorized: true,
} as const satisfies OptionNames<TlsOptions>;

const TLS_TEXTS = ["cert", "key", "serverName"] as const;

function tlsSettings(tls: unknown, isInUrl: boolean): TlsOptions | undefined {
  if (tls === undefined) return isInUrl ? {} : undefined;
  if (tls === false) {
    if (!isInUrl) return undefined;
    throw new ConfigError(
      "INVALID_OPTION",
      "Cannot use the option tls as it is false and the URL's scheme is tcp+tls",
    );
  }
  if (tls === true) return {};
  if (typeof tls !== "object" || tls === null || Array.isArray(tls)) {
    // Not shown here and below, because it may be a key.
    throw invalidOption("tls", "an object or a boolean", typeof tls);
  }
  checkOptionNames(tls, TLS_OPTIONS, "tls", "tls.");
  const settings = tls as Record<string, unknown>;
  for (const name of TLS_TEXTS) {
    if (settings[name] !== undefined && typeof settings[name] !== "string") {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot use the option tls.${name} as it is not a string`,
      );
    }
  }
  const { caCerts, rejectUnauthorized } = settings;
  if (
    caCerts !== undefined &&
    !(Array.isArray(caCerts) && caCerts.every((cert) => typeof cert === "string"))
  ) throw invalidOption("tls.caCerts", "an array of strings", typeof caCerts);
  if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== "boolean") {
    throw invalidOption("tls.rejectUnauthorized", "a boolean", rejectUnauthorized);
  }
  if ((settings["cert"] === undefined) !== (settings["key"] === undefined)) {
    throw new ConfigError(
      "INVALID_OPTION",
      "Cannot use the options tls.cert and tls.key as one is set without the other",
    );
  }
  return tls as TlsOptions;
}
